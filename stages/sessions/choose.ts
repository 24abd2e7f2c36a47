import type { Random } from "daguerre";
import { isPreference, partsOf } from "./person.ts";
import type { Part, Person } from "./person.ts";
import { around } from "./volume.ts";

/** One attribute value that a session gives away. */
export interface Disclosure {
  /** Id of the person it is about. */
  about: string;
  attribute: string;
  part: Part;
  /** The value was true once; the disclosure that tells its end follows. */
  successor?: Disclosure;
  /** The former value this one replaces. */
  replaces?: Part;
  /** The second session for the same value. */
  again?: true;
  /** Things can be bought that give it away. */
  purchasable: boolean;
}

/** How many attributes are asked about. Fractions are met on average. */
export interface Wanted {
  /** Demographic attributes of the owner. */
  basic: number;
  /** Psychographic attributes of the owner. */
  preference: number;
  /** Questions about related people, their relationship included. */
  social: number;
  /** Whether the template asks about an attribute at all. */
  asked: (attribute: string) => boolean;
}

export const RELATIONSHIP = "Social_relationship";

type Draw = (...labels: (string | number)[]) => Random;


/** Last parts of the paths that a shopping basket can show. */
const PURCHASABLE = new Set([
  "pets", "vehicles", "drink", "color", "music_artist", "music_instrument", "book_title", "book_author", "book_genre", "movie_title", "animal", "sport", "game", "hobby",
  "future_hobby", "collection", "clothing_brand", "travel_destination", "desired_skill",
]);

/**
 * Chooses what a person's sessions give away: all values of the attributes that will be asked about (demographic and psychographic ones
 * down-sampled, every relationship with attributes of the related people), some values twice, and now and then a former preference.
 * Paper, section 3: each queried attribute is guaranteed to appear.
 */
export function chooseDisclosures(
  person: Person, others: ReadonlyMap<string, Person>, sizes: Wanted & { alternatives: number; updates: number },
  pools: (attribute: string) => readonly string[], draw: Draw,
): Disclosure[] {
  const random = draw("choose");
  const own = [
    ...random.sample(askable(person, sizes, false), around(sizes.basic, random)),
    ...longest(person, askable(person, sizes, true), around(sizes.preference, random), random),
  ];
  const chosen: Disclosure[] = own.flatMap((attribute) => disclose(person, attribute));
  chosen.push(...chooseSocial(person, others, sizes, random));

  const twice = around(chosen.length * sizes.alternatives, random);
  // Not by a second purchase: the same thing would be bought again.
  const again = random.sample(chosen, twice).map((disclosure) => ({ ...disclosure, purchasable: false, again: true as const }));
  const changed = around((chosen.length + twice) * sizes.updates, random);
  const told = new Set(again.map(keyOf));
  const changeable = chosen.filter((disclosure) => isPreference(disclosure.attribute) && !told.has(keyOf(disclosure)) && disclosure.about === person.id && formerValues(person, disclosure, pools).length > 0);
  const former = random.sample(changeable, changed).map((disclosure): Disclosure => {
    const old = { text: random.pick(formerValues(person, disclosure, pools)) };
    disclosure.replaces = old;
    disclosure.purchasable = false;
    return { about: person.id, attribute: disclosure.attribute, part: old, successor: disclosure, purchasable: false };
  });
  return random.shuffle([...chosen, ...again, ...former]);
}

/** Draws attributes without replacement, each in proportion to the number of its values: most preferences of the release are lists of five. */
function longest(person: Person, attributes: readonly string[], count: number, random: Random): string[] {
  const left = [...attributes];
  const drawn: string[] = [];
  while (drawn.length < count && left.length > 0) {
    const attribute = random.weighted(left, (path) => partsOf(person.attributes[path] ?? null).length);
    left.splice(left.indexOf(attribute), 1);
    drawn.push(attribute);
  }
  return drawn;
}

/** Each relationship is asked once; the rest of the questions are shared out over the related people in turn. */
function chooseSocial(person: Person, others: ReadonlyMap<string, Person>, wanted: Wanted, random: Random): Disclosure[] {
  const known = person.relations.filter((relation) => others.has(relation.person));
  const chosen: Disclosure[] = known.map((relation) => ({
    about: relation.person, attribute: `${RELATIONSHIP}.${relation.relationship}`, part: { text: relation.relationship }, purchasable: false,
  }));
  // A role that only one person has is asked both ways: by the name and by the role.
  const byRole = known.filter((relation) => known.filter((other) => other.relationship === relation.relationship).length === 1).length;
  let left = known.length === 0 ? 0 : Math.max(known.length, around(wanted.social, random) - known.length - Math.ceil(byRole / 2));
  const attributes = new Map(known.map((relation) => [relation.person, random.shuffle(askable(others.get(relation.person) as Person, wanted))]));
  while (left > 0 && [...attributes.values()].some((list) => list.length > 0)) {
    for (const relation of known) {
      const attribute = left > 0 ? attributes.get(relation.person)?.pop() : undefined;
      if (attribute === undefined) continue;
      chosen.push(...disclose(others.get(relation.person) as Person, attribute));
      left--;
    }
  }
  return chosen;
}

/** The attributes of a person one can ask about, sorted. */
function askable(person: Person, wanted: Wanted, preference?: boolean): string[] {
  return Object.keys(person.attributes)
    .filter((attribute) => !attribute.startsWith(RELATIONSHIP) && wanted.asked(attribute) && partsOf(person.attributes[attribute] ?? null).length > 0)
    .filter((attribute) => preference === undefined || isPreference(attribute) === preference)
    .sort((a, b) => (a < b ? -1 : 1));
}

function disclose(person: Person, attribute: string): Disclosure[] {
  return partsOf(person.attributes[attribute] ?? null).map((part) => ({ about: person.id, attribute, part, purchasable: PURCHASABLE.has(attribute.split(".").at(-1) ?? "") }));
}

/** What the person might have liked before: of the same kind, and nothing the profile holds now. */
function formerValues(person: Person, disclosure: Disclosure, pools: (attribute: string) => readonly string[]): string[] {
  if (disclosure.part.slot !== undefined) return [];
  const now = new Set(Object.values(person.attributes).flatMap(partsOf).map((part) => part.text.toLowerCase()));
  return pools(disclosure.attribute).filter((text) => !now.has(text.toLowerCase()));
}

function keyOf(disclosure: Disclosure): string {
  return JSON.stringify([disclosure.about, disclosure.attribute, disclosure.part.slot ?? "", disclosure.part.text]);
}
