import type { Json, Random } from "../../stage/index.ts";
import type { Skill } from "../skill.ts";

interface Labels { female: string; male: string; any: string }

interface Relationship {
  first: Labels;
  second: Labels;
  first_minus_second_age: [number, number];
  least_age: [number, number];
  most_age: [number, number];
  first_professions?: string[];
  in_paid_work: [boolean, boolean];
  shared_home: boolean;
  how_often: number;
  kin: boolean;
  example: string;
}

interface Someone {
  name: string;
  gender: keyof Labels;
  age: number;
  profession: string;
  working: boolean;
  single: boolean;
  relations: string[];
  ages?: [number, number];
  life_context?: string;
  trait?: string;
}

interface Facts {
  relationships: Relationship[];
  people: Someone[];
  newcomers?: Someone[];
}

const MEETINGS = [
  "Met over a lost umbrella", "Thrown together by a broken lift", "Introduced at a wedding where neither knew the couple", "Share a weakness for late breakfasts", "Have a standing date every other Wednesday",
  "Once got lost together for an entire night", "Swap plants each spring", "Got talking in a waiting room", "Know each other from a rained-off street fair", "Go to the same terrible quiz night",
  "Brought together by a misdelivered parcel", "Have been arguing about the same film for years",
];
const FAMILY = [
  "See each other at every family feast", "Speak on the phone most evenings", "Fell out over an inheritance of spoons and made up again", "Keep the family recipes together", "Travelled a whole summer in one small car", "Have the same laugh, as everybody says",
];
const PERSONAS = [
  "{A} {trait} {job} who {context}.", "{A} {job} who {context} and is known to be {trait}.", "{A} {job}, {trait} to the bone, who {context}.", "{A} {trait} soul, {job} in daily life, who {context}.",
  "{A} {job} with {a trait} streak who {context}.", "{A} {job} whom friends call {trait}, and who {context}.",
];

/** graph-links: which of the first people know each other, and how. */
export const graphLinks: Skill = ({ facts, random }) => {
  const given = find(facts);
  if (given === undefined) return undefined;
  const { people, relationships } = given;
  const pairs = people.flatMap((person, index) => people.slice(index + 1).map((other) => [person, other] as const));
  const links = random.sample(pairs, random.int(1, 2)).flatMap(([person, other]) => {
    const tie = choose(relationships.filter((relationship) => !relationship.kin), person, other, random);
    return tie === undefined ? [] : [{ person: person.name, other: other.name, ...tie }];
  });
  return { links };
};

/** graph-members: personas and ties of newcomers, the loneliest people first. */
export const graphMembers: Skill = ({ facts, random }) => {
  const given = find(facts);
  if (given?.newcomers === undefined) return undefined;
  const present = given.people.map((person) => ({ ...person, ties: person.relations.length }));
  const members = given.newcomers.map((newcomer) => {
    const order = random.shuffle(present).sort((a, b) => a.ties - b.ties);
    const relations: { other: string; relationship: string; description: string }[] = [];
    for (const other of order) {
      if (relations.length >= (random.chance(0.2) ? 2 : 1)) break;
      const tie = choose(relations.length === 0 ? given.relationships : given.relationships.filter((relationship) => !relationship.kin), newcomer, other, random);
      if (tie === undefined) continue;
      relations.push({ other: other.name, ...tie });
      other.ties++;
    }
    present.push({ ...newcomer, ties: relations.length });
    return { name: newcomer.name, persona: sentence(newcomer, random), relations };
  });
  return { members };
};

/** A relationship that the rules allow between the two, in either direction; a newcomer's age may move. */
function choose(relationships: readonly Relationship[], person: Someone, other: Someone, random: Random): { relationship: string; description: string } | undefined {
  const fitting = relationships.flatMap((relationship) => [
    ...(allows(relationship, person, other) ? [{ relationship, label: relationship.first[person.gender] }] : []),
    ...(relationship.first.any !== relationship.second.any && allows(relationship, other, person) ? [{ relationship, label: relationship.second[person.gender] }] : []),
  ]);
  if (fitting.length === 0) return undefined;
  const { relationship, label } = random.weighted(fitting, (entry) => entry.relationship.how_often);
  const stories = relationship.kin ? FAMILY : MEETINGS;
  return { relationship: label, description: random.chance(0.5) ? relationship.example : random.pick(stories) };
}

function allows(relationship: Relationship, first: Someone, second: Someone): boolean {
  const { first_minus_second_age: [least, most], least_age, most_age, first_professions, in_paid_work } = relationship;
  if (first_professions !== undefined && !first_professions.includes(first.profession)) return false;
  if ((in_paid_work[0] && !first.working) || (in_paid_work[1] && !second.working)) return false;
  if (relationship.shared_home && (first.single || second.single)) return false;
  const range = (someone: Someone): [number, number] => (relationship.kin && someone.ages !== undefined ? someone.ages : [someone.age, someone.age]);
  const [a, b] = [range(first), range(second)];
  if (a[1] < least_age[0] || b[1] < least_age[1] || a[0] > most_age[0] || b[0] > most_age[1]) return false;
  return a[1] - b[0] >= least && a[0] - b[1] <= most;
}

function sentence(newcomer: Someone, random: Random): string {
  const job = newcomer.profession === "retired" ? "pensioner" : newcomer.profession;
  const text = random.pick(PERSONAS).replace("{a trait}", `${/^[aeiou]/i.test(newcomer.trait ?? "") ? "an" : "a"} ${newcomer.trait ?? "quiet"}`).replace("{trait}", newcomer.trait ?? "quiet").replace("{job}", job).replace("{context}", newcomer.life_context ?? "keeps to the usual places");
  const word = text.slice(4);
  return text.replace("{A}", /^[aeio]|^u(?!ni)/i.test(word) ? "An" : "A");
}

function find(facts: readonly Json[]): Facts | undefined {
  return facts.find((fact) => typeof fact === "object" && fact !== null && "relationships" in fact) as unknown as Facts | undefined;
}
