/** How a value of a category is written down. */
export type ValueKind = "string" | "integer" | "list" | "objects";

/** One-key object: { "cat": "Whiskers" }, { "Eye color": "hazel" }. */
export type ObjectValue = Record<string, string>;

export type AttributeValue = string | number | string[] | ObjectValue[];

/** What the people of a community share along the graph. */
export type Grounding = "origin" | "household" | "street" | "workplace" | "family" | "club";

/** A category of personal attributes; schemas/taxonomy.schema.json and the head of seeds/taxonomy.json say what the fields mean. */
export interface Category {
  id: string;
  path: string;
  label: string;
  type: "Basic information" | "Preference";
  kind: ValueKind;
  /** Fewest and most entries of a list. */
  count: [number, number];
  /** Share of people that have it, (0, 1]. */
  presence: number;
  /** May be replaced by a new value over time. */
  changes: boolean;
  asked: boolean;
  grounded: Grounding | null;
  derived: string | null;
  topics: string[];
  questions: { own: string[]; other: string[] };
  cues: { own: string[]; other: string[] };
  pool: string[];
}

export interface Taxonomy {
  about: string[];
  meta: string[];
  social: { path: string; label: string; type: "Social"; questions: { relationship: string[]; person: string[] }; cues: string[] };
  conflicts: Conflict[];
  categories: Category[];
}

/** Where the value of category `when` contains a word of `says`, entries of the categories in `without` may not contain the words given. */
export interface Conflict {
  when: string;
  says: string[];
  without: Record<string, string[]>;
}
