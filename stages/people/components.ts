import type { Random } from "daguerre";

export interface Profession {
  value: string;
  group: string;
  weight: number;
  min_age: number;
  max_age: number;
  /** Kind of employer, a key of seeds/work.json. */
  sector: string;
  education: string;
  fields: string[];
}

export interface LifeContext {
  value: string;
  weight: number;
  min_age?: number;
  max_age?: number;
  /** Only for people in paid work. */
  working?: boolean;
  /** Only for people who studied. */
  graduate?: boolean;
  /** For nobody who shares a home with a spouse or flatmate. */
  single?: boolean;
  /** What it says of the profile. */
  dwelling?: string;
  pet?: string;
  status?: string;
  schooling?: string;
  place?: "abroad" | "native";
}

/** Levels of education that count as studies. */
const STUDIED = new Set(["college", "bachelor", "master", "doctor", "student"]);

interface Weighted {
  value: string;
  weight: number;
}

/** A hand-written persona that starts the bank. */
export interface InitialPersona {
  name: string;
  username: string | null;
  age: number;
  traits: string[];
  profession: string;
  background: string;
  chatting_style: string;
}

/** seeds/components.json. */
export interface Components {
  groups: { id: string; title: string; share: number }[];
  professions: Profession[];
  life_contexts: LifeContext[];
  traits: Weighted[];
  opposites: [string, string][];
  chatting_quirks: Weighted[];
  initial: InitialPersona[];
}

/** What a persona is made of, before anybody has written it. */
export interface Blocks {
  profession: Profession;
  age: number;
  life_context: string;
  traits: string[];
  chatting_quirk: string;
}

/** Probability of each profession: share of its group, split by weight; in the order of the file, sum 1. */
export function professionShares(components: Components): number[] {
  const shares = new Map(components.groups.map((group) => [group.id, group.share]));
  const totals = new Map<string, number>();
  for (const { group, weight } of components.professions) totals.set(group, (totals.get(group) ?? 0) + weight);
  const present = [...totals.keys()].reduce((sum, group) => sum + (shares.get(group) ?? 0), 0);
  return components.professions.map(({ group, weight }) => ((shares.get(group) ?? 0) / present) * (weight / (totals.get(group) ?? 1)));
}

/** Draws professions by their shares; the shares are worked out once. */
export function professionDraw(components: Components): (random: Random) => Profession {
  const entries = professionShares(components).map((share, index) => ({ share, profession: components.professions[index] as Profession }));
  return (random) => random.weighted(entries, (entry) => entry.share).profession;
}

/**
 * Weighted draws of the parts of a persona: a profession, an age in its range, a life context that fits both, and `traits` distinct traits of
 * which no two exclude each other.
 */
export function drawBlocks(components: Components, draw: (random: Random) => Profession, random: Random, traits = 5): Blocks {
  const profession = draw(random);
  const age = random.int(profession.min_age, profession.max_age);
  const working = profession.group !== "outside";
  const contexts = components.life_contexts.filter((context) => age >= (context.min_age ?? 0) && age <= (context.max_age ?? 200) && (working || context.working !== true) && (context.graduate !== true || STUDIED.has(profession.education)));
  return {
    profession,
    age,
    life_context: random.weighted(contexts, (context) => context.weight).value,
    traits: drawTraits(components, random, traits),
    chatting_quirk: random.weighted(components.chatting_quirks, (quirk) => quirk.weight).value,
  };
}

function drawTraits(components: Components, random: Random, count: number): string[] {
  const drawn: string[] = [];
  let left = components.traits;
  while (drawn.length < count && left.length > 0) {
    const { value } = random.weighted(left, (trait) => trait.weight);
    drawn.push(value);
    left = left.filter((trait) => trait.value !== value && !excludes(components.opposites, value, trait.value));
  }
  return drawn;
}

/** The life context with that wording, or undefined. */
export function lifeContext(components: Components, value: string): LifeContext | undefined {
  return components.life_contexts.find((context) => context.value === value);
}

/** Whether nobody has both traits. */
export function excludes(opposites: readonly [string, string][], a: string, b: string): boolean {
  return opposites.some(([x, y]) => (x === a && y === b) || (x === b && y === a));
}
