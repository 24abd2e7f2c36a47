import type { Json, JsonRecord } from "../../stage/index.ts";
import { isDistinctive, mentionsIn } from "./mention.ts";
import type { TraceNode } from "./types.ts";

/** Texts that are looked for in prompts. */
const MOST = 128;
/** Shortest prose of a record nearby that tells it. */
const PROSE = 12;

/**
 * How much each prompt has of a record: its id and what it names, and the texts of records it leads to. A text counts the less the more of the prompts have it,
 * and nothing if all do. What the answers said tells nothing of who asked.
 */
export function evidence(prompts: readonly string[], record: JsonRecord, near: readonly TraceNode[], said: ReadonlySet<string>): number[] {
  const weights = prompts.map(() => 0);
  const look = (isIn: (prompt: string) => boolean): void => {
    const having = prompts.flatMap((prompt, i) => (isIn(prompt) ? [i] : []));
    if (having.length === prompts.length && prompts.length > 1) return;
    for (const i of having) weights[i] = (weights[i] ?? 0) + 1 / having.length;
  };
  const names = [...namesOf(record, near)].filter((text) => !said.has(text)).slice(0, MOST);
  for (const name of names) look((prompt) => hasWord(prompt, name));
  const known = new Set(names);
  for (const { field, value } of leavesOf(record as Json, "")) if (!known.has(value) && !said.has(value)) look((prompt) => hasPair(prompt, field, value));
  return weights;
}

function namesOf(record: JsonRecord, near: readonly TraceNode[]): Set<string> {
  const names = new Set<string>();
  const id = typeof record.id === "string" ? record.id : "";
  if (id !== "") names.add(id);
  // `v:doc-5` has the name of what it judges in it.
  for (const part of id.split(/[^\p{L}\p{N}_.-]+/u)) {
    for (let text = part; text !== ""; text = /^[^-_]*[-_]+(.*)$/.exec(text)?.[1] ?? "") if (/\d/.test(text) && isDistinctive(text)) names.add(text);
  }
  const ids = new Set(near.map(({ found }) => String(found.record.id)));
  for (const { value } of mentionsIn(record)) if (ids.has(value) || (isDistinctive(value) && /[\d\s]/.test(value))) names.add(value);
  for (const { found } of near) for (const { value } of mentionsIn(found.record)) if (value === found.record.id || (value.length >= PROSE && /\s/.test(value))) names.add(value);
  for (const { found } of near) for (const value of Object.values(found.record)) if (typeof value === "string" && value.length >= PROSE && /\s/.test(value)) names.add(value);
  return names;
}

/** Numbers, short words and truths with the field they stand in. */
function leavesOf(value: Json, field: string): { field: string; value: string }[] {
  if (typeof value === "object" && value !== null) return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner as Json, Array.isArray(value) ? field : key));
  return field === "" || field === "id" || value === null || (typeof value === "string" && (value === "" || value.length > PROSE)) ? [] : [{ field, value: String(value) }];
}

/** A text that is not a part of a longer word or id. */
function hasWord(prompt: string, text: string): boolean {
  for (let at = prompt.indexOf(text); at >= 0; at = prompt.indexOf(text, at + 1)) {
    const before = prompt.slice(Math.max(0, at - 2), at);
    const after = prompt.slice(at + text.length, at + text.length + 2);
    if (!/[\p{L}\p{N}_]$|[\p{L}\p{N}][-.]$/u.test(before) && !/^[\p{L}\p{N}_]|^[-.][\p{L}\p{N}]/u.test(after)) return true;
  }
  return false;
}

/** `noise 0.1`, `noise=0.1`, `"noise": 0.1`: a value too common to tell anything alone. */
function hasPair(prompt: string, field: string, value: string): boolean {
  const words = prompt.toLowerCase();
  const name = field.toLowerCase();
  for (let at = words.indexOf(name); at >= 0; at = words.indexOf(name, at + 1)) {
    if (/[\p{L}\p{N}_]$/u.test(words.slice(Math.max(0, at - 1), at))) continue;
    const rest = prompt.slice(at + name.length, at + name.length + value.length + 6);
    const gap = /^(?: is | of |[^\p{L}\p{N}-]{1,4})/u.exec(rest)?.[0];
    if (gap !== undefined && rest.startsWith(value, gap.length) && !/^[\p{L}\p{N}_]|^[-.][\p{L}\p{N}]/u.test(rest.slice(gap.length + value.length))) return true;
  }
  return false;
}
