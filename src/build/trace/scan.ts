import { lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Cell } from "../../pipeline/index.ts";
import type { Json, JsonRecord } from "../../stage/index.ts";
import { walkFiles } from "../../store/index.ts";
import { LineError, readLines } from "../jsonl.ts";

/** A record as it lies in an artifact. */
export interface Found {
  record: JsonRecord;
  /** Its line as written. */
  text: string;
  /** Path inside a directory artifact; "" where the artifact is the file. */
  file: string;
  /** 1-based; 0 in a .json file. */
  line: number;
}

export interface ScanOptions {
  /** Is this a record to hand over? Asked with top-level ids only. */
  wanted: (id: string) => boolean;
  /** Also hand over the first so many records, whatever their ids, or without one. */
  first?: number;
  /** Look into this file of a directory only. */
  only?: string;
  onRecord: (found: Found) => void;
  /** What cannot be read, as `place: what is wrong`. */
  onDamage: (message: string) => void;
}

/** Largest .json file that is looked into: it has to be read whole. */
const MOST_JSON = 1 << 26;

/** The files of a cell's artifact that can hold records, JSON Lines first; undefined where there is no artifact. */
export function filesOf(artifacts: string, cell: Cell): { path: string; file: string }[] | undefined {
  const place = join(artifacts, cell.path);
  try {
    const directory = statSync(place).isDirectory();
    if (directory !== (cell.stage.output.kind === "directory")) return undefined;
    if (!directory) return /\.jsonl?$/.test(cell.path) ? [{ path: place, file: "" }] : [];
    const files = [...walkFiles(place)].filter(({ path }) => path.endsWith(".jsonl")).map(({ absolute, path }) => ({ path: absolute, file: path }));
    return files;
  } catch {
    return undefined; // absent, or not to be read
  }
}

/** Goes through an artifact once, line by line; memory is that of the longest line. Only lines that may hold a wanted record are parsed. */
export async function scan(artifacts: string, cell: Cell, options: ScanOptions): Promise<boolean> {
  const files = filesOf(artifacts, cell);
  if (files === undefined) return false;
  for (const { path, file } of files) {
    if (options.only !== undefined && file !== options.only) continue;
    const name = file === "" ? cell.path : `${cell.path}/${file}`;
    try {
      if (path.endsWith(".json")) scanJson(path, name, file, options);
      else await scanLines(path, name, file, options);
    } catch (error) {
      options.onDamage(error instanceof LineError ? error.message : `${name}: ${(error as Error).message}`);
    }
  }
  return true;
}

async function scanLines(path: string, name: string, file: string, { wanted, first = 0, onRecord, onDamage }: ScanOptions): Promise<void> {
  let line = 0;
  let seen = 0;
  for await (const batch of readLines(path, name)) {
    for (const text of batch) {
      line++;
      if (seen >= first && !mayHold(text, wanted)) {
        if (!isWhole(text)) onDamage(`${name}:${line}: not a JSON object`);
        continue;
      }
      if (text.trim() === "") continue;
      const record = parsed(text);
      if (record === undefined) onDamage(`${name}:${line}: not a JSON object`);
      else if (seen++ < first || (typeof record.id === "string" && wanted(record.id))) onRecord({ record, text: own(text), file, line });
    }
  }
}

function scanJson(path: string, name: string, file: string, { wanted, first = 0, onRecord, onDamage }: ScanOptions): void {
  if (lstatSync(path).size > MOST_JSON) return onDamage(`${name}: more than ${MOST_JSON >> 20} MiB of JSON are not looked into; as JSON Lines they would be`);
  const value = JSON.parse(readFileSync(path, "utf8")) as Json;
  let seen = 0;
  for (const record of Array.isArray(value) ? value : [value]) {
    if (typeof record !== "object" || record === null || Array.isArray(record) || typeof record["id"] !== "string") continue;
    if (seen++ < first || wanted(record["id"])) onRecord({ record: record as JsonRecord, text: JSON.stringify(record), file, line: 0 });
  }
}

/** False only where no wanted id can be the line's own: the string after some `"id":` is none, and none is spelt with escapes. */
function mayHold(line: string, wanted: (id: string) => boolean): boolean {
  let at = line.indexOf('"id"');
  if (at < 0) return line.includes("\\u00");
  for (; at >= 0; at = line.indexOf('"id"', at + 4)) {
    const from = afterColon(line, at + 4);
    if (line[from] !== '"') continue;
    const text = line.slice(from + 1, line.indexOf('"', from + 1));
    if (text.includes("\\") || wanted(text)) return true;
  }
  return false;
}

function afterColon(line: string, from: number): number {
  let at = from;
  while (line[at] === " " || line[at] === "\t") at++;
  if (line[at] !== ":") return at;
  do at++;
  while (line[at] === " " || line[at] === "\t");
  return at;
}

/** A copy: a part of a larger text would keep all of that in memory. */
const own = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

const isWhole = (line: string): boolean => {
  const text = line.trim();
  return text === "" || (text.startsWith("{") && text.endsWith("}"));
};

function parsed(line: string): JsonRecord | undefined {
  try {
    const value = JSON.parse(line) as Json;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
  } catch {
    return undefined;
  }
}
