import type { Json, JsonRecord } from "../../stage/index.ts";

/** A text in a record, and where it stands. */
export interface Mention {
  value: string;
  /** `evidence[0].ids[1]` */
  path: string;
  /** The path without positions: `evidence[].ids[]`. */
  field: string;
  trail: (string | number)[];
}

/** Longest text that is looked at as an id. */
const LONGEST = 300;

/** The short texts of a record with their paths; keys and numbers are none. */
export function mentionsIn(record: JsonRecord): Mention[] {
  const found: Mention[] = [];
  const walk = (value: Json, trail: (string | number)[]): void => {
    if (typeof value === "string") {
      if (value !== "" && value.length <= LONGEST) found.push({ value, path: pathText(trail, true), field: pathText(trail, false), trail });
    } else if (Array.isArray(value)) value.forEach((inner, i) => walk(inner, [...trail, i]));
    else if (typeof value === "object" && value !== null) for (const [key, inner] of Object.entries(value)) walk(inner, [...trail, key]);
  };
  walk(record as Json, []);
  return found;
}

function pathText(trail: readonly (string | number)[], positions: boolean): string {
  return trail.map((part, i) => (typeof part === "number" ? (positions ? `[${part}]` : "[]") : `${i === 0 ? "" : "."}${part}`)).join("");
}

/**
 * Can a text be told from a word or number that happens to be equal to an id? Letters with digits can from two characters on, letters alone from four,
 * digits alone from six, or from three with a zero in front.
 */
export function isDistinctive(value: string): boolean {
  if (/^\d+$/.test(value)) return value.length >= 6 || (value.length >= 3 && value.startsWith("0"));
  if (/\d/.test(value)) return value.length >= 2 && !/^[-+.\d\s%]+$/.test(value);
  return value.length >= 4;
}

/** Is a field called after a stage: `question`, `question_id`, `questions[]` of `questions`, `person` of `people`? */
export function isNamedFor(field: string, stage: string): boolean {
  const last = field.replaceAll("[]", "").split(".").at(-1) ?? "";
  const stem = (name: string): string => name.toLowerCase().replace(/[_-]?ids?$/, "").replace(/[^a-z0-9]/g, "").replace(/^people$/, "person").replace(/ies$/, "y").replace(/s$/, "");
  return stem(last) !== "" && stem(last) === stem(stage);
}

/** Parts of a record that are one of these records themselves: objects inside it that have its id. */
export function partsOf(record: JsonRecord, ids: ReadonlySet<string>): (string | number)[][] {
  return mentionsIn(record).filter(({ value, trail }) => trail.length > 2 && trail.at(-1) === "id" && typeof trail.at(-2) === "number" && ids.has(value) && isDistinctive(value)).map(({ trail }) => trail.slice(0, -1));
}

/** Does a mention stand beside one of these parts, in another element of its list? */
export function isBeside({ trail }: Mention, parts: readonly (string | number)[][]): boolean {
  const inList = parts.filter((part) => part.slice(0, -1).every((step, i) => trail[i] === step) && trail.length >= part.length);
  return inList.length > 0 && !inList.some((part) => trail[part.length - 1] === part.at(-1));
}
