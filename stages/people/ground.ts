import type { Random } from "daguerre";
import { lifeContext } from "./components.ts";
import type { Components, LifeContext, Profession } from "./components.ts";
import { Deck } from "./deal.ts";
import type { CommunityRecord } from "./record.ts";
import { groups } from "./ties.ts";
import type { Tie } from "./ties.ts";
import type { Category } from "./taxonomy.ts";
import { tidy } from "./values.ts";
import type { Country, Places, Work } from "./world.ts";

/** Something a group of people has in common, and what it may be. The first option holds unless the model picks another. */
export interface Common {
  id: string;
  /** Category ids that get the value. */
  category: string;
  members: number[];
  options: string[];
}

/** What the graph decides about a person before anything else is filled in. */
export interface Ground {
  context: LifeContext | undefined;
  career: Profession;
  /** In paid work for somebody together with others of the community. */
  colleagues: boolean;
  values: Record<string, string | number | string[]>;
}

const HOME_COUNTRY = 0.8;

/** Where the people of a community live and come from, who works with whom: shared along the ties (PersonaBench, section 3.3, step 1). */
export class Grounding {
  readonly grounds: Ground[];
  readonly common: Common[] = [];
  readonly #places: Places;
  readonly #work: Work;
  readonly #random: (...labels: (string | number)[]) => Random;
  readonly #names: Deck<string>;

  constructor(community: CommunityRecord, ties: readonly Tie[], components: Components, places: Places, work: Work, categories: readonly Category[], random: (...labels: (string | number)[]) => Random) {
    this.#places = places;
    this.#work = work;
    this.#random = random;
    this.#names = new Deck(work.names, random("firms"));
    this.grounds = community.nodes.map((node, person) => ({ context: lifeContext(components, node.life_context), career: career(components, node.profession, random("career", person)), colleagues: false, values: {} }));
    const people = community.nodes.length;
    const base = random("base").pick(places.countries);
    this.#homes(people, ties, base, new Deck(dwellings(categories), random("dwellings")));
    this.#origins(people, ties, base);
    this.#workplaces(community, people, ties);
    this.#clubs(people, ties, new Deck(pool(categories, "organization"), random("clubs")));
    this.#siblings(people, ties);
  }

  /** Takes over what the model chose for the groups; anything implausible is left at the first option. */
  settle(choices: readonly { id: string; value: string }[]): void {
    const taken = new Set<string>();
    for (const { id, category, members, options } of this.common) {
      const wish = tidy(choices.find((choice) => choice.id === id)?.value ?? "");
      const value = wish !== undefined && !taken.has(wish) ? wish : (options.find((option) => !taken.has(option)) ?? options[0] as string);
      taken.add(value);
      for (const member of members) (this.grounds[member] as Ground).values[category] = category === "organization" ? [value] : value;
    }
  }

  /** An invented employer of a sector, unlike any other of the community. */
  employer(sector: string, random: Random): string | undefined {
    const patterns = this.#work.sectors[sector]?.employers ?? [];
    return patterns.length === 0 ? undefined : this.named(random.pick(patterns));
  }

  named(pattern: string): string {
    return pattern.replace("{name2}", () => this.#names.one() as string).replace("{name}", () => this.#names.one() as string);
  }

  #homes(people: number, ties: readonly Tie[], base: Country, homes: Deck<string>): void {
    const quarters = new Deck(this.#places.neighborhoods, this.#random("quarters"));
    for (const [index, members] of groups(people, ties, ({ tie }) => tie === "household" || tie === "street").entries()) {
      const random = this.#random("home", index);
      const country = random.chance(HOME_COUNTRY) ? base : random.pick(this.#places.countries);
      const shared = { residence_country: country.name, residence_city: random.pick(country.cities), neighborhood: quarters.one() as string };
      for (const member of members) Object.assign((this.grounds[member] as Ground).values, shared);
    }
    for (const [index, members] of groups(people, ties, ({ tie }) => tie === "household").entries()) {
      const dwelling = this.#said(members, "dwelling") ?? homes.one();
      for (const member of members) Object.assign((this.grounds[member] as Ground).values, { household: index, ...(dwelling === undefined ? {} : { dwelling }) });
    }
  }

  #origins(people: number, ties: readonly Tie[], base: Country): void {
    for (const [index, members] of groups(people, ties, ({ kin, kind }) => kin && kind !== "spouse").entries()) {
      const random = this.#random("origin", index);
      const country = this.#origin(members, base, random);
      for (const member of members) Object.assign((this.grounds[member] as Ground).values, { birth_country: country.name, nationality: country.nationality });
    }
    for (const [index, members] of groups(people, ties, ({ kind }) => kind === "sibling").entries()) {
      const first = (this.grounds[members[0] as number] as Ground).values["birth_country"];
      const country = this.#places.countries.find(({ name }) => name === first) as Country;
      const native = members.map((member) => this.grounds[member] as Ground).find(({ context }) => context?.place === "native")?.values["residence_city"];
      const city = typeof native === "string" && country.cities.includes(native) ? native : this.#random("birth city", index).pick(country.cities);
      for (const member of members) (this.grounds[member] as Ground).values["birth_city"] = city;
    }
  }

  /** A family's country: where one who never left lives, and not where one lives who came from elsewhere. */
  #origin(members: readonly number[], base: Country, random: Random): Country {
    const homes = (place: string): unknown[] => members.map((member) => this.grounds[member] as Ground).filter(({ context }) => context?.place === place).map(({ values }) => values["residence_country"]);
    const [native] = homes("native"), abroad = homes("abroad");
    const stayed = this.#places.countries.find(({ name }) => name === native);
    const country = stayed ?? (random.chance(0.6) ? base : random.pick(this.#places.countries));
    return abroad.includes(country.name) ? random.pick(this.#places.countries.filter(({ name }) => !abroad.includes(name))) : country;
  }

  /** What the life context of one of them says. */
  #said(members: readonly number[], key: "dwelling"): string | undefined {
    return members.map((member) => (this.grounds[member] as Ground).context?.[key]).find((said) => said !== undefined);
  }

  #workplaces(community: CommunityRecord, people: number, ties: readonly Tie[]): void {
    for (const [index, members] of groups(people, ties, ({ tie }) => tie === "workplace").filter((group) => group.length > 1).entries()) {
      const random = this.#random("workplace", index);
      const sectors = new Set(members.map((member) => (this.grounds[member] as Ground).career.sector));
      const sector = sectors.size === 1 ? [...sectors][0] as string : "corporate";
      for (const member of members) (this.grounds[member] as Ground).colleagues = true;
      const options = Array.from({ length: 3 }, () => this.employer(sector, random) ?? this.employer("corporate", random) as string);
      this.common.push({ id: `${community.id}-employer-${index}`, category: "employer", members, options });
    }
  }

  #clubs(people: number, ties: readonly Tie[], clubs: Deck<string>): void {
    for (const [index, members] of groups(people, ties, ({ tie }) => tie === "club").filter((group) => group.length > 1).entries()) {
      this.common.push({ id: `club-${index}`, category: "organization", members, options: clubs.deal(3) });
    }
  }

  /** Brothers and sisters have the same number of siblings, the unseen ones included. */
  #siblings(people: number, ties: readonly Tie[]): void {
    for (const [index, members] of groups(people, ties, ({ kind }) => kind === "sibling").entries()) {
      const random = this.#random("siblings", index);
      const unseen = members.length > 1 ? random.int(0, 2) : random.int(1, 5);
      for (const member of members) (this.grounds[member] as Ground).values["siblings"] = members.length - 1 + unseen;
    }
  }
}

/** The profession that made a person's education and past: their own, or, for those not in paid work, the one they had or train for. */
function career(components: Components, profession: string, random: Random): Profession {
  const own = components.professions.find(({ value }) => value === profession);
  if (own !== undefined && profession !== "retired" && profession !== "job seeker" && profession !== "stay-at-home parent") return own;
  const working = components.professions.filter(({ group }) => group !== "outside");
  return random.weighted(working, ({ weight }) => weight);
}

function pool(categories: readonly Category[], id: string): string[] {
  return categories.find((category) => category.id === id)?.pool ?? [];
}

function dwellings(categories: readonly Category[]): string[] {
  return pool(categories, "dwelling");
}
