import type { AttributeValue, Category, Conflict, ObjectValue } from "./taxonomy.ts";

const LONGEST = 80;

/** The parts of a value as text: entries of a list, slots and values of objects. */
export function partsOf(value: AttributeValue): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => (typeof entry === "string" ? [entry] : Object.entries(entry).flat()));
  return [String(value)];
}

/** Which words a category's entries may not contain, given the values already fixed. */
export function forbidden(conflicts: readonly Conflict[], category: string, fixed: Readonly<Record<string, AttributeValue | undefined>>): string[] {
  return conflicts.flatMap(({ when, says, without }) => {
    const words = without[category], value = fixed[when];
    if (words === undefined || value === undefined) return [];
    const text = partsOf(value).join(" ").toLowerCase();
    return says.some((word) => text.includes(word)) ? words : [];
  });
}

/** Whether an entry is free of the forbidden words; "*" forbids all. */
export function permitted(entry: string, words: readonly string[]): boolean {
  const text = entry.toLowerCase();
  return !words.some((word) => word === "*" || text.includes(word.toLowerCase()));
}

/** An entry as a model wrote it, tidied; undefined where it cannot be a value. */
export function tidy(entry: string): string | undefined {
  const text = entry.replace(/\s+/g, " ").trim().replace(/^["']|["'.]$/g, "");
  return text.length >= 2 && text.length <= LONGEST && !/[{}<>\\]|^n\/?a$|^none$|^unknown$/i.test(text) ? text : undefined;
}

/**
 * A value in the form of its category from the entries a model chose, completed from the options where it chose too few; exactly `count` entries.
 * Undefined where not even the options suffice.
 */
export function valueOf(category: Category, chosen: readonly string[], options: readonly string[], count: number, usable: (entry: string) => boolean): AttributeValue | undefined {
  const entries: string[] = [];
  const seen = new Set<string>();
  for (const entry of [...chosen, ...options]) {
    const text = tidy(entry);
    if (entries.length >= count || text === undefined || seen.has(text.toLowerCase()) || !usable(text)) continue;
    seen.add(text.toLowerCase());
    entries.push(text);
  }
  if (entries.length === 0) return undefined;
  if (category.kind === "list") return entries;
  if (category.kind === "string") return entries[0] as string;
  return undefined;
}

/** Drops the objects that are not permitted; undefined where none is left. */
export function permittedObjects(value: readonly ObjectValue[], words: readonly string[]): ObjectValue[] | undefined {
  const kept = value.filter((entry) => Object.entries(entry).flat().every((part) => permitted(part, words)));
  return kept.length === 0 ? undefined : kept;
}
