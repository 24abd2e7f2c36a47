import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { acquire, removeTree, signatureSync, tempPath, writeDerivedSync } from "../../store/index.ts";
import { salvage } from "./salvage.ts";

/** Says that nobody but this tool has touched an environment's file: its signature at the last close. */
const STAMP = "sound";
const LEAST_LOCK = 64;

export const dataOf = (directory: string): string => join(directory, "data.mdb");

/** Notes, after closing it, that an environment is as this tool left it. */
export function markSound(directory: string): void {
  writeDerivedSync(join(directory, STAMP), signatureSync(dataOf(directory)) ?? "");
}

/**
 * Whether an environment may be mapped into this process. One that was left as it is by this tool is; any other (after a kill, or while another process writes)
 * is walked by a process of its own, as a damaged one would end the process that maps it.
 */
export async function isSound(directory: string, mapSize: number, readOnly = false): Promise<boolean> {
  const data = dataOf(directory);
  const lock = `${data}-lock`;
  if (!readOnly && lstatSync(data, { throwIfNoEntry: false }) === undefined && lstatSync(lock, { throwIfNoEntry: false }) === undefined) return true;
  // What is there has held something.
  const found = statSync(data, { throwIfNoEntry: false });
  if (found === undefined ? lstatSync(data, { throwIfNoEntry: false }) !== undefined : found.size === 0) return false;
  try {
    const { size } = lstatSync(lock);
    if (lstatSync(lock).isFile() && size >= LEAST_LOCK && lstatSync(data).isFile() && readFileSync(join(directory, STAMP), "utf8") === signatureSync(data)) return true;
  } catch {
    // No stamp, or something else in its place: look.
  }
  const beside = fileURLToPath(new URL("./store-probe.mjs", import.meta.url));
  // From its sources the tool runs the probe it has built.
  const script = existsSync(beside) ? beside : fileURLToPath(new URL("../../../dist/store-probe.mjs", import.meta.url));
  const probe = spawn(process.execPath, [script, data, String(mapSize), ...(readOnly ? ["read-only"] : [])], { stdio: "ignore", env: {} });
  const [code] = (await once(probe, "exit")) as [number | null];
  return code === 0;
}

export interface Mended {
  /** Answers that were whole. */
  saved: number;
  /** Where the damaged file is kept. */
  kept: string;
}

/**
 * Puts an environment in the place of a damaged one, with every answer that is whole, in one step; the damaged file stays beside it. Undefined where another
 * process has done so meanwhile. `fill` writes entries into a new environment in a directory.
 */
export async function mend(parent: string, name: string, mapSize: number, fill: (directory: string, entries: AsyncIterable<{ key: string; text: string }>) => Promise<number>): Promise<Mended | undefined> {
  const directory = join(parent, name);
  const lease = await acquire(join(parent, "mend.lease"), { command: "mending the call store" });
  const temp = tempPath(parent);
  try {
    if (await isSound(directory, mapSize)) return undefined;
    const data = dataOf(directory);
    const readable = statSync(data, { throwIfNoEntry: false })?.isFile() === true;
    mkdirSync(temp);
    const saved = await fill(temp, readable ? salvage(data) : none());
    let number = 1;
    while (existsSync(join(parent, `damaged-${number}.mdb`))) number++;
    const kept = join(parent, `damaged-${number}.mdb`);
    const there = lstatSync(data, { throwIfNoEntry: false });
    // A file stays in its place until the new one takes it.
    if (there?.isFile() === true) linkSync(data, kept);
    else if (there !== undefined) renameSync(data, kept);
    await removeTree(`${data}-lock`);
    mkdirSync(directory, { recursive: true });
    renameSync(dataOf(temp), data);
    return { saved, kept };
  } finally {
    await removeTree(temp);
    await lease.release();
  }
}

async function* none(): AsyncGenerator<{ key: string; text: string }> {}
