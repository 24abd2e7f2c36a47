import type { TraceNode } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { columns, cut } from "../../report/index.ts";

/** Longest text that stands among the short fields. */
const SHORT = 44;

export interface Room {
  width: number;
  /** Lines of short fields, and long texts, at most. */
  lines: number;
  texts: number;
}

/** A value on one line: untrusted, so quoted, cut, and with nothing in it that steers a terminal. */
export function oneLine(text: string, width: number): string {
  const whole = printable(text.replace(/\s+/g, " ").trim());
  if (columns(whole) <= width) return whole;
  const more = (shown: string): string => ` (${(text.length - shown.length).toLocaleString("en-US")} more)`;
  const beginning = cut(whole.slice(0, width * 2), Math.max(8, width - more("").length));
  return `${beginning}${more(beginning)}`;
}

/** As oneLine, the beginning and the end: a prompt begins with what all of its kind say. */
export function bothEnds(text: string, width: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  const whole = printable(flat.length > width * 4 ? `${flat.slice(0, width * 2)}${flat.slice(-width * 2)}` : flat);
  if (columns(whole) <= width) return whole;
  const head = cut(whole, Math.floor(width * 0.4));
  const letters = [...whole.slice(-width)];
  while (columns(letters.join("")) > width - columns(head) - 1) letters.shift();
  return `${head} ${letters.join("").trimStart()}`;
}

/** The fields of a record that fit: short ones side by side, long texts a line each. Of one that was reached through a part, that part. */
export function recordLines(node: TraceNode, room: Room): string[] {
  const { record } = node.found;
  if (node.parts.length === 0) return fieldLines(record, room);
  return node.parts.slice(0, 3).flatMap((part) => {
    const [value, name] = at(record, part);
    return fieldLines(value, { ...room, width: room.width - 2 }).map((line, i) => (i === 0 ? `${name}  ${line}` : `  ${line}`));
  });
}

function at(record: unknown, trail: readonly (string | number)[]): [Record<string, unknown>, string] {
  let value = record;
  for (const step of trail) value = (value as Record<string | number, unknown>)[step];
  return [value as Record<string, unknown>, printable(trail.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${step}`)).join(""))];
}

function fieldLines(record: Record<string, unknown>, { width, lines: most, texts: mostTexts }: Room): string[] {
  /** Prose first, then names, then numbers. */
  const short: [string[], string[], string[]] = [[], [], []];
  /** What has more inside. */
  const inner: string[] = [];
  const long: { name: string; value: string }[] = [];
  for (const [key, value] of Object.entries(record)) {
    const name = printable(key);
    if (key === "id" || value === null) continue;
    if (typeof value === "string" && value.length > SHORT) long.push({ name, value });
    else if (typeof value === "string") short[value.includes(" ") ? 0 : 1].push(`${name} ${printable(value === "" ? '""' : value)}`);
    else if (typeof value !== "object") short[2].push(`${name} ${typeof value === "number" ? numberText(value) : String(value)}`);
    else inner.push(`${name}${Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`}`);
  }
  const words = short.flat();
  let lines = wrapped(words, width, most);
  // What has more inside takes the room that is left, and no line of its own.
  for (const [i, word] of inner.entries()) {
    const more = wrapped([...words, ...inner.slice(0, i), word], width, most);
    if (more.length > Math.max(1, lines.length) || more.at(-1)?.endsWith(" more") === true) break;
    lines = more;
  }
  // The longest says most.
  const shown = long.sort((a, b) => b.value.length - a.value.length).slice(0, mostTexts).map(({ name, value }) => `${name} ${oneLine(value, width - columns(name) - 1)}`);
  const left = long.length - shown.length;
  return [...lines, ...shown, ...(left > 0 ? [`and ${left} more ${left === 1 ? "text" : "texts"}`] : [])].map((line) => cut(line, width));
}

/** A number's own digits; of a long fraction the first that say something, and that there are more. */
function numberText(value: number): string {
  return JSON.stringify(value).replace(/^(-?\d+\.0*\d{4})\d{3,}$/, "$1…");
}

/** Words joined with dots, in so many lines. */
export function wrapped(words: readonly string[], width: number, most: number): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const word of words) {
    const last = lines.at(-1);
    const room = width - (lines.length >= most ? 16 : 0);
    if (last !== undefined && columns(last) + columns(word) + 3 <= room) lines[lines.length - 1] = `${last} · ${word}`;
    else if (lines.length < most) lines.push(word);
    else return [...lines.slice(0, -1), `${last ?? ""} · … ${words.length - at} more`];
    at++;
  }
  return lines;
}
