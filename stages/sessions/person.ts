import type { Json, JsonRecord } from "daguerre";

/** One value of an attribute: its text, and the slot of a one-key object ("cat" of {"cat": "Whiskers"}). */
export interface Part {
  text: string;
  slot?: string;
}

/** Someone I am related to, and what they are to me. */
export interface Relation {
  person: string;
  name: string;
  relationship: string;
}

/** A profile record, read. */
export interface Person {
  id: string;
  community: number;
  person: number;
  name: string;
  gender: string;
  age: number;
  persona: string;
  tested: boolean;
  attributes: Readonly<Record<string, Json>>;
  relations: Relation[];
}

/** Reads a profile record; what is missing is an error that names the record. */
export function readPerson(record: JsonRecord): Person {
  const { id, community, person, name, attributes, relations } = record;
  if (typeof community !== "number" || typeof person !== "number" || typeof name !== "string" || !isObject(attributes)) {
    throw new Error(`profile ${id}: community, person, name and attributes are needed to write sessions`);
  }
  return {
    id, community, person, name,
    gender: String(record["gender"] ?? ""), age: Number(record["age"] ?? 0), persona: String(record["persona"] ?? ""), tested: record["tested"] === true,
    attributes,
    relations: (Array.isArray(relations) ? relations : []).filter(isObject).map((relation) => ({
      person: String(relation["person"]), name: String(relation["name"]), relationship: String(relation["relationship"]),
    })),
  };
}

/** The values of an attribute, in order: strings and numbers are one, lists several, one-key objects carry their slot. */
export function partsOf(value: Json): Part[] {
  if (Array.isArray(value)) return value.flatMap(partsOf);
  if (isObject(value)) return Object.entries(value).map(([slot, text]) => ({ slot, text: String(text) }));
  return value === null ? [] : [{ text: String(value) }];
}

/** A value as an evidence key: `Whiskers`, or with its slot `cat: Whiskers`. */
export function partKey(part: Part): string {
  return part.slot === undefined ? part.text : `${part.slot}: ${part.text}`;
}

/** Basic information, or a preference: by the meta-category of the path. */
export function isPreference(attribute: string): boolean {
  return attribute.startsWith("Psychographics.");
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The first word of a name, as people are spoken to. */
export function firstName(name: string): string {
  return name.split(" ")[0] ?? name;
}
