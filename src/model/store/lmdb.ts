import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { standing, parseOwner, thisOwner } from "../../store/index.ts";
import type { CallKey } from "../key.ts";
import type { Claims, TextStore } from "./types.ts";

/** The embedded store: one LMDB environment. Reads are synchronous from shared memory; writes of one turn share a commit. */
export class LmdbStore implements TextStore {
  readonly opts: { url: string; dialect: string };
  private readonly db: RootDatabase<string, string>;

  private constructor(db: RootDatabase<string, string>, path: string) {
    this.db = db;
    this.opts = { url: path, dialect: "lmdb" };
  }

  static async open(path: string): Promise<LmdbStore> {
    return new LmdbStore(await openEnvironment(path, false), path);
  }

  get(key: string): string | undefined {
    return this.db.get(key);
  }

  /** The first two lines, straight from the mapped page: no copy of the request is made. */
  head(key: string): string | undefined {
    const bytes = this.db.getBinaryFast(key);
    if (bytes === undefined) return undefined;
    const first = bytes.indexOf(10);
    const second = first < 0 ? -1 : bytes.indexOf(10, first + 1);
    return bytes.toString("utf8", 0, second < 0 ? bytes.length : second + 1);
  }

  // Resolves at the commit: a kill of this process no longer takes it away. The disk has it a moment later, at the latest in disconnect.
  set(key: string, value: string): Promise<boolean> {
    return this.db.put(key, value);
  }

  delete(key: string): Promise<boolean> {
    return this.db.remove(key);
  }

  async clear(): Promise<void> {
    await this.db.clearAsync();
  }

  async disconnect(): Promise<void> {
    await this.db.flushed;
    await this.db.close();
  }

  on(): this {
    return this;
  }

  async *keys(): AsyncIterable<string> {
    // In portions: a long walk must not hold one read transaction, nor one turn.
    for (let from: string | undefined = ""; from !== undefined; ) {
      const portion: string[] = [...this.db.getKeys({ start: from, limit: 1000 })];
      yield* portion.filter((key) => key !== from);
      from = portion.length < 1000 ? undefined : portion[portion.length - 1];
    }
  }
}

/** Claims in an environment of their own that is never flushed: they mean nothing after a power cut. */
export class LmdbClaims implements Claims {
  private readonly db: RootDatabase<string, string>;
  private readonly mine = JSON.stringify(thisOwner("buying answers"));

  private constructor(db: RootDatabase<string, string>) {
    this.db = db;
  }

  static async open(path: string): Promise<LmdbClaims> {
    return new LmdbClaims(await openEnvironment(path, true));
  }

  async take(key: CallKey): Promise<boolean> {
    const got = await this.db.ifNoExists(key, () => void this.db.put(key, this.mine));
    if (got) return true;
    const holder = this.db.get(key);
    if (holder !== undefined && holder !== this.mine) {
      const owner = parseOwner(holder);
      if (owner !== undefined && standing(owner) !== "dead") return false;
    }
    return this.db.transaction(() => {
      if (this.db.get(key) !== holder) return false;
      void this.db.put(key, this.mine);
      return true;
    });
  }

  async drop(key: CallKey): Promise<void> {
    if (this.db.get(key) === this.mine) await this.db.remove(key);
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

async function openEnvironment(path: string, volatile: boolean): Promise<RootDatabase<string, string>> {
  const { open } = await import("lmdb");
  mkdirSync(path, { recursive: true });
  return open<string, string>(join(path, "data.mdb"), { encoding: "string", noSync: volatile, mapSize: volatile ? 2 ** 26 : 2 ** 34, cache: false });
}
