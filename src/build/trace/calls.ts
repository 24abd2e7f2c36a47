import { costOf } from "../../model/index.ts";
import type { Answers, StoredCall } from "../../model/index.ts";
import type { ModelSpec } from "../../pipeline/index.ts";
import type { Json } from "../../stage/index.ts";
import type { CallKeys } from "../answered.ts";
import { choose } from "./own.ts";
import type { Candidate } from "./own.ts";
import type { NodeCalls, TracedCall, TraceNode } from "./types.ts";

/** Shortest text of an answer by which it is known again in a record. */
const SHORTEST = 4;

/** Calls that are read one by one without further thought. */
const MANY = 100;

/** Every text in a value. */
export function textsIn(value: Json | undefined, into = new Set<string>()): Set<string> {
  if (typeof value === "string") into.add(value);
  else if (Array.isArray(value)) for (const inner of value) textsIn(inner, into);
  else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) textsIn(inner, into);
  return into;
}

/**
 * The calls behind a record. Where an item made this record alone, they are all its own. Else an item or a cell may have made thousands, for many records:
 * then those are the record's own whose answer's words stand in it (in the parts of it that are on the line), or, of an embedding, whose text is its own or
 * that of a record it names (`near`).
 */
export async function callsBehind(node: TraceNode, keys: CallKeys | undefined, edited: boolean, near: readonly TraceNode[], answers: () => Promise<Answers | string>, models: Readonly<Record<string, ModelSpec>>, known: Map<string, TracedCall>): Promise<NodeCalls> {
  if (node.cell.models.length === 0 || node.cell.stage.action.kind !== "module") return { kind: "none" };
  // An item is known by the very line it made.
  if (keys === undefined) return { kind: "unknown", why: edited && node.cell.stage.each !== undefined ? "the artifact was edited since" : "made before they were noted, or no longer remembered" };
  const record = node.found.record as Json;
  const own = textsIn(node.parts.length === 0 ? record : node.parts.map((part) => valueAt(record, part)));
  const around = new Map([...own, ...near.flatMap(({ found }) => [...textsIn(found.record as Json)])].map((text, i) => [text, i]));
  const chains: TracedCall[][] = [];
  let passed = 0;
  for (const [role, list] of Object.entries(keys)) {
    const looked = await worthReading(list, await answers(), around.keys());
    passed += list.length - looked.length;
    let chain: TracedCall[] | undefined;
    for (const key of looked) {
      const call = known.get(`${role} ${key}`) ?? (await read(await answers(), key, role, models[role]));
      known.set(`${role} ${key}`, call);
      // Attempts at one answer follow one another.
      if (chain === undefined || typeof call.stored === "string" || call.stored.attempt === 0) chains.push((chain = [call]));
      else chain.push(call);
    }
  }
  const alone = (chains.length <= 1 && passed === 0) || node.item?.records === 1;
  const [first] = chains.flat();
  // Without a word of any answer nobody can tell which are its own.
  if (!alone && typeof first?.stored === "string" && chains.flat().every(({ stored }) => typeof stored === "string")) return { kind: "unknown", why: first.stored };
  const whole: Whole = { own, joined: [...own].join("\n"), around, values: new Set(leavesOf(record)) };
  const candidates = chains.map((chain): Candidate => chain.flatMap(({ stored }) => (typeof stored === "string" ? [] : [{ chain, ...likeness(stored, whole) }])).reduce((a, b) => (b.score > a.score ? b : a), { chain, score: 0, said: [], by: "silent" } as Candidate));
  if (alone) return { kind: "known", own: candidates.sort((a, b) => b.score - a.score).map(({ chain }) => chain), oneOf: [], others: 0 };
  const chosen = choose(candidates, node.found.record, near);
  return { kind: "known", ...chosen, others: passed + chains.length - chosen.own.length };
}

/** A record's texts, one by one and as one, those of records near by, and its values of any kind. */
interface Whole {
  own: ReadonlySet<string>;
  joined: string;
  around: ReadonlyMap<string, number>;
  values: ReadonlySet<string>;
}

/** Everything that a value holds, as text. */
function leavesOf(value: Json | undefined): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap((inner) => leavesOf(inner as Json));
  return value === undefined || value === null || value === "" ? [] : [String(value)];
}

/** Of thousands of embeddings those of texts that are near: their keys follow from the texts. Other calls have to be read to be known. */
async function worthReading(keys: readonly string[], answers: Answers | string, near: Iterable<string>): Promise<readonly string[]> {
  const [first, last] = [keys[0], keys.at(-1)];
  if (keys.length <= MANY || first === undefined || last === undefined || typeof answers === "string") return keys;
  const wanted = await answers.embeddingKeys(first, near);
  if (wanted === undefined || (await answers.embeddingKeys(last, [])) === undefined) return keys;
  const known = new Set(keys);
  return [...new Set<string>(wanted.values())].filter((key) => known.has(key));
}

/** How much of an answer stands in a record: the share of its letters. Of an embedding all or nothing; an image is told by what it was to show. */
function likeness({ kind, prompt, answer }: StoredCall, { own, joined, around, values }: Whole): Omit<Candidate, "chain"> {
  const asked = prompt[0]?.text ?? "";
  switch (kind) {
    case "embedding":
      // Those of nearer records first.
      return { score: around.has(asked) ? 1 + 1 / (1 + (around.get(asked) ?? 0)) : 0, said: [], by: "asked" };
    case "image":
      return { ...shareOf([...own], asked), said: [], by: "asked" };
    case "chat": {
      const said = valueOf(answer);
      const texts = [...textsIn(said)].filter((text) => text.length >= SHORTEST);
      if (texts.length > 0) return { ...shareOf(texts, joined), by: "text" };
      const short = leavesOf(said);
      const found = short.filter((leaf) => values.has(leaf));
      return found.length === 0 ? { score: 0, said: [], by: "silent" } : { score: found.length / short.length, said: found, by: "short" };
    }
    default:
      return kind satisfies never;
  }
}

/** Of the letters of these texts, the share of those whose text stands in another. */
function shareOf(texts: readonly string[], within: string): { score: number; said: string[] } {
  const long = texts.filter((text) => text.length >= SHORTEST);
  const said = long.filter((text) => within.includes(text));
  const letters = (list: readonly string[]): number => list.reduce((sum, { length }) => sum + length, 0);
  return { score: long.length === 0 ? 0 : letters(said) / letters(long), said };
}

function valueAt(record: Json, trail: readonly (string | number)[]): Json {
  let value: unknown = record;
  for (const step of trail) value = (value as Record<string | number, unknown>)[step];
  return value as Json;
}

function valueOf(answer: string): Json {
  try {
    return JSON.parse(answer) as Json;
  } catch {
    return answer;
  }
}

async function read(answers: Answers | string, key: string, role: string, spec: ModelSpec | undefined): Promise<TracedCall> {
  if (typeof answers === "string") return { key, role, stored: answers };
  const found = await answers.call(key);
  if (found === undefined) return { key, role, stored: "it is not in the call store" };
  if (typeof found === "string") return { key, role, stored: `its entry in the call store is damaged: ${found}` };
  const cost = spec === undefined || spec.model !== found.model ? undefined : costOf(found.usage, spec, found.kind === "image" ? 1 : 0);
  return { key, role, stored: found, ...(cost === undefined ? {} : { cost }) };
}
