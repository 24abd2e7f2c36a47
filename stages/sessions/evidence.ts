import type { Json, JsonRecord } from "daguerre";
import { isObject } from "./person.ts";

/** One value that one session gives away. */
export interface Reveal {
  person: string;
  attribute: string;
  value: string;
}

/** What a session is known to hold, from the documents stage. */
export interface Truth {
  plan: string;
  personal: boolean;
  reveals: Reveal[];
  /** A value told as current that a later session replaces by `until`. */
  former?: Reveal & { until: string };
  replaces?: string;
  news?: string;
}

/** Reads the truth of a document, or undefined where it has none: a public release tells only its evidence. */
export function truthOf(document: JsonRecord): Truth | undefined {
  const truth = document["truth"];
  if (!isObject(truth)) return undefined;
  const former = isObject(truth["former"]) ? { ...revealOf(truth["former"]), until: String(truth["former"]["until"]) } : undefined;
  return {
    plan: String(truth["plan"] ?? ""), personal: truth["personal"] === true,
    reveals: (Array.isArray(truth["reveals"]) ? truth["reveals"] : []).filter(isObject).map(revealOf),
    ...(former === undefined ? {} : { former }),
    ...(typeof truth["replaces"] === "string" ? { replaces: truth["replaces"] } : {}),
    ...(typeof truth["news"] === "string" ? { news: truth["news"] } : {}),
  };
}

/** All that one person's documents give away at one noise level. */
export class Evidence {
  readonly #sessions = new Map<string, string[]>();
  readonly #former = new Map<string, string[]>();

  constructor(documents: Iterable<JsonRecord>) {
    for (const document of documents) {
      const truth = truthOf(document);
      for (const reveal of truth?.reveals ?? []) append(this.#sessions, keyOf(reveal), document.id);
      if (truth?.former !== undefined) append(this.#former, attributeKey(truth.former), truth.former.value);
    }
    for (const ids of this.#sessions.values()) ids.sort((a, b) => (a < b ? -1 : 1));
  }

  /** The sessions that give a value away, in order of time; any one suffices. */
  sessions(reveal: Reveal): string[] {
    return this.#sessions.get(keyOf(reveal)) ?? [];
  }

  /** Values of an attribute that were told and then replaced. */
  former(person: string, attribute: string): string[] {
    return [...new Set(this.#former.get(attributeKey({ person, attribute })) ?? [])].sort((a, b) => (a < b ? -1 : 1));
  }
}

function revealOf(value: { [key: string]: Json }): Reveal {
  return { person: String(value["person"]), attribute: String(value["attribute"]), value: String(value["value"]) };
}

function keyOf({ person, attribute, value }: Reveal): string {
  return JSON.stringify([person, attribute, value]);
}

function attributeKey({ person, attribute }: { person: string; attribute: string }): string {
  return JSON.stringify([person, attribute]);
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
