import type { CommunityRecord } from "./record.ts";
import type { Relations } from "./relations.ts";
import { findLabel } from "./relations.ts";

export interface Tie {
  kind: string;
  tie: string | null;
  kin: boolean;
  a: number;
  b: number;
}

/** The undirected ties of a community record, people counted from 0. */
export function tiesOf(community: CommunityRecord, relations: Relations): Tie[] {
  return community.edges.filter((edge) => edge.source < edge.target).map((edge) => {
    const found = findLabel(relations, edge.relationship);
    if (found === undefined) throw new Error(`${community.id}: "${edge.relationship}" is no relationship of seeds/relations.json`);
    return { kind: found.kind.id, tie: found.kind.tie, kin: found.kind.kin, a: edge.source - 1, b: edge.target - 1 };
  });
}

/** Groups of people that hang together by the chosen ties, each sorted, in order of their first member; single people are their own group. */
export function groups(people: number, ties: readonly Tie[], choose: (tie: Tie) => boolean): number[][] {
  const root = Array.from({ length: people }, (_, index) => index);
  const find = (index: number): number => {
    while (root[index] !== index) index = root[index] as number;
    return index;
  };
  for (const tie of ties.filter(choose)) {
    const [a, b] = [find(tie.a), find(tie.b)];
    root[Math.max(a, b)] = Math.min(a, b);
  }
  const members = new Map<number, number[]>();
  for (let index = 0; index < people; index++) members.set(find(index), [...(members.get(find(index)) ?? []), index]);
  return [...members.values()];
}
