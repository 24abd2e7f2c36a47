import type { Json } from "../stage/index.ts";

/** A text of the file in a message: quoted, and cut where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}

/** What a value is, in words. */
export function kindOf(value: Json): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return "text";
  return typeof value === "number" ? `the number ${String(value)}` : String(value);
}

/** A value as it would be written. */
export function showValue(value: Json): string {
  return typeof value === "string" ? quote(value) : JSON.stringify(value);
}
