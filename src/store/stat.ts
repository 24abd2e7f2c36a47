import { readFileSync, rmSync, statSync, writeFileSync, type BigIntStats } from "node:fs";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import { hashedDirectory, OPEN_FILES, type HashedDirectory } from "./directory.ts";
import { errno, StoreError, type OnProblem } from "./errors.ts";
import { hashFile, hashSmallFileSync, requireRegular, type Hashed, type Sha256 } from "./hash.ts";
import type { ListedFile } from "./listing.ts";
import { forEachLimited } from "./pool.ts";
import { GRANULARITY, isSettled, MS, signatureOf, statOf } from "./signature.ts";
import { formatStatState, parseStatState } from "./stat-file.ts";
import { walkFiles } from "./walk.ts";
import { tempPath, writeAtomicSync } from "./write.ts";

/** Saves an entry may go unused before it is dropped. */
const KEPT_SAVES = 64;

export interface StatCacheOptions {
  /** Paths below it are kept relative to it; relative paths are taken from it. */
  root: string;
  /** Told once of a damaged state file, one of another version, or one that cannot be written. */
  onProblem?: OnProblem;
  /** Writes nothing, neither the state nor a probe of the file system's clock. */
  readOnly?: boolean;
  /** Nanoseconds since 1970; the system's clock unless given. */
  now?: () => bigint;
}

/**
 * Content hashes of files, remembered under their stat signatures in one file. A hash is remembered only if its reading began later than the
 * file's mtime and ctime by more than the clock's granularity: else an edit could hide in the same tick, and the file is read again next time.
 */
export class StatCache {
  readonly #file: string;
  readonly #root: string;
  readonly #prefix: string;
  readonly #onProblem: OnProblem;
  readonly #now: () => bigint;
  readonly #readOnly: boolean;
  readonly #running = new Map<string, Promise<Sha256 | undefined>>();
  readonly #used = new Set<string>();
  #entries = new Map<string, string>();
  #saves = 0;
  #changed = false;
  #lag: bigint | undefined;

  private constructor(file: string, options: StatCacheOptions) {
    this.#file = file;
    this.#root = resolve(options.root);
    this.#prefix = this.#root.endsWith(sep) ? this.#root : this.#root + sep;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#readOnly = options.readOnly ?? false;
    this.#now = options.now ?? (() => BigInt(Date.now()) * MS);
  }

  /** Reads the state file; an absent, damaged or older one gives an empty cache. */
  static load(file: string, options: StatCacheOptions): StatCache {
    const cache = new StatCache(file, options);
    let state: ReturnType<typeof parseStatState>;
    try {
      state = parseStatState(readFileSync(file));
    } catch (error) {
      if (errno(error) === "ENOENT") return cache;
      state = "cannot be read";
    }
    if (typeof state !== "string") {
      cache.#entries = state.entries;
      cache.#saves = state.saves;
      return cache;
    }
    cache.#changed = true;
    const message = `${file} ${state}; starting over, files are hashed again`;
    cache.#onProblem({ reason: state.startsWith("has version") ? "other-version" : "damaged", path: file, message, advice: "nothing to do: it is written again" });
    return cache;
  }

  /** The content hash of a regular file, links followed; undefined where there is none (also a dangling link). Throws a StoreError for anything else. */
  async hash(path: string): Promise<Sha256 | undefined> {
    const absolute = this.#absolute(path);
    const known = this.#known(absolute);
    if (known !== "unknown") return known;
    let running = this.#running.get(absolute);
    if (!running) {
      running = this.#hashNow(absolute).finally(() => this.#running.delete(absolute));
      this.#running.set(absolute, running);
    }
    return running;
  }

  /** As hash, without leaving the thread. */
  hashSync(path: string): Sha256 | undefined {
    const absolute = this.#absolute(path);
    const known = this.#known(absolute);
    if (known !== "unknown") return known;
    for (let attempt = 1; ; attempt++) {
      const began = this.#began();
      const before = statOf(absolute);
      const hashed = before && orMissing(() => hashSmallFileSync(absolute));
      if (this.#record(absolute, began, before, hashed) || attempt === 3) return hashed?.hash;
    }
  }

  /** The hash of a directory (see hashDirectory), each file through this cache. Throws as hashDirectory does. */
  async hashDirectory(path: string): Promise<HashedDirectory> {
    const files: ListedFile[] = [];
    await forEachLimited(walkFiles(this.#absolute(path)), OPEN_FILES, async (file) => {
      const known = this.#look(file.absolute, file.stats) ?? (await this.hash(file.absolute));
      files.push({ path: file.path, hash: present(known, file.absolute), bytes: Number(file.stats.size) });
    });
    return hashedDirectory(files);
  }

  /** As hashDirectory, without leaving the thread. */
  hashDirectorySync(path: string): HashedDirectory {
    const files: ListedFile[] = [];
    for (const file of walkFiles(this.#absolute(path))) {
      const known = this.#look(file.absolute, file.stats) ?? this.hashSync(file.absolute);
      files.push({ path: file.path, hash: present(known, file.absolute), bytes: Number(file.stats.size) });
    }
    return hashedDirectory(files);
  }

  /** Forgets what is remembered of a path, so that the next question reads the file. */
  forget(path: string): void {
    this.#changed = this.#entries.delete(this.#key(this.#absolute(path))) || this.#changed;
  }

  /** Number of files remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Writes the state file if anything changed, and says whether it did. One that cannot be written is a problem, not an error: it only costs time. */
  save(): boolean {
    if (!this.#changed || this.#readOnly) return false;
    const saves = this.#saves + 1;
    for (const [key, entry] of this.#entries) {
      const space = entry.lastIndexOf(" ");
      if (this.#used.has(key)) this.#entries.set(key, `${entry.slice(0, space)} ${saves}`);
      else if (Number(entry.slice(space + 1)) < saves - KEPT_SAVES) this.#entries.delete(key);
    }
    try {
      writeAtomicSync(this.#file, formatStatState({ saves, entries: this.#entries }));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#onProblem({ reason: "unwritable", path: this.#file, message: `${error.message}; files are hashed again next time`, advice: error.advice ?? "make the cache directory writable" });
      return false;
    }
    this.#saves = saves;
    this.#changed = false;
    return true;
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : resolve(this.#root, path);
  }

  #key(absolute: string): string {
    return absolute.startsWith(this.#prefix) ? absolute.slice(this.#prefix.length) : absolute;
  }

  /** The hash if it may be used; undefined if there is no file; "unknown" if it must be read. */
  #known(absolute: string): Sha256 | undefined | "unknown" {
    const stats = statOf(absolute);
    if (!stats) return undefined;
    const known = this.#look(absolute, stats);
    if (known !== undefined) return known;
    requireRegular(stats, absolute);
    return "unknown";
  }

  #look(absolute: string, stats: BigIntStats): Sha256 | undefined {
    const key = this.#key(absolute);
    const entry = this.#entries.get(key);
    const signature = `${signatureOf(stats)} `;
    if (!entry?.startsWith(signature)) return undefined;
    this.#used.add(key);
    return `sha256:${entry.slice(signature.length, signature.length + 64)}`;
  }

  async #hashNow(absolute: string): Promise<Sha256 | undefined> {
    for (let attempt = 1; ; attempt++) {
      const began = this.#began();
      const before = statOf(absolute);
      const hashed = before && (await hashFile(absolute).catch(missing));
      if (this.#record(absolute, began, before, hashed) || attempt === 3) return hashed?.hash;
    }
  }

  /** Remembers a hash if an equal signature will prove it; false if the file changed while it was read. */
  #record(absolute: string, began: bigint, before: BigIntStats | undefined, hashed: Hashed | undefined): boolean {
    const after = statOf(absolute);
    if (!before || !hashed || !after) return before === undefined && after === undefined;
    const signature = signatureOf(before);
    if (signature !== signatureOf(after)) return false;
    if (!isSettled(before, began)) return true;
    const key = this.#key(absolute);
    this.#entries.set(key, `${signature} ${hashed.hash.slice(7)} ${this.#saves + 1}`);
    this.#used.add(key);
    this.#changed = true;
    return true;
  }

  /** Now, by the slower of this machine's clock and that of the file system the state lies on (a file server may lag behind). */
  #began(): bigint {
    const now = this.#now();
    this.#lag ??= this.#readOnly ? 0n : lagBehind(now, dirname(this.#file));
    return now - this.#lag;
  }
}

/** Nanoseconds a file system's clock is behind `now`, 0 within the granularity, or where nothing can be written to find out. */
function lagBehind(now: bigint, directory: string): bigint {
  const probe = tempPath(directory);
  try {
    writeFileSync(probe, "", { flag: "wx" });
    const lag = now - statSync(probe, { bigint: true }).mtimeNs;
    rmSync(probe, { force: true });
    return lag > GRANULARITY ? lag : 0n;
  } catch {
    return 0n;
  }
}

function missing(error: unknown): undefined {
  if (error instanceof StoreError && (error.reason === "missing" || error.reason === "not-a-directory")) return undefined;
  throw error;
}

function orMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return missing(error);
  }
}

function present(hash: Sha256 | undefined, path: string): Sha256 {
  if (hash === undefined) throw new StoreError("missing", path, `cannot read ${path}: it vanished while its directory was hashed`, { advice: "run again when nothing writes there" });
  return hash;
}
