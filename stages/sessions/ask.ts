import type { Json, Random } from "daguerre";
import { RELATIONSHIP } from "./choose.ts";
import type { Evidence } from "./evidence.ts";
import { partKey, partsOf, type Person, type Relation } from "./person.ts";
import type { Category, Taxonomy } from "./taxonomy.ts";

/** A question before it has its id. */
export interface Asked {
  attribute: string;
  question: string;
  answer: Json;
  type: "Basic information" | "Preference" | "Social";
  difficulty: "easy" | "hard";
  hops: 1 | 2;
  outdated_value: string[] | null;
  evidence: { key: string; ids: string[] }[];
}

/** A preference with this many entries is hard (paper, section 4). */
const HARD_ENTRIES = 5;

type Draw = (...labels: (string | number)[]) => Random;

/** The questions a person asks: about every attribute of their own, and of the people around them, all of whose values the documents give. */
export function askAll(owner: Person, others: ReadonlyMap<string, Person>, taxonomy: Taxonomy, evidence: Evidence, draw: Draw): Asked[] {
  const random = draw("questions", owner.id);
  const asked: Asked[] = [];
  for (const type of ["Basic information", "Preference"] as const) {
    for (const category of taxonomy.byPath.values()) {
      const found = category.type === type ? evidenceFor(owner, category.path, evidence) : undefined;
      if (found === undefined) continue;
      asked.push({
        attribute: category.path, question: pick(category, "own", random), answer: owner.attributes[category.path] ?? null, type,
        difficulty: type === "Preference" && found.length >= HARD_ENTRIES ? "hard" : "easy", hops: 1,
        outdated_value: formerOf(evidence, owner.id, category.path), evidence: found,
      });
    }
  }
  const unique = (relation: Relation): boolean => owner.relations.filter(({ relationship }) => relationship === relation.relationship).length === 1;
  const told = owner.relations.filter((relation) => others.has(relation.person));
  const roles = told.filter(unique);
  const byRole = new Set(random.sample(roles, Math.ceil(roles.length / 2)));
  for (const relation of told) {
    const other = others.get(relation.person) as Person;
    asked.push(...aboutRelationship(relation, byRole.has(relation), taxonomy, evidence, random));
    for (const category of taxonomy.byPath.values()) {
      const found = evidenceFor(other, category.path, evidence);
      if (found === undefined) continue;
      const who = unique(relation) && random.chance(0.5) ? `my ${relation.relationship}` : relation.name;
      const question = pick(category, "other", random).replace(/\{(who|whose)\}/gi, (_, word: string, at: number) => starts(word.toLowerCase() === "whose" ? `${who}'s` : who, at));
      asked.push({
        attribute: category.path, question, answer: other.attributes[category.path] ?? null, type: "Social", difficulty: "hard", hops: 2,
        outdated_value: formerOf(evidence, other.id, category.path), evidence: found,
      });
    }
  }
  return asked;
}

function aboutRelationship(relation: Relation, byRole: boolean, taxonomy: Taxonomy, evidence: Evidence, random: Random): Asked[] {
  const attribute = `${RELATIONSHIP}.${relation.relationship}`;
  const ids = evidence.sessions({ person: relation.person, attribute, value: relation.relationship });
  if (ids.length === 0) return [];
  const rest = { attribute, type: "Social", difficulty: "easy", hops: 1, outdated_value: null, evidence: [{ key: relation.name, ids }] } as const;
  const fill = (text: string): string => text.replaceAll("{name}", relation.name).replaceAll("{label}", relation.relationship);
  const asked: Asked[] = [{ ...rest, evidence: [...rest.evidence], question: fill(random.pick(taxonomy.social.relationship)), answer: relation.relationship }];
  if (byRole) asked.push({ ...rest, evidence: [...rest.evidence], question: fill(random.pick(taxonomy.social.person)), answer: relation.name });
  return asked;
}

/** The evidence of every value of an attribute, or undefined where a value lacks one. */
function evidenceFor(person: Person, attribute: string, evidence: Evidence): Asked["evidence"] | undefined {
  const parts = partsOf(person.attributes[attribute] ?? null).map((part) => {
    const key = partKey(part);
    return { key, ids: evidence.sessions({ person: person.id, attribute, value: key }) };
  });
  return parts.length > 0 && parts.every(({ ids }) => ids.length > 0) ? parts : undefined;
}

function formerOf(evidence: Evidence, person: string, attribute: string): string[] | null {
  const former = evidence.former(person, attribute);
  return former.length === 0 ? null : former;
}

function pick(category: Category, voice: "own" | "other", random: Random): string {
  const list = category.questions[voice];
  if (list.length === 0) throw new Error(`the taxonomy has no ${voice} question for ${category.path}`);
  return random.pick(list);
}

function starts(text: string, at: number): string {
  return at === 0 ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
