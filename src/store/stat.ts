import { readFileSync, rmSync, statSync, writeFileSync, type BigIntStats } from "node:fs";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import { hashedDirectory, OPEN_FILES, type HashedDirectory } from "./directory.ts";
import { errno, StoreError, systemError, type OnProblem } from "./errors.ts";
import { hashFile, hashSmallFileSync, requireRegular, sha256, type Hashed, type Sha256 } from "./hash.ts";
import type { ListedFile } from "./listing.ts";
import { forEachLimited } from "./pool.ts";
import { walkFiles } from "./walk.ts";
import { tempPath, writeAtomicSync } from "./write.ts";

/** What the system says of a file without reading it: `size:mtime:ctime:inode`, times in nanoseconds. Equal for two unequal contents only in the racy case. */
export type Signature = string & { readonly __brand: "Signature" };

interface Entry {
  signature: Signature;
  hash: Sha256;
  /** False while an edit in the same tick of the clock could hide behind the signature. */
  trusted: boolean;
  /** Number of the save it was last used before. */
  used: number;
}

const VERSION = 1;
const MS = 1_000_000n;
const SECOND = 1000n * MS;
/** Linux stamps files with a clock that ticks every 1 to 10 ms. */
const GRANULARITY = 20n * MS;
/** A file system that keeps whole (FAT: even) seconds shows it in every time. */
const COARSE_GRANULARITY = 2n * SECOND;
/** Saves an entry may go unused before it is dropped. */
const KEPT_SAVES = 64;

/** The signature of what stands at a path (links followed), undefined where nothing does. Throws a StoreError where the path cannot be looked at. */
export function signatureSync(path: string): Signature | undefined {
  const stats = statOf(path);
  return stats && signatureOf(stats);
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemError(error, "read", path);
  }
}

function signatureOf(stats: BigIntStats): Signature {
  return `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${stats.ino}` as Signature;
}

export interface StatCacheOptions {
  /** Paths below it are kept relative to it; relative paths are taken from it. */
  root: string;
  /** Told once of a damaged state file, one of another version, or one that cannot be written. */
  onProblem?: OnProblem;
  /** Nanoseconds since 1970; the system's clock unless given. */
  now?: () => bigint;
}

/**
 * Content hashes of files, remembered under their stat signatures in one file. A remembered hash is used only if the signature is equal and the
 * hashing had begun later than the file's mtime and ctime by more than the clock's granularity (else an edit could hide in the same tick).
 */
export class StatCache {
  readonly #file: string;
  readonly #root: string;
  readonly #prefix: string;
  readonly #onProblem: OnProblem;
  readonly #now: () => bigint;
  readonly #running = new Map<string, Promise<Sha256 | undefined>>();
  #entries = new Map<string, Entry>();
  #saves = 0;
  #changed = false;
  #lag: bigint | undefined;

  private constructor(file: string, options: StatCacheOptions) {
    this.#file = file;
    this.#root = resolve(options.root);
    this.#prefix = this.#root.endsWith(sep) ? this.#root : this.#root + sep;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#now = options.now ?? (() => BigInt(Date.now()) * MS);
  }

  /** Reads the state file; an absent, damaged or older one gives an empty cache. */
  static load(file: string, options: StatCacheOptions): StatCache {
    const cache = new StatCache(file, options);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (errno(error) !== "ENOENT") cache.#report("damaged", "cannot be read");
      return cache;
    }
    const version = /^\{"version":(\d+),/.exec(text)?.[1];
    if (version === undefined) cache.#report("damaged", "is damaged");
    else if (version !== String(VERSION)) cache.#report("other-version", `has version ${version}, this is version ${VERSION}`);
    else if (!cache.#read(text)) cache.#report("damaged", "is damaged");
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
    if (!this.#changed) return false;
    const saves = this.#saves + 1;
    const rows: string[] = [];
    for (const [key, entry] of this.#entries) {
      if (entry.used < saves - KEPT_SAVES) this.#entries.delete(key);
      else rows.push(`[${JSON.stringify(key)},"${entry.signature}","${entry.hash.slice(7)}",${entry.trusted ? 1 : 0},${entry.used}]`);
    }
    const body = `{"saves":${saves},"files":[\n${rows.join(",\n")}\n]}`;
    try {
      writeAtomicSync(this.#file, `{"version":${VERSION},"checksum":"${sha256(body).slice(7)}","state":${body}}\n`);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#onProblem({ reason: "unwritable", path: this.#file, message: `${error.message}; files are hashed again next time`, advice: error.advice ?? "make the cache directory writable" });
      return false;
    }
    this.#saves = saves;
    this.#changed = false;
    return true;
  }

  #read(text: string): boolean {
    const match = /^\{"version":\d+,"checksum":"([0-9a-f]{64})","state":/.exec(text);
    if (!match || !text.endsWith("}\n")) return false;
    const body = text.slice(match[0].length, -2);
    if (sha256(body) !== `sha256:${match[1]}`) return false;
    // The checksum has proved that these are this version's own bytes.
    const { saves, files } = JSON.parse(body) as { saves: number; files: [string, Signature, string, 0 | 1, number][] };
    for (const [key, signature, hex, trusted, used] of files) this.#entries.set(key, { signature, hash: `sha256:${hex}`, trusted: trusted === 1, used });
    this.#saves = saves;
    return true;
  }

  #report(reason: "damaged" | "other-version", what: string): void {
    this.#changed = true;
    this.#onProblem({ reason, path: this.#file, message: `${this.#file} ${what}; starting over, files are hashed again`, advice: "nothing to do: it is written again" });
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
    requireRegular(stats as unknown as { isFile(): boolean; isDirectory(): boolean }, absolute);
    return this.#look(absolute, stats) ?? "unknown";
  }

  #look(absolute: string, stats: BigIntStats): Sha256 | undefined {
    const entry = this.#entries.get(this.#key(absolute));
    if (!entry?.trusted || entry.signature !== signatureOf(stats)) return undefined;
    entry.used = this.#saves + 1;
    return entry.hash;
  }

  async #hashNow(absolute: string): Promise<Sha256 | undefined> {
    for (let attempt = 1; ; attempt++) {
      const began = this.#began();
      const before = statOf(absolute);
      const hashed = before && (await hashFile(absolute).catch(missing));
      if (this.#record(absolute, began, before, hashed) || attempt === 3) return hashed?.hash;
    }
  }

  /** Remembers a hash if the file stood still around it; false if it changed meanwhile. */
  #record(absolute: string, began: bigint, before: BigIntStats | undefined, hashed: Hashed | undefined): boolean {
    const after = statOf(absolute);
    if (!before || !hashed || !after) return before === undefined && after === undefined;
    const signature = signatureOf(before);
    if (signature !== signatureOf(after)) return false;
    const newest = before.mtimeNs > before.ctimeNs ? before.mtimeNs : before.ctimeNs;
    const coarse = before.mtimeNs % SECOND === 0n && before.ctimeNs % SECOND === 0n;
    const trusted = began > newest + (coarse ? COARSE_GRANULARITY : GRANULARITY);
    this.#entries.set(this.#key(absolute), { signature, hash: hashed.hash, trusted, used: this.#saves + 1 });
    this.#changed = true;
    return true;
  }

  /** Now, by the slower of this machine's clock and that of the file system the state lies on (a file server may lag behind). */
  #began(): bigint {
    const now = this.#now();
    if (this.#lag === undefined) {
      this.#lag = 0n;
      const probe = tempPath(dirname(this.#file));
      try {
        writeFileSync(probe, "", { flag: "wx" });
        const lag = now - statSync(probe, { bigint: true }).mtimeNs;
        if (lag > GRANULARITY) this.#lag = lag;
      } catch {
        // No state directory yet, or a read-only one: nothing to compare with.
      }
      rmSync(probe, { force: true });
    }
    return now - this.#lag;
  }
}

function missing(error: unknown): undefined {
  if (error instanceof StoreError && error.reason === "missing") return undefined;
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
