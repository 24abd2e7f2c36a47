import type { Random } from "daguerre";
import type { Community } from "./community.ts";
import type { Link, Member, RelationKind, Relations } from "./relations.ts";
import { findLabel, symmetric, unfit } from "./relations.ts";

/** What the model proposes: the role `person` plays for `other`. Checked, never trusted. */
export interface Proposal {
  person: string;
  other: string;
  relationship: string;
  description: string;
}

const LONGEST_STORY = 160;

/**
 * Links two people as proposed, or, where the label is unknown or contradicts what is known, by the first fitting kind of a seeded order.
 * Returns what was wrong with the proposal, or undefined.
 */
export function settle(community: Community, relations: Relations, pair: readonly [number, number], proposal: Proposal | undefined, random: Random): string | undefined {
  const [person, other] = pair;
  let fault = "nothing was proposed";
  const found = proposal === undefined ? undefined : findLabel(relations, proposal.relationship);
  if (proposal !== undefined && found === undefined) fault = `"${proposal.relationship}" is no known relationship`;
  if (proposal !== undefined && found !== undefined) {
    const [first, second] = found.role === 0 ? [person, other] : [other, person];
    const refused = community.add({ kind: found.kind, first, second, story: story(proposal.description, found.kind, random) });
    if (refused === undefined) return undefined;
    fault = refused;
  }
  for (const link of candidates(relations, person, other, random)) if (community.add(link) === undefined) return fault;
  throw new Error(`${community.members[person]?.name} and ${community.members[other]?.name} fit no relationship of seeds/relations.json`);
}

/** Links of every kind between two people, both ways round, in a random order that heeds the weights; kin last, for it binds others. */
export function candidates(relations: Relations, a: number, b: number, random: Random): Link[] {
  const order = weightedOrder(relations.kinds.filter((kind) => !kind.kin), random);
  return order.flatMap((kind) => {
    const ways: [number, number][] = symmetric(kind) ? [[a, b]] : random.chance(0.5) ? [[a, b], [b, a]] : [[b, a], [a, b]];
    return ways.map(([first, second]): Link => ({ kind, first, second, story: random.pick(kind.stories) }));
  });
}

/**
 * Makes an age fit a proposed relationship where the profession allows it; only for people without a history. Returns the age to take, or undefined.
 */
export function fittingAge(kind: RelationKind, role: 0 | 1, newcomer: Member, other: Member, range: readonly [number, number], random: Random): number | undefined {
  const fits = (age: number): boolean => {
    const grown = { ...newcomer, age };
    return (role === 0 ? unfit(kind, grown, other) : unfit(kind, other, grown)) === undefined;
  };
  if (fits(newcomer.age)) return newcomer.age;
  const ages: number[] = [];
  for (let age = range[0]; age <= range[1]; age++) if (fits(age)) ages.push(age);
  return ages.length === 0 ? undefined : random.pick(ages);
}

function story(description: string, kind: RelationKind, random: Random): string {
  const text = description.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  return text.length >= 8 && text.length <= LONGEST_STORY ? text : random.pick(kind.stories);
}

function weightedOrder(kinds: readonly RelationKind[], random: Random): RelationKind[] {
  const left = [...kinds];
  const order: RelationKind[] = [];
  while (left.length > 0) {
    const kind = random.weighted(left, (entry) => entry.weight);
    order.push(kind);
    left.splice(left.indexOf(kind), 1);
  }
  return order;
}
