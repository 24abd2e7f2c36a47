import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CodeBook, itemBaseOf, eachOf, ResultStore } from "../plan/index.ts";
import { collect, isSha256, isTempName, Journal, ObjectStore, removeTree, StatCache } from "../store/index.ts";
import type { Sha256, Tally } from "../store/index.ts";
import type { Keep } from "./keep.ts";

/** An item journal as it lies on disk. */
export interface StoredJournal {
  base: Sha256;
  path: string;
  bytes: number;
}

export type GarbageKind = "object" | "result" | "items" | "code" | "leftover";

/** One thing freed (in a dry run: that would be). `name` is a hash, or a path from the project's root. */
export interface Freed {
  kind: GarbageKind;
  name: string;
  bytes: number;
}

export interface GarbageReport {
  kept: Record<GarbageKind, Tally>;
  freed: Record<GarbageKind, Tally>;
  removed: Freed[];
  /** Item journals of runs that never finished and that no pipeline goes on with as it stands: kept unless asked for. */
  unfinished: Tally;
}

export interface GarbageOptions {
  root: string;
  keep: Keep;
  dryRun: boolean;
  /** Also journals of runs that never finished, under other settings. */
  unfinished: boolean;
  /** Absolute path of the running tool's dist/. */
  tool: string;
}

/**
 * Frees what is not to be kept: objects, results, item journals, bundles of code, and what interrupted processes left. Answers of models are never touched.
 * Nobody may build meanwhile: hold the project's lease.
 */
export async function collectGarbage({ root, keep, dryRun, unfinished, tool }: GarbageOptions): Promise<GarbageReport> {
  const kinds = (): Record<GarbageKind, Tally> => ({ object: none(), result: none(), items: none(), code: none(), leftover: none() });
  const report: GarbageReport = { kept: kinds(), freed: kinds(), removed: [], unfinished: none() };
  const free = async (kind: GarbageKind, name: string, bytes: number, remove: () => Promise<void>): Promise<void> => {
    add(report.freed[kind], bytes);
    report.removed.push({ kind, name, bytes });
    if (!dryRun) await remove();
  };

  const results = new ResultStore(join(root, "cache"));
  // Journals go before the results that tell which of them were finished: a kill between the two loses nothing.
  const finished = new Set<Sha256>();
  for (const { content } of results.list()) {
    const list = content === undefined || content === "note" ? undefined : eachOf(content.inputs);
    if (list !== undefined && typeof content === "object") finished.add(itemBaseOf(content.inputs, list.each, list.module));
  }
  for (const { base, path, bytes } of listJournals(root)) {
    if (!keep.journals.has(base) && (finished.has(base) || unfinished)) {
      await free("items", path, bytes, () => removeTree(join(root, path)));
      continue;
    }
    add(report.kept.items, bytes);
    if (!keep.journals.has(base)) add(report.unfinished, bytes);
    if (!dryRun) await mend(join(root, path));
  }
  for (const { key, bytes, content } of results.list()) {
    if (content !== undefined && keep.results.has(key)) add(report.kept.result, bytes);
    else await free("result", key, bytes, () => results.remove(key));
  }
  const halves = new Map(Array.from(entries(root, "cache/objects"), ({ name, bytes }) => [name, bytes]));
  const objects = await collect(new ObjectStore(join(root, "cache/objects")), keep.objects, { dryRun });
  report.kept.object = objects.kept;
  report.freed.object = objects.freed;
  for (const { hash, bytes } of objects.removed) report.removed.push({ kind: "object", name: hash, bytes });
  for (const name of objects.leftovers) await free("leftover", `cache/objects/${name}`, halves.get(name) ?? 0, () => Promise.resolve());

  const bundles = new CodeBook(root, join(root, "cache"), StatCache.load(join(root, "cache/state/stat.json"), { root }), tool, true, () => {}).bundles();
  for (const { name, path, bytes } of entries(root, "cache/code")) {
    if (!/^[0-9a-f]{32}\.mjs$/.test(name)) continue;
    if (bundles.has(name)) add(report.kept.code, bytes);
    else await free("code", path, bytes, () => removeTree(join(root, path)));
  }
  for (const { path, bytes } of leftovers(root)) await free("leftover", path, bytes, () => removeTree(join(root, path)));
  return report;
}

/** Writes a journal with damaged lines anew without them; opening it for writing starts over one of another version. */
async function mend(path: string): Promise<void> {
  let damaged = false;
  const journal = await Journal.open(path, { onProblem: () => (damaged = true) });
  if (damaged) await journal.compact();
  await journal.close();
}

const none = (): Tally => ({ objects: 0, bytes: 0 });

function add(sum: Tally, bytes: number): void {
  sum.objects++;
  sum.bytes += bytes;
}

/** Every item journal, in order of bases. */
export function* listJournals(root: string): Generator<StoredJournal> {
  for (const { name: prefix, path: directory } of entries(root, "cache/items")) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
    for (const { name, path, bytes } of entries(root, directory)) {
      const base = `sha256:${prefix}${name.slice(0, -".jsonl".length)}`;
      if (name.endsWith(".jsonl") && isSha256(base)) yield { base, path, bytes };
    }
  }
}

/** What interrupted processes left under temporary names, below cache/ (but for the objects' own) and artifacts/; and all of cache/tmp. */
export function* leftovers(root: string): Generator<{ path: string; bytes: number }> {
  for (const { path, bytes } of entries(root, "cache/tmp")) yield { path, bytes: bytes + sizeBelow(root, path) };
  for (const directory of ["cache/state", "cache/code", "cache/results", "cache/items", "artifacts"]) yield* temps(root, directory);
}

function* temps(root: string, directory: string): Generator<{ path: string; bytes: number }> {
  for (const { name, path, bytes, folder } of entries(root, directory)) {
    if (isTempName(name)) yield { path, bytes: bytes + sizeBelow(root, path) };
    else if (folder) yield* temps(root, path);
  }
}

/** Bytes of the files below a directory; 0 for a file. */
function sizeBelow(root: string, path: string): number {
  let sum = 0;
  for (const entry of entries(root, path)) sum += entry.bytes + (entry.folder ? sizeBelow(root, entry.path) : 0);
  return sum;
}

/** Entries of a directory in order of names, links not followed, `path` from the root; none where there is no such directory. */
function* entries(root: string, directory: string): Generator<{ name: string; path: string; bytes: number; folder: boolean }> {
  let found;
  try {
    found = readdirSync(join(root, directory), { withFileTypes: true });
  } catch {
    return; // absent, or a file in its place: nothing to collect
  }
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${directory}/${entry.name}`;
    const bytes = entry.isFile() ? (statSync(join(root, path), { throwIfNoEntry: false })?.size ?? 0) : 0;
    yield { name: entry.name, path, bytes, folder: entry.isDirectory() };
  }
}
