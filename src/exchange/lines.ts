import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "../stats/index.ts";
import { readText } from "./personabench/files.ts";

export type Fields = Record<string, unknown>;

/** A line of JSONL that is an object, and where it stands. */
export interface Line {
  where: string;
  value: Fields;
}

/** The objects of a JSONL file, and the places of lines that are none. */
export async function readLines(path: string, shown = path): Promise<{ lines: Line[]; bad: string[] }> {
  const lines: Line[] = [];
  const bad: string[] = [];
  (await readText(path)).split(/\r?\n/).forEach((text, at) => {
    if (text.trim() === "") return;
    const where = `${shown}:${at + 1}`;
    const value = parsed(text);
    if (isFields(value)) lines.push({ where, value });
    else bad.push(where);
  });
  return { lines, bad };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

/** Files below a directory by relative path with `/`, sorted; hidden ones left out. A file is itself, under its name. Throws ReleaseError. */
export async function filesBelow(path: string, ending: RegExp): Promise<{ base: string; names: string[] }> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw new ReleaseError(`${path} does not exist`);
  if (info.isFile()) return { base: join(path, ".."), names: [path.slice(join(path, "..").length).replace(/^[/\\]/, "")] };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(join(path, "/").length).replaceAll("\\", "/"));
  return { base: path, names: names.filter((name) => ending.test(name) && !/(^|\/)(\.|node_modules\/)/.test(name)).sort() };
}

/** Text as a file name: letters, digits and a few signs stay, other bytes are percent-encoded; cut where a file system would refuse it. */
export function fileNameOf(text: string, kept: RegExp, longest = 240): string {
  let name = "";
  for (const letter of text) {
    const next = kept.test(letter) ? letter : [...new TextEncoder().encode(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
    if (Buffer.byteLength(name) + Buffer.byteLength(next) > longest) break;
    name += next;
  }
  return name.replace(/^[. ]/, (first) => `%${first.charCodeAt(0).toString(16).toUpperCase()}`);
}
