import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { errno, StoreError, systemError } from "./errors.ts";
import { isSha256, type Sha256 } from "./hash.ts";
import type { ObjectStore } from "./objects.ts";
import { isTempName, removeTree } from "./write.ts";

/** One object as it lies on disk; its content is not checked. */
export interface StoredObject {
  hash: Sha256;
  bytes: number;
}

export interface Tally {
  objects: number;
  bytes: number;
}

export interface Collected {
  kept: Tally;
  freed: Tally;
  /** The objects freed (with dryRun: that would be), in order of their hashes. */
  removed: StoredObject[];
  /** What interrupted processes left under temporary names, likewise. */
  leftovers: string[];
}

/** Every object, in order of hashes, one subdirectory in memory at a time. An absent store has none. */
export async function* listObjects(store: ObjectStore): AsyncGenerator<StoredObject> {
  for (const prefix of await names(store.directory)) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
    for (const rest of await names(join(store.directory, prefix))) {
      const hash = `sha256:${prefix}${rest}`;
      if (!isSha256(hash)) continue;
      const bytes = await stat(store.pathOf(hash)).then((stats) => stats.size, () => undefined);
      if (bytes !== undefined) yield { hash, bytes };
    }
  }
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return [];
    throw systemError(error, "list", directory);
  }
}

/** How many objects there are and how many bytes they have. */
export async function tally(store: ObjectStore): Promise<Tally> {
  const sum = { objects: 0, bytes: 0 };
  for await (const object of listObjects(store)) add(sum, object);
  return sum;
}

function add(sum: Tally, object: StoredObject): void {
  sum.objects++;
  sum.bytes += object.bytes;
}

/** Checks every object; damaged ones are reported by the store, removed, and counted here. */
export async function verifyObjects(store: ObjectStore): Promise<{ ok: Tally; damaged: StoredObject[] }> {
  const found = { ok: { objects: 0, bytes: 0 }, damaged: [] as StoredObject[] };
  for await (const object of listObjects(store)) {
    const state = await store.verify(object.hash);
    if (state === "ok") add(found.ok, object);
    else if (state === "damaged") found.damaged.push(object);
  }
  return found;
}

/**
 * Frees every object that is not to be kept and says which. Of a directory kept by its hash the files are kept too: any kept object that reads as a
 * listing keeps what it lists. Nobody may build meanwhile: hold the project's lease.
 */
export async function collect(store: ObjectStore, keep: Iterable<Sha256>, options: { dryRun?: boolean } = {}): Promise<Collected> {
  const kept = new Set(keep);
  for (const hash of [...kept]) for await (const file of listed(store.pathOf(hash))) kept.add(file);
  const found: Collected = { kept: { objects: 0, bytes: 0 }, freed: { objects: 0, bytes: 0 }, removed: [], leftovers: [] };
  for await (const object of listObjects(store)) {
    if (kept.has(object.hash)) {
      add(found.kept, object);
      continue;
    }
    add(found.freed, object);
    found.removed.push(object);
    if (!options.dryRun) await store.remove(object.hash);
  }
  for (const name of await names(store.directory)) {
    if (!isTempName(name)) continue;
    found.leftovers.push(name);
    if (!options.dryRun) await removeTree(join(store.directory, name));
  }
  return found;
}

const LISTING_LINE = /^\\?([0-9a-f]{64}) {2}/;

/** The hashes in a listing; none for an object that is not one. */
async function* listed(path: string): AsyncGenerator<Sha256> {
  try {
    const file = await open(path, "r");
    const head = Buffer.alloc(67);
    try {
      await file.read(head, 0, head.length, 0);
    } finally {
      await file.close();
    }
    if (!LISTING_LINE.test(head.toString("latin1"))) return;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const hash = LISTING_LINE.exec(line)?.[1];
      if (hash !== undefined) yield `sha256:${hash}`;
    }
  } catch (error) {
    // What is not there, or is no file, lists nothing.
    const known = systemError(error, "read", path);
    if (!(known instanceof StoreError) || !["missing", "not-a-file", "not-a-directory"].includes(known.reason)) throw known;
  }
}
