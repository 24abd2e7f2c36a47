import { decodeAnswer, requestOf } from "./entry.ts";
import { askerText } from "./failure.ts";
import { keyText } from "./key.ts";
import type { CallKey, WireBody } from "./key.ts";
import type { Asked } from "./purchase.ts";
import type { CallStore } from "./store/types.ts";
import { CallError } from "./types.ts";

const MOST_LOOKED_AT = 20_000;

/**
 * Explains a call that is not stored where none may leave: who asks, what, and the field in which the nearest stored call differs. Without a
 * store the nearest is not looked for.
 */
export async function explainMissing(asked: Asked, key: CallKey, damage: string | undefined, store: CallStore | undefined): Promise<CallError> {
  const who = `${askerText(asked)}: models.${asked.role} (${asked.spec.model})`;
  const what = `prompt ${JSON.stringify(promptOf(asked.keyed.body))}`;
  if (damage !== undefined) {
    return new CallError("frozen", `${who}: the stored answer cannot be used: ${damage}; ${what}; run without --frozen to ask for it again, or \`dag cache import\` a good copy (${key})`);
  }
  const missing = `${who}: this call is not stored, and --frozen lets none leave; ${what}`;
  if (store === undefined) return new CallError("frozen", missing);
  const nearest = await findNearest(asked, store);
  const why =
    nearest === undefined ? "no call like it is stored"
    : nearest.length === 0 ? "it differs from the nearest stored call in nothing that can be shown"
    : `it differs from the nearest stored call in ${nearest.slice(0, 3).join("; ")}${nearest.length > 3 ? ` and ${nearest.length - 3} more` : ""}`;
  return new CallError("frozen", `${missing}; ${why}`);
}

/** The beginning of what was asked, on one line. */
function promptOf(body: WireBody): string {
  const messages = Array.isArray(body["messages"]) ? (body["messages"] as WireBody[]) : [];
  const said = messages.filter(({ role }) => role === "user").pop()?.["content"] ?? body["input"] ?? body["prompt"] ?? "";
  const text = (typeof said === "string" ? said : JSON.stringify(said)).replace(/\s+/g, " ").trim();
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The differences to the stored call that has the fewest, preferring those of the same asker. */
async function findNearest(asked: Asked, store: CallStore): Promise<string[] | undefined> {
  const wanted = flatten(JSON.parse(keyText(asked.keyed)) as WireBody);
  let best: { score: number; differences: string[] } | undefined;
  let looked = 0;
  for await (const key of store.keys()) {
    if (++looked > MOST_LOOKED_AT) break;
    const text = await store.get(key);
    if (text === undefined) continue;
    const decoded = decodeAnswer(key, text);
    if (!decoded.ok) continue;
    const have = flatten(JSON.parse(requestOf(text)) as WireBody);
    if (have.get("kind") !== wanted.get("kind")) continue;
    const { asker } = decoded.answer;
    const fields = differing(wanted, have);
    let score = 0;
    for (const field of fields) score += field.startsWith("body.messages") || field === "body.input" || field === "body.prompt" ? 0.5 + distance(wanted.get(field), have.get(field)) : 1;
    if (asker.stage !== asked.caller.stage) score += 2;
    if (asker.item !== asked.caller.item) score += 1;
    if (best === undefined || score < best.score) best = { score, differences: fields.map((field) => difference(field, wanted.get(field), have.get(field))) };
  }
  return best?.differences;
}

type Leaf = string | number | boolean | null | undefined;

/** Leaves by path; an empty list or object is the leaf `[]` or `{}`. */
function flatten(value: WireBody): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const visit = (at: unknown, path: string): void => {
    if (typeof at !== "object" || at === null) leaves.set(path, at as Leaf);
    else if (Object.keys(at).length === 0) leaves.set(path, JSON.stringify(at));
    else for (const [name, member] of Object.entries(at)) visit(member, Array.isArray(at) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`);
  };
  visit(value, "");
  return leaves;
}

function differing(a: Map<string, Leaf>, b: Map<string, Leaf>): string[] {
  const fields = new Set([...a.keys(), ...b.keys()]);
  return [...fields].filter((field) => a.get(field) !== b.get(field)).sort();
}

/** Share of lines two texts do not have in common, 0 to 1. */
function distance(a: Leaf, b: Leaf): number {
  if (typeof a !== "string" || typeof b !== "string") return 1;
  const lines = new Set(b.split("\n"));
  const mine = a.split("\n");
  return mine.filter((line) => !lines.has(line)).length / mine.length;
}

function difference(field: string, now: Leaf, stored: Leaf): string {
  const name = field.replace(/^body\./, "");
  if (stored === undefined) return `${name} (${short(now)}; not in the stored call)`;
  if (now === undefined) return `${name} (${short(stored)} in the stored call; absent now)`;
  const a = String(now).split("\n"), b = String(stored).split("\n");
  if (a.length === 1 && b.length === 1) return `${name} (${short(stored)} → ${short(now)})`;
  const line = a.findIndex((text, i) => text !== b[i]);
  const at = line < 0 ? a.length : line;
  return `${name}, line ${at + 1} (${short(b[at])} → ${short(a[at])})`;
}

function short(text: Leaf): string {
  if (text === undefined) return "nothing";
  if (typeof text !== "string") return String(text);
  const shown = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return JSON.stringify(shown);
}
