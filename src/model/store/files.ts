import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isTempName, tempPath, thisOwner, writeAtomic } from "../../store/index.ts";
import type { CallKey } from "../key.ts";
import { CallError } from "../types.ts";
import { Holders, RENEW_MS } from "./claim.ts";
import { Room } from "./room.ts";
import type { Claims, TextStore } from "./types.ts";

const HEX = /^[0-9a-f]{62}$/;

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/** One file per answer under `ab/<rest of the key>`: for file systems that LMDB's shared memory does not work on. */
export class FileStore implements TextStore {
  readonly opts: { url: string; dialect: string };
  private readonly root: string;
  private readonly room: Room;

  constructor(root: string) {
    this.root = root;
    this.room = new Room(root);
    this.opts = { url: root, dialect: "file" };
  }

  private path(key: string): string {
    const hex = key.slice("sha256:".length);
    return join(this.root, hex.slice(0, 2), hex.slice(2));
  }

  async get(key: string): Promise<string | undefined> {
    try {
      return await readFile(this.path(key), "utf8");
    } catch (error) {
      if (missing(error)) return undefined;
      throw error;
    }
  }

  ready(): void {
    makeDirectory(this.root);
    this.room.require();
  }

  async set(key: string, value: string): Promise<boolean> {
    await writeAtomic(this.path(key), value, { fsync: true });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    await rm(this.path(key), { force: true });
    return true;
  }

  async clear(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async disconnect(): Promise<void> {}

  on(): this {
    return this;
  }

  async *keys(): AsyncIterable<string> {
    for (const folder of await list(this.root)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      for (const name of await list(join(this.root, folder))) if (HEX.test(name) && !isTempName(name)) yield `sha256:${folder}${name}`;
    }
  }
}

/** Makes a directory and those above it. Node's own recursive mkdir never ends where a directory takes none (/proc). Throws a CallError of kind `store`. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (!existsSync(path)) throw new CallError("store", `the call store ${path} cannot be made: ${(error as Error).message}; choose another place with DAG_CACHE`, { cause: error });
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (missing(error)) return [];
    throw error;
  }
}

/** Claims as files, made whole by link(2): a claim is there with its owner, or not at all. Touched while held, for those who cannot look at the owner. */
export class FileClaims implements Claims {
  private readonly mine = JSON.stringify(thisOwner("buying answers"));
  private readonly holders: Holders;
  private readonly held = new Set<string>();
  private beats = 0;
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly root: string,
    now: () => number = () => performance.now(),
  ) {
    this.holders = new Holders(now);
  }

  private path(key: string): string {
    return join(this.root, key.slice("sha256:".length));
  }

  async take(key: CallKey): Promise<boolean> {
    const path = this.path(key);
    const taken = this.link(path) || this.takeOver(path);
    if (taken) {
      this.held.add(path);
      this.renewal ??= setInterval(() => this.renew(), RENEW_MS).unref();
    }
    return taken;
  }

  private takeOver(path: string): boolean {
    const holder = read(path);
    if (holder === undefined) return this.link(path);
    if (holder !== this.mine && !this.holders.dead(holder, () => `${statSync(path, { throwIfNoEntry: false })?.mtimeMs}`)) return false;
    // Between reading and removing, a third process may have taken it over; then an answer is bought twice, never lost.
    if (read(path) === holder) rmSync(path, { force: true });
    return this.link(path);
  }

  async drop(key: CallKey): Promise<void> {
    const path = this.path(key);
    this.held.delete(path);
    if (read(path) === this.mine) rmSync(path, { force: true });
  }

  async close(): Promise<void> {
    clearInterval(this.renewal);
  }

  private renew(): void {
    this.beats++;
    for (const path of this.held) {
      try {
        // Any other time will do: it is a counter, not a clock.
        utimesSync(path, this.beats, this.beats);
      } catch (error) {
        if (!missing(error)) throw error;
      }
    }
  }

  private link(path: string): boolean {
    makeDirectory(this.root);
    const temp = tempPath(dirname(path));
    writeFileSync(temp, this.mine, { flag: "wx" });
    try {
      linkSync(temp, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      rmSync(temp, { force: true });
    }
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}
