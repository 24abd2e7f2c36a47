import { readFileSync } from "node:fs";
import { errno, systemError, type StoreProblem } from "./errors.ts";
import { isSha256, type Sha256 } from "./hash.ts";
import { isInside } from "./listing.ts";

/** What one cell was built from and what came out; everything a fresh cell needs to be recognised. */
export interface LockCell {
  artifact: Sha256;
  bytes: number;
  /** Relative to the artifacts directory, `/` between its parts. */
  path: string;
  recipe: Sha256;
  /** Of a JSONL artifact. */
  records?: number;
  /** Name of an input (`code`, `needs.x`, `params.x` …) → its hash. Without a prototype, so any name is safe. */
  inputs: Record<string, Sha256>;
}

/** The lock file: cell id → what was built. `cells` has no prototype, so any id is safe. */
export interface LockFile {
  version: typeof LOCK_VERSION;
  cells: Record<string, LockCell>;
}

export const LOCK_VERSION = 1;

/** What was read: `exists` tells an absent lock from an empty one; each problem names what is not used and why. */
export interface ReadLock {
  lock: LockFile;
  problems: StoreProblem[];
  exists: boolean;
}

/** A lock with no cells. */
export function emptyLock(): LockFile {
  return { version: LOCK_VERSION, cells: Object.create(null) as Record<string, LockCell> };
}

/**
 * Reads a lock file. An absent one is empty; damage never throws and is never trusted: the problems say what was left out.
 * Only a file that cannot be read at all (no permission) throws a StoreError.
 */
export function readLock(path: string): ReadLock {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errno(error) === "ENOENT") return { lock: emptyLock(), problems: [], exists: false };
    throw systemError(error, "read", path);
  }
  return { ...parseLock(text, path), exists: true };
}

/** Reads the text of a lock file, for example of another revision; `path` is only for messages. */
export function parseLock(text: string, path: string): { lock: LockFile; problems: StoreProblem[] } {
  const lock = emptyLock();
  const whole = (reason: StoreProblem["reason"], what: string, advice: string) => ({ lock, problems: [{ reason, path, message: `${path} ${what}; nothing in it is used`, advice }] });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const conflict = /^(?:<{7}|={7}|>{7})(?: |$)/m.exec(text);
    if (conflict) {
      const line = text.slice(0, conflict.index).split("\n").length;
      return whole("conflict", `has git merge-conflict markers (line ${line})`, `take either side (\`git checkout --ours ${path}\`), then \`dag run\`: what the other side built comes back from the cache`);
    }
    return whole("damaged", text === "" ? "is empty" : "is not whole JSON", `\`dag run\` writes it again, or bring it back with \`git checkout ${path}\``);
  }
  if (!isObject(value) || !Object.hasOwn(value, "version")) return whole("damaged", "is not a lock file", "`dag run` writes it again");
  if (value["version"] !== LOCK_VERSION) {
    const newer = typeof value["version"] === "number" && value["version"] > LOCK_VERSION;
    return whole("other-version", `has version ${JSON.stringify(value["version"])}, this is version ${LOCK_VERSION}`, newer ? "update daguerre, or `dag run` to write it again" : "`dag run` writes it again");
  }
  const cells = Object.hasOwn(value, "cells") ? value["cells"] : undefined;
  if (!isObject(cells)) return whole("damaged", "has no cells", "`dag run` writes it again");
  const problems: StoreProblem[] = [];
  for (const id of Object.keys(cells)) {
    const cell = readCell(cells[id]);
    if (typeof cell !== "string") lock.cells[id] = cell;
    else problems.push({ reason: "entry", entry: id, path, message: `${path}: the entry ${JSON.stringify(id)} ${cell} and is not used`, advice: "`dag run` builds or restores that cell" });
  }
  return { lock, problems };
}

/** The entry, or what is wrong with it. */
function readCell(value: unknown): LockCell | string {
  if (!isObject(value)) return "is not an object";
  const { artifact, bytes, path, recipe, records } = value;
  if (!isSha256(artifact)) return "has no valid artifact hash";
  if (!isSha256(recipe)) return "has no valid recipe hash";
  if (!isCount(bytes)) return "has no valid size";
  if (typeof path !== "string" || !isInside(path)) return "has a path outside the artifacts";
  if (records !== undefined && !isCount(records)) return "has no valid record count";
  const inputs = value["inputs"];
  if (!isObject(inputs)) return "has no inputs";
  for (const name of Object.keys(inputs)) if (!isSha256(inputs[name])) return `has no valid hash of the input ${JSON.stringify(name)}`;
  // The parsed object itself, made safe for any name: a copy of each would double the time to read a lock.
  Object.setPrototypeOf(inputs, null);
  const cell: LockCell = { artifact, bytes, path, recipe, inputs: inputs as Record<string, Sha256> };
  if (records !== undefined) cell.records = records;
  return cell;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/**
 * The text of a lock file: JSON, keys in UTF-16 code-unit order, two spaces, a newline at the end; equal locks give equal bytes.
 * Written by hand because JSON.stringify puts keys that look like integers first.
 */
export function formatLock(lock: LockFile): string {
  // The same few input names come with every cell.
  const names = new Map<string, string>();
  const quoted = (name: string): string => {
    let text = names.get(name);
    if (text === undefined) names.set(name, (text = JSON.stringify(name)));
    return text;
  };
  const cells = sortedKeys(lock.cells).map((id) => {
    const cell = lock.cells[id] as LockCell;
    const inputs = sortedKeys(cell.inputs).map((name) => `        ${quoted(name)}: "${cell.inputs[name]}"`);
    const lines = [
      `      "artifact": "${cell.artifact}"`,
      `      "bytes": ${cell.bytes}`,
      inputs.length === 0 ? `      "inputs": {}` : `      "inputs": {\n${inputs.join(",\n")}\n      }`,
      `      "path": ${JSON.stringify(cell.path)}`,
      `      "recipe": "${cell.recipe}"`,
    ];
    if (cell.records !== undefined) lines.push(`      "records": ${cell.records}`);
    return `    ${JSON.stringify(id)}: {\n${lines.join(",\n")}\n    }`;
  });
  return `{\n  "cells": ${cells.length === 0 ? "{}" : `{\n${cells.join(",\n")}\n  }`},\n  "version": ${lock.version}\n}\n`;
}

function sortedKeys(object: object): string[] {
  // The default sort is by UTF-16 code unit.
  return Object.keys(object).sort();
}
