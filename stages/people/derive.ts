import type { Random } from "daguerre";
import { Deck } from "./deal.ts";
import type { Ground, Grounding } from "./ground.ts";
import type { GraphNode } from "./record.ts";
import type { AttributeValue, ObjectValue } from "./taxonomy.ts";
import { withArticle } from "./phrase.ts";
import type { Places, Work } from "./world.ts";

/** Centimetres: mean and spread of adult heights, rounded from national surveys. */
const HEIGHT = { female: [164, 7], male: [177, 7], any: [170, 9] } as const;
const MONTHS = [["January", 31], ["February", 28], ["March", 31], ["April", 30], ["May", 31], ["June", 30], ["July", 31], ["August", 31], ["September", 30], ["October", 31], ["November", 30], ["December", 31]] as const;
/** Professions that are often their own boss. */
const OWN_BOSS = new Set(["photographer", "musician", "graphic designer", "web designer", "interpreter", "novelist", "hairdresser", "piano tuner", "architect", "lawyer", "notary", "tailor", "goldsmith", "market trader", "taxi driver", "dentist", "beekeeper", "vintner", "fisher", "dairy farmer", "painter and decorator", "carpenter", "wine merchant", "childminder", "dog groomer", "actor", "journalist"]);

/** Values that follow from a person's place in the graph and in life; what is undefined they do not have. */
export class Deriver {
  readonly #grounding: Grounding;
  readonly #places: Places;
  readonly #work: Work;
  readonly #pets: Deck<string>;
  readonly #looks: Map<string, Deck<string>>;
  readonly #previous: Deck<string>;
  readonly #households = new Map<unknown, ObjectValue[]>();

  constructor(grounding: Grounding, places: Places, work: Work, random: (...labels: (string | number)[]) => Random) {
    this.#grounding = grounding;
    this.#places = places;
    this.#work = work;
    this.#pets = new Deck(work.pets.names, random("pet names"));
    this.#previous = new Deck(work.previous_occupations, random("previous"));
    this.#looks = new Map(Object.entries(work.appearance).map(([key, pool]) => [key, new Deck(pool, random("looks", key))]));
  }

  /** All derived values of one person by category id. */
  derive(node: GraphNode, ground: Ground, random: Random): Record<string, AttributeValue | undefined> {
    const { career, values } = ground;
    const status = this.#status(node, ground, random);
    const working = status !== undefined && !["retired", "student", "homemaker", "looking for work", "between two contracts"].includes(status);
    const school = this.#work.schools[career.education] ?? this.#work.schools["none"];
    const schoolType = random.pick(school?.types ?? []);
    const sector = this.#work.sectors[career.sector];
    const own = values as Record<string, AttributeValue>;
    return {
      ...own,
      household: undefined,
      age: node.age,
      gender: node.gender === "any" ? "non-binary" : node.gender,
      birthday: birthday(random),
      nationality: ground.context?.place === undefined && random.chance(0.08) ? this.#citizen(values["residence_country"]) : own["nationality"],
      languages: this.#languages(values, random),
      school: this.#grounding.named(random.pick(school?.patterns ?? [])),
      school_type: schoolType,
      degree: school?.degree,
      field: career.fields.length === 0 ? undefined : random.pick(career.fields),
      education_status: career.education === "student" ? "enrolled" : ground.context?.schooling ?? random.weighted(["graduated", "graduated with honours", "left before finishing"], (word) => (word === "graduated" ? 8 : 1)),
      profession: node.profession,
      employment_status: status,
      employer: working ? (own["employer"] ?? this.#grounding.employer(career.sector, random)) : undefined,
      workplace: working && sector !== undefined && sector.workplaces.length > 0 ? random.pick(sector.workplaces) : undefined,
      previous_occupation: node.profession === career.value ? this.#previous.one((job) => job !== node.profession) : career.value,
      appearance: this.#appearance(node, random),
      pets: this.#householdPets(values["household"], ground.context?.pet, random),
      traits: node.traits,
    };
  }

  #status(node: GraphNode, ground: Ground, random: Random): string | undefined {
    switch (node.profession) {
      case "retired": return "retired";
      case "university student": return "student";
      case "stay-at-home parent": return "homemaker";
      case "job seeker": return "looking for work";
      default: break;
    }
    if (ground.context?.status !== undefined) return ground.colleagues ? "on a fixed-term contract" : ground.context.status;
    if (!ground.colleagues && OWN_BOSS.has(node.profession) && random.chance(0.6)) return "self-employed";
    return random.weighted([["employed full-time", 14], ["employed part-time", 4], ["on a fixed-term contract", 2]] as const, (entry) => entry[1])[0];
  }

  #citizen(country: unknown): string | undefined {
    return this.#places.countries.find(({ name }) => name === country)?.nationality;
  }

  /** The language of the country of birth, mostly that of the country of residence, and perhaps one more. */
  #languages(values: Ground["values"], random: Random): string[] {
    const of = (country: unknown): string[] => this.#places.countries.find(({ name }) => name === country)?.languages ?? [];
    const known = [...of(values["birth_country"]).slice(0, 2), ...of(values["residence_country"]).slice(0, 1)];
    if (random.chance(0.6)) known.push("English");
    if (random.chance(0.35)) known.push(random.pick(of(random.pick(this.#places.countries).name)));
    return [...new Set(known)].slice(0, 4);
  }

  #appearance(node: GraphNode, random: Random): ObjectValue[] {
    const [mean, spread] = HEIGHT[node.gender];
    const height = Math.round(mean + spread * Math.max(-2.5, Math.min(2.5, random.normal())));
    const features = [{ Height: `${height} cm` }, ...random.sample([...this.#looks], 2).flatMap(([key, deck]): ObjectValue[] => {
      const value = deck.one();
      return value === undefined ? [] : [{ [key]: value }];
    })];
    return random.chance(0.7) ? features : features.slice(1);
  }

  /** People who share a home share its animals. */
  #householdPets(household: unknown, said: string | undefined, random: Random): ObjectValue[] {
    const known = this.#households.get(household);
    if (known !== undefined) return known;
    const count = random.weighted([[1, 6], [2, 3], [3, 1]] as const, (entry) => entry[1])[0];
    const kinds = new Set<string>(said === undefined ? [] : [said]);
    while (kinds.size < count) kinds.add(random.weighted(this.#work.pets.kinds, (kind) => kind.weight).value);
    const pets = [...kinds].flatMap((kind): ObjectValue[] => {
      const name = this.#pets.one();
      return name === undefined ? [] : [{ [kind]: name }];
    });
    this.#households.set(household, pets);
    return pets;
  }
}

/** Whether a dream job is the job one has. */
export function isOwnJob(dream: string, profession: string): boolean {
  return dream === withArticle(profession) || dream.endsWith(` ${profession}`);
}

function birthday(random: Random): string {
  const [month, days] = random.weighted(MONTHS, (entry) => entry[1]);
  return `${random.int(1, days)} ${month}`;
}
