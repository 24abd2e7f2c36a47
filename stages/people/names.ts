import type { Random } from "daguerre";

export type Gender = "female" | "male" | "any";

/** seeds/names.json. */
export interface Names {
  first: Record<Gender, string[]>;
  last: string[];
  usernames: string[];
}

export interface FullName {
  given: string;
  family: string;
  name: string;
  gender: Gender;
}

/** Draws full names of which no two are equal, in the order of asking; throws when the lists are exhausted. */
export class NameBook {
  readonly #given: { given: string; gender: Gender }[];
  readonly #names: Names;
  readonly #taken: Set<string>;

  constructor(names: Names, taken: Iterable<string> = []) {
    this.#names = names;
    this.#given = (["female", "male", "any"] as const).flatMap((gender) => names.first[gender].map((given) => ({ given, gender })));
    this.#taken = new Set(taken);
  }

  draw(random: Random, family?: string): FullName {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const { given, gender } = random.pick(this.#given);
      const full: FullName = { given, gender, family: family ?? random.pick(this.#names.last), name: "" };
      full.name = `${full.given} ${full.family}`;
      if (this.#taken.has(full.name)) continue;
      this.#taken.add(full.name);
      return full;
    }
    throw new Error("seeds/names.json has no name left that nobody has; add names or ask for fewer people");
  }

  /** Two in five people have a user name; each is used once, then with a number. */
  username(random: Random): string | null {
    if (!random.chance(0.4)) return null;
    const base = random.pick(this.#names.usernames);
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}${number}`;
      if (this.#taken.has(`@${name}`)) continue;
      this.#taken.add(`@${name}`);
      return name;
    }
  }

  genderOf(given: string): Gender {
    return this.#given.find((entry) => entry.given === given)?.gender ?? "any";
  }
}
