import type { Files, Json } from "daguerre";
import { isObject } from "./person.ts";

/** A category of the profile template, as far as sessions and questions need it. */
export interface Category {
  id: string;
  path: string;
  label: string;
  type: "Basic information" | "Preference";
  asked: boolean;
  changes: boolean;
  questions: { own: string[]; other: string[] };
  cues: { own: string[]; other: string[] };
  pool: string[];
}

/** The template: categories by path, and what is asked about relationships. */
export interface Taxonomy {
  byPath: ReadonlyMap<string, Category>;
  social: { relationship: string[]; person: string[]; cues: string[] };
}

/** Reads seeds/taxonomy.json. Throws where a part is missing. */
export async function readTaxonomy(files: Files): Promise<Taxonomy> {
  const value = await files.json();
  if (!isObject(value) || !Array.isArray(value["categories"]) || !isObject(value["social"])) throw new Error(`${files.names[0] ?? files.path}: not a taxonomy: categories and social are needed`);
  const { social } = value;
  const questions = isObject(social["questions"]) ? social["questions"] : {};
  const categories = value["categories"].filter(isObject).map((category): Category => ({
    id: String(category["id"]), path: String(category["path"]), label: String(category["label"]),
    type: category["type"] === "Preference" ? "Preference" : "Basic information",
    asked: category["asked"] !== false, changes: category["changes"] === true,
    questions: voices(category["questions"]), cues: voices(category["cues"]), pool: strings(category["pool"]),
  }));
  return {
    byPath: new Map(categories.map((category) => [category.path, category])),
    social: { relationship: strings(questions["relationship"]), person: strings(questions["person"]), cues: strings(social["cues"]) },
  };
}

function voices(value: Json | undefined): { own: string[]; other: string[] } {
  const object = isObject(value) ? value : {};
  return { own: strings(object["own"]), other: strings(object["other"]) };
}

export function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
