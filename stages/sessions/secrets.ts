import { partsOf } from "./person.ts";
import type { Person } from "./person.ts";
import { wordLine } from "./text.ts";

/** A profile value that a text can be searched for. */
export interface Secret {
  person: string;
  attribute: string;
  text: string;
  /** The words with a space on either side. */
  line: string;
}

/** Numbers and words of three letters are everywhere: finding one means nothing. */
const SHORTEST = 4;
/** Traits are everyday adjectives, and nobody is asked for them. */
const EVERYDAY = "Psychographics.Personality.";

/** What the people around somebody are to them: said of nobody in particular, it misleads. */
export function rolesAround(owner: Person): Secret[] {
  return owner.relations.map(({ relationship }) => ({ person: owner.id, attribute: "Social_relationship", text: relationship, line: wordLine(relationship) }));
}

/** The values of some people that mean something where they occur. */
export function secretsOf(people: Iterable<Person>): Secret[] {
  const secrets: Secret[] = [];
  for (const person of people) {
    for (const [attribute, value] of Object.entries(person.attributes)) {
      if (attribute.startsWith(EVERYDAY)) continue;
      for (const { text } of partsOf(value)) {
        const line = wordLine(text);
        if (line.trim().length >= SHORTEST && !/^[\d ]+$/.test(line)) secrets.push({ person: person.id, attribute, text, line });
      }
    }
  }
  return secrets;
}

/** Finds secrets in texts; quick, as most words begin none. */
export class Finder {
  readonly #byFirst = new Map<string, Secret[]>();

  constructor(secrets: Iterable<Secret>) {
    for (const secret of secrets) {
      const first = firstWord(secret.line);
      const list = this.#byFirst.get(first);
      if (list === undefined) this.#byFirst.set(first, [secret]);
      else list.push(secret);
    }
  }

  /** The secrets whose words stand in the text in a row. */
  in(text: string): Secret[] {
    const line = wordLine(text);
    const found: Secret[] = [];
    for (const word of new Set(line.trim().split(" "))) {
      for (const secret of this.#byFirst.get(word) ?? []) if (line.includes(secret.line)) found.push(secret);
    }
    return found;
  }
}

function firstWord(line: string): string {
  return line.trim().split(" ")[0] ?? "";
}
