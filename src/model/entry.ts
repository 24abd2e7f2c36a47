import { canonicalText } from "./canonical.ts";
import { hash } from "node:crypto";
import type { Json, Outcome, Usage } from "../stage/index.ts";
import type { CallKey, WireBody } from "./key.ts";

/** A bought answer as kept. */
export interface Answer {
  key: CallKey;
  /** `unchecked` while a check that takes long is under way: who finds it so checks it, since a kill may have ended who bought it. */
  outcome: Outcome | "unchecked";
  /** The snapshot that answered, as the server names it. */
  model: string;
  usage: Usage;
  /** The whole response body; of an embedding, the vector as base64 of little-endian 32-bit floats. */
  response: WireBody;
  /** Of an invalid answer: the validator's words, which the repair turn repeats. */
  problems?: string[];
  /** Who asked first: for `cache ls` and for explaining a missing call. */
  asker: { stage: string; item?: string; role: string };
  /** Milliseconds since the epoch: sent, answered. Never part of an artifact. */
  times: { sent: number; answered: number };
}

/** An answer whose outcome is known. */
export type Checked = Answer & { outcome: Outcome };

/** An answer and the text of its key: the request. */
export interface Entry {
  answer: Answer;
  request: string;
}

export type Decoded = { ok: true; answer: Answer } | { ok: false; damage: string };

const HEAD = "1 ";

/**
 * The text of an entry, three lines: `1 <sha256 of line 2>`, the answer as canonical JSON, and the text whose SHA-256 is the key.
 * So each byte is covered by a hash, and reading an answer neither parses nor hashes its request.
 */
export function encodeEntry(entry: Entry): string {
  const answer = textOf(entry.answer);
  return `${HEAD}${hash("sha256", answer, "hex")}\n${answer}\n${entry.request}`;
}

/** What a server sends around the answer may be no JSON that can be written again: the answer is paid for, and kept without that. */
function textOf(answer: Answer): string {
  try {
    return canonicalText(answer);
  } catch {
    return canonicalText({ ...answer, response: writable(answer.response, 0) });
  }
}

const DEEPEST = 100;

function writable(value: Json, depth: number): Json {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return "nested too deep to be kept";
  if (Array.isArray(value)) return value.map((element) => writable(element, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, writable(member, depth + 1)]));
}

/** The checked answer of an entry's text, or what is wrong with it. */
export function decodeAnswer(key: CallKey, text: string): Decoded {
  const first = text.indexOf("\n");
  const second = text.indexOf("\n", first + 1);
  if (first !== HEAD.length + 64 || second < 0 || !text.startsWith(HEAD)) return { ok: false, damage: "it is cut off or not an entry" };
  const line = text.slice(first + 1, second);
  if (hash("sha256", line, "hex") !== text.slice(HEAD.length, first)) return { ok: false, damage: "its checksum does not match" };
  const answer = JSON.parse(line) as Answer;
  return answer.key === key ? { ok: true, answer } : { ok: false, damage: `it is the answer to ${answer.key}` };
}

/** The request's line of an entry that decodes. */
export function requestOf(text: string): string {
  return text.slice(text.indexOf("\n", text.indexOf("\n") + 1) + 1);
}

/** Checks the whole entry, request and key too; undefined where all is well. */
export function damageOf(key: CallKey, text: string): string | undefined {
  const decoded = decodeAnswer(key, text);
  if (!decoded.ok) return decoded.damage;
  return `sha256:${hash("sha256", requestOf(text), "hex")}` === key ? undefined : "its request is not the one of its key";
}
