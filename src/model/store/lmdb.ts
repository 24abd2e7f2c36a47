import { hash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RootDatabase } from "lmdb";
import { removeTree, thisOwner } from "../../store/index.ts";
import type { CallKey } from "../key.ts";
import { CallError } from "../types.ts";
import { Holders, RENEW_MS } from "./claim.ts";
import { isSound, markSound, mend } from "./mend.ts";
import { Room } from "./room.ts";
import type { Claims, TextStore } from "./types.ts";

/** Address space of the two environments, in bytes. */
const MAP = { answers: 2 ** 34, claims: 2 ** 26 };

/** A paid answer is not given up at once where the disk is full: a stage that fails of it gives its room back. */
const PATIENCE_MS = 5000;
const RETRY_MS = 250;

/** The embedded store: one LMDB environment. Reads are synchronous from shared memory; writes of one turn share a commit. */
export class LmdbStore implements TextStore {
  readonly opts: { url: string; dialect: string };
  private readonly db: RootDatabase<string, string>;
  private readonly room: Room;

  private constructor(
    db: RootDatabase<string, string>,
    path: string,
    private readonly readOnly: boolean,
  ) {
    this.db = db;
    this.room = new Room(path);
    this.opts = { url: path, dialect: "lmdb" };
  }

  /**
   * `readOnly`: on a disk that takes no writing, as what is there still counts. A damaged one is made anew with every answer that is whole, and
   * `tell` hears of it.
   */
  static async open(path: string, { readOnly = false, tell = () => {} }: { readOnly?: boolean; tell?: ((line: string) => void) | undefined } = {}): Promise<LmdbStore> {
    if (!(await isSound(path, MAP.answers, readOnly))) {
      if (readOnly) throw new CallError("store", `the call store ${path} is damaged and cannot be written; work in a copy of the project, where what is whole is saved`);
      const mended = await mend(dirname(path), basename(path), MAP.answers, fill);
      if (mended !== undefined) tell(`the call store ${path} was damaged: ${mended.saved === 1 ? "1 answer that is whole is" : `${mended.saved} answers that are whole are`} taken over, others are asked for again or come back with \`dag cache import\`; the damaged file is kept as ${mended.kept}`);
    }
    return new LmdbStore(await openEnvironment(path, { readOnly }), path, readOnly);
  }

  get(key: string): string | undefined {
    // What another process has committed until now: within one turn LMDB would go on reading what it saw at first.
    this.db.resetReadTxn();
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

  ready(): void {
    if (this.readOnly) throw new CallError("store", `the call store ${this.opts.url} cannot be written: no answer is bought that could not be kept; make it writable, or choose another with DAG_CACHE`);
    this.room.require();
  }

  // Resolves at the commit: a kill of this process no longer takes it away. The disk has it a moment later, at the latest in disconnect.
  async set(key: string, value: string): Promise<boolean> {
    for (const began = performance.now(); ; await delay(RETRY_MS)) {
      try {
        return await this.db.put(key, value);
      } catch (error) {
        if (performance.now() - began > PATIENCE_MS) throw await causeOf(error);
      }
    }
  }

  delete(key: string): Promise<boolean> {
    return this.db.remove(key);
  }

  async clear(): Promise<void> {
    await this.db.clearAsync();
  }

  async disconnect(): Promise<void> {
    if (!this.readOnly) await this.db.flushed;
    await this.db.close();
    if (!this.readOnly) markSound(this.opts.url);
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
  private readonly mine = JSON.stringify(thisOwner("buying answers"));
  private readonly holders = new Holders(() => performance.now());
  private held = 0;
  private beats = 0;
  private renewal: NodeJS.Timeout | undefined;

  private constructor(
    private readonly db: RootDatabase<string, string>,
    private readonly path: string,
  ) {}

  static async open(path: string): Promise<LmdbClaims> {
    // Claims mean nothing beyond the moment.
    if (!(await isSound(path, MAP.claims))) await removeTree(path);
    return new LmdbClaims(await openEnvironment(path, { volatile: true }), path);
  }

  async take(key: CallKey): Promise<boolean> {
    const taken = (await this.db.ifNoExists(key, () => void this.db.put(key, this.mine))) || (await this.takeOver(key));
    if (taken) {
      this.held++;
      this.renewal ??= setInterval(() => this.beat(), RENEW_MS).unref();
    }
    return taken;
  }

  private async takeOver(key: CallKey): Promise<boolean> {
    const holder = this.db.get(key);
    if (holder !== undefined && holder !== this.mine && !this.holders.dead(holder, () => this.db.get(lifeOf(holder)) ?? "")) return false;
    return this.db.transaction(() => {
      if (this.db.get(key) !== holder) return false;
      void this.db.put(key, this.mine);
      return true;
    });
  }

  async drop(key: CallKey): Promise<void> {
    if (this.db.get(key) !== this.mine) return;
    this.held--;
    await this.db.remove(key);
  }

  async close(): Promise<void> {
    clearInterval(this.renewal);
    if (this.beats > 0) await this.db.remove(lifeOf(this.mine));
    await this.db.close();
    markSound(this.path);
  }

  /** A sign of life, for those in another container or on another machine. */
  private beat(): void {
    if (this.held > 0) void this.db.put(lifeOf(this.mine), String(++this.beats));
  }
}

const lifeOf = (holder: string): string => `life ${hash("sha256", holder, "hex")}`;

async function openEnvironment(path: string, { volatile = false, readOnly = false }): Promise<RootDatabase<string, string>> {
  const { open } = await import("lmdb");
  if (!readOnly) mkdirSync(path, { recursive: true });
  // A new one is mapped into memory: where its pages find no room the system would end the process.
  if (!readOnly && !existsSync(join(path, "data.mdb"))) new Room(path).require();
  hearFailures();
  return open<string, string>(join(path, "data.mdb"), { encoding: "string", readOnly, noSync: volatile, mapSize: volatile ? MAP.claims : MAP.answers, cache: false });
}

/** Writes entries into a new environment; how many there are. */
async function fill(directory: string, entries: AsyncIterable<{ key: string; text: string }>): Promise<number> {
  const db = await openEnvironment(directory, {});
  let count = 0;
  for await (const { key, text } of entries) {
    if (db.doesExist(key)) continue;
    await db.put(key, text);
    count++;
  }
  await db.flushed;
  await db.close();
  return count;
}

/** What the system said of a commit that failed. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  return commitError === undefined ? error : Promise.race([commitError.then(() => error, (cause: unknown) => cause), delay(1000, error, { ref: false })]);
}

let heard = false;

/**
 * A commit that fails makes lmdb print a stack and reject promises of its own that nobody can hold, which would end the process. Who wrote
 * hears of it through the write's own promise: the rest is left unsaid.
 */
function hearFailures(): void {
  if (heard) return;
  heard = true;
  const ofCommit = (error: unknown): boolean => error instanceof Error && ("commitError" in error || ("code" in error && typeof error.code === "number"));
  process.on("unhandledRejection", (error) => {
    if (!ofCommit(error)) throw error;
  });
  const print = console.error.bind(console);
  console.error = (...words: unknown[]) => {
    if (words.length !== 1 || !ofCommit(words[0])) print(...words);
  };
}
