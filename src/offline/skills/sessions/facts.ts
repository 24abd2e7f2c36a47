import type { Json } from "../../../stage/index.ts";
import type { SkillRequest } from "../../skill.ts";

type JsonObject = { [key: string]: Json };

/** The first object among the facts of a prompt. */
export function factsObject({ facts }: SkillRequest): JsonObject | undefined {
  return facts.find(isObject);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "";
}

export function objectsOf(object: JsonObject, key: string): JsonObject[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textsOf(object: JsonObject, key: string): string[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

export function countOf(object: JsonObject, key: string, fallback: number): number {
  const value = object[key];
  return typeof value === "number" && value >= 1 ? Math.floor(value) : fallback;
}

/** A remark of ours that the last draft's reader objected to is not used again. */
export function permitted(lines: readonly string[], prompt: string): string[] {
  const banned = [...prompt.matchAll(/it says "([^"]+)"/g)].map(([, word]) => (word ?? "").toLowerCase());
  const left = lines.filter((line) => banned.every((word) => !line.toLowerCase().includes(word)));
  return left.length > 0 ? left : [...lines];
}
