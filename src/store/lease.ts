import { readFileSync, statSync, unlinkSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errno, StoreError, systemError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { parseOwner, standing, thisOwner, type Owner } from "./owner.ts";

/** A held lease. It ends with `release`, or with the process. */
export interface Lease {
  readonly owner: Owner;
  /** Gives the lease back if it is still this one's; may be called twice. */
  release(): Promise<void>;
}

/** Whom a waiter waits for. `judged` is false where the owner runs on another host, or in another container, and may be dead without our knowing. */
export interface Waited extends Owner {
  judged: boolean;
  /** The lease's file, to be removed by hand where an owner elsewhere is known to be gone. */
  file: string;
}

export interface AcquireOptions {
  /** What this process is doing, for those who wait, e.g. `dag run evaluate`. */
  command?: string;
  /** Told once for every owner waited for, with the milliseconds since that owner took the lease. */
  onWait?: (owner: Waited, sinceMs: number) => void;
  signal?: AbortSignal;
}

/** A file nobody could have written whole is taken for a dead owner's once it has stood unchanged so long. */
const GARBAGE_MS = 500;
const POLL_MS = 40;

/*
 *            link ok                        release
 *   asking ──────────► held ─────────────────────────► gone
 *     │  ▲                ▲
 *     │  └── alive: wait  │ rename over the dead owner's file
 *     └── dead ──► claim ─┘   (claim: a lease of its own, named by the dead owner's token, so one taker at a time;
 *                             under it the file is read again, and only the dead owner's is replaced)
 */

/**
 * Takes the lease on a file, waiting for a living owner and taking over from a dead one at once. The file appears by link(2), complete or not at
 * all. Throws a StoreError: `aborted` when the signal fires, or what the file system says.
 */
export async function acquire(file: string, options: AcquireOptions = {}): Promise<Lease> {
  const owner = thisOwner(options.command ?? process.argv.slice(2).join(" "));
  try {
    await mkdir(dirname(file), { recursive: true });
    return await take(file, file, owner, options);
  } catch (error) {
    throw systemError(error, "lock", file);
  }
}

/** The owner of a lease at this moment, if it lives or cannot be judged; for readers, who never wait. */
export function ownerOf(file: string): Owner | undefined {
  let owner: Owner | undefined;
  try {
    owner = parseOwner(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  return owner && standing(owner) !== "dead" ? owner : undefined;
}

async function take(base: string, file: string, owner: Owner, options: AcquireOptions): Promise<Lease> {
  const temp = `${base}.${owner.token}.tmp`;
  const told = new Set<string>();
  const seen = { id: "", at: 0 };
  try {
    for (;;) {
      if (options.signal?.aborted) throw new StoreError("aborted", file, `gave up waiting for ${file}`);
      if (await place(temp, file, owner)) return held(file, owner);
      const found = await look(file);
      if (found === undefined) continue;
      if (found.owner?.token === owner.token) return held(file, owner);
      if (isDead(found, seen)) {
        if (await takeOver(base, file, temp, found.id, owner, options)) return held(file, owner);
        continue;
      }
      if (found.owner && !told.has(found.id)) {
        told.add(found.id);
        options.onWait?.({ ...found.owner, judged: standing(found.owner) !== "elsewhere", file }, Math.max(0, Date.now() - found.owner.since));
      }
      await sleep(POLL_MS, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
    }
  } finally {
    await rm(temp, { force: true });
  }
}

/** What stands at the file: an owner, or bytes that are none; `id` names exactly these bytes of exactly this owner. */
interface Found {
  id: string;
  owner: Owner | undefined;
}

async function look(file: string): Promise<Found | undefined> {
  try {
    const text = await readFile(file, "utf8");
    const owner = parseOwner(text);
    if (owner) return { id: owner.token, owner };
    const stats = await stat(file, { bigint: true });
    return { id: sha256(`${stats.ino} ${stats.mtimeNs} ${text}`).slice(7, 23), owner: undefined };
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isDead(found: Found, seen: { id: string; at: number }): boolean {
  if (found.owner) return standing(found.owner) === "dead";
  const now = performance.now();
  if (seen.id !== found.id) Object.assign(seen, { id: found.id, at: now });
  return now - seen.at >= GARBAGE_MS;
}

/** True if the file did not exist and now is ours. */
async function place(temp: string, file: string, owner: Owner): Promise<boolean> {
  const text = JSON.stringify(owner);
  try {
    await writeFile(temp, text, { flag: "wx" }).catch((error: unknown) => {
      if (errno(error) !== "EEXIST") throw error;
    });
    await link(temp, file);
    return true;
  } catch (error) {
    switch (errno(error)) {
      case "EEXIST":
      // The holder swept the temporary file away: make it again.
      case "ENOENT":
        return false;
      case "EPERM":
      case "ENOTSUP":
      case "ENOSYS":
        return placeUnlinked(text, file, owner);
      default:
        throw error;
    }
  }
}

/** For file systems without hard links: the file may be seen half written, which waiters bear with for GARBAGE_MS. */
async function placeUnlinked(text: string, file: string, owner: Owner): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return (await look(file))?.id === owner.token;
  } catch (error) {
    if (errno(error) === "EEXIST") return false;
    throw error;
  }
}

/** Replaces a dead owner's file by ours, under a claim on that very owner; false if somebody else was first. */
async function takeOver(base: string, file: string, temp: string, id: string, owner: Owner, options: AcquireOptions): Promise<boolean> {
  const claim = await take(base, `${base}.${id}.claim`, thisOwner(owner.command), options.signal ? { signal: options.signal } : {});
  try {
    if ((await look(file))?.id !== id) return false;
    await writeFile(temp, JSON.stringify(owner));
    await rename(temp, file);
    if (file === base) await sweep(base);
    return true;
  } catch (error) {
    if (errno(error) === "ENOENT") return false;
    throw error;
  } finally {
    await claim.release();
  }
}

/** Removes what takers that died left beside a lease we hold: the owners those claims name are gone for good. */
async function sweep(base: string): Promise<void> {
  const prefix = `${basename(base)}.`;
  for (const name of await readdir(dirname(base))) {
    if (name.startsWith(prefix) && /^[0-9a-f]{16}\.(?:claim|tmp)$/.test(name.slice(prefix.length))) await rm(join(dirname(base), name), { force: true });
  }
}

function held(file: string, owner: Owner): Lease {
  return {
    owner,
    async release() {
      try {
        if (statSync(file).isFile() && parseOwner(readFileSync(file, "utf8"))?.token === owner.token) unlinkSync(file);
      } catch (error) {
        if (errno(error) !== "ENOENT") throw systemError(error, "unlock", file);
      }
    },
  };
}
