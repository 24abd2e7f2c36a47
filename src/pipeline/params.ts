import type { Json } from "../stage/index.ts";

export type JsonMap = Record<string, Json>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a dotted path (`retrieval.k`, `noise.0`), undefined where there is none. */
export function paramAt(params: JsonMap, path: string): Json | undefined {
  let value: Json | undefined = params;
  for (const step of path.split(".")) {
    if (value === undefined || value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    if (Array.isArray(value)) value = /^(?:0|[1-9][0-9]*)$/.test(step) ? value[Number(step)] : undefined;
    else value = value[step];
  }
  return value;
}

/** All dotted paths to maps and values in maps, for hints. */
export function paramPaths(params: JsonMap, prefix = "", into: string[] = []): string[] {
  for (const [key, value] of Object.entries(params)) {
    if (into.length >= 1000) break;
    into.push(prefix + key);
    if (isMap(value)) paramPaths(value, `${prefix}${key}.`, into);
  }
  return into;
}

const REFERENCE = /^params\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/;

/** The dotted path of a value written `params.x`. */
export function reference(text: string): string | undefined {
  return REFERENCE.exec(text)?.[1];
}

/** Maps are merged key by key, everything else is replaced. Neither argument is changed. */
export function layOver(below: Json | undefined, above: Json): Json {
  if (!isMap(above) || !isMap(below)) return structuredClone(above);
  const merged: JsonMap = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = layOver(Object.hasOwn(below, key) ? below[key] : undefined, value);
  return merged;
}
