import { readSync } from "node:fs";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { StoreError, systemError, type OnProblem } from "./errors.ts";
import { formatLine, HEADER, JOURNAL_VERSION, MAX_LINE, scan, valueOf, type Place } from "./journal-line.ts";
import { syncDirectory, tempPath } from "./write.ts";

export interface JournalOptions {
  /** Told at most once per open of damaged lines or another version, and at most once of lines damaged after that. */
  onProblem?: OnProblem;
  /** Reads only: nothing is written, moved or mended. */
  readonly?: boolean;
}

/** Files smaller than this are not worth compacting. */
const COMPACT_BYTES = 64 << 10;
/** Bytes of one write of the compaction, about. */
const BATCH_BYTES = 1 << 20;
/** Bytes of a line that is read without leaving the thread. */
const SHORT = 1 << 16;

interface Batch {
  entries: Map<string, string>;
  done: Promise<void>;
}

/**
 * An append-only file of finished things: one line per entry with its own checksum, the last line of a key wins. Values are not held in memory,
 * only their places. For one writer at a time (hold a lease); readers may read at any moment.
 */
export class Journal {
  readonly path: string;
  readonly #readonly: boolean;
  readonly #onProblem: OnProblem;
  #index: Map<string, Place>;
  #size: number;
  #live: number;
  #ended: boolean;
  #reader: FileHandle | undefined;
  #writer: FileHandle | undefined;
  /** Gathers appends until the write before it has ended. */
  #waiting: Batch | undefined;
  /** Being written. */
  #writing: Batch | undefined;
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;
  #dirty = false;
  #told = false;

  private constructor(path: string, options: JournalOptions, found: { index: Map<string, Place>; size: number; live: number; ended: boolean }) {
    this.path = path;
    this.#readonly = options.readonly ?? false;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#index = found.index;
    this.#size = found.size;
    this.#live = found.live;
    this.#ended = found.ended;
  }

  /**
   * Opens a journal, or an empty one where there is no file (it is made at the first append). Damaged lines are skipped and reported together; a file
   * of another version is reported and started over; one more than half dead is compacted.
   */
  static async open(path: string, options: JournalOptions = {}): Promise<Journal> {
    const found = await scan(path);
    if (found.version !== undefined && found.version !== JOURNAL_VERSION) {
      options.onProblem?.({ reason: "other-version", path, message: `${path} has version ${found.version}, this is version ${JOURNAL_VERSION}; starting over`, advice: "nothing to do: its items are made again, answers come from the cache" });
      if (!options.readonly) await rm(path, { force: true });
      return new Journal(path, options, { index: new Map(), size: 0, live: 0, ended: true });
    }
    if (found.damaged > 0) {
      const lines = found.damaged === 1 ? "a damaged line" : `${found.damaged} damaged lines`;
      options.onProblem?.({ reason: "damaged", path, message: `${path} has ${lines}; the others are used`, advice: "nothing to do: what is missing is made again, answers come from the cache" });
    }
    const journal = new Journal(path, options, found);
    if (!options.readonly && found.size > COMPACT_BYTES && found.live * 2 < found.size) await journal.compact();
    return journal;
  }

  has(key: string): boolean {
    return this.#index.has(key) || this.#pending(key) !== undefined;
  }

  #pending(key: string): string | undefined {
    return this.#waiting?.entries.get(key) ?? this.#writing?.entries.get(key);
  }

  /** All keys that have been written, in no particular order. */
  keys(): IterableIterator<string> {
    return this.#index.keys();
  }

  /** The JSON text last appended under a key, its checksum checked again; undefined where there is none, or it was damaged since (reported). */
  async read(key: string): Promise<string | undefined> {
    const pending = this.#pending(key);
    if (pending !== undefined) return pending;
    const place = this.#index.get(key);
    if (!place) return undefined;
    try {
      const value = valueOf(await this.#line(place), key);
      if (value !== undefined) return value;
    } catch (error) {
      throw systemError(error, "read", this.path);
    }
    this.#index.delete(key);
    this.#live -= place.length + 1;
    if (!this.#told) this.#onProblem({ reason: "damaged", path: this.path, message: `${this.path} was damaged since it was opened; the lines that are whole are used`, advice: "nothing to do: what is missing is made again, answers come from the cache" });
    this.#told = true;
    return undefined;
  }

  async #line(place: Place): Promise<Buffer> {
    this.#reader ??= await open(this.path, "r");
    const line = Buffer.allocUnsafe(place.length);
    let read = 0;
    while (read < place.length) {
      // A short line takes microseconds from the page cache, ten times less than a trip to the thread pool.
      const count = place.length <= SHORT ? readSync(this.#reader.fd, line, read, place.length - read, place.offset + read) : (await this.#reader.read(line, read, place.length - read, place.offset + read)).bytesRead;
      if (count === 0) break;
      read += count;
    }
    return line.subarray(0, read);
  }

  /**
   * Adds an entry; `value` is JSON text on one line. Many appends are written together; the promise ends when this one has been handed to the system (it
   * then survives the death of the process), and fails with a StoreError where that was not possible (flush and close say so too).
   */
  append(key: string, value: string): Promise<void> {
    if (this.#readonly) throw new StoreError("read-only", this.path, `${this.path} was opened for reading only`);
    if (value.includes("\n")) throw new StoreError("not-json", this.path, "a journal's value is JSON text on one line");
    if (value.length + key.length * 6 > MAX_LINE / 4) throw new StoreError("too-large", this.path, `cannot write ${this.path}: one entry may have ${MAX_LINE >> 22} million characters`);
    this.#waiting ??= this.#open();
    this.#waiting.entries.set(key, value);
    return this.#waiting.done;
  }

  /** A batch that takes appends until the one before it is written and this turn of the event loop is over. */
  #open(): Batch {
    const entries = new Map<string, string>();
    const write = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      this.#writing = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#write(entries);
      } catch (error) {
        throw systemError(error, "write", this.path);
      } finally {
        this.#writing = undefined;
      }
    };
    const done = this.#last.then(write);
    this.#last = done.catch((error: unknown) => {
      this.#failure ??= error;
    });
    return { entries, done };
  }

  async #write(entries: Map<string, string>): Promise<void> {
    if (!this.#writer) {
      await mkdir(dirname(this.path), { recursive: true });
      this.#writer = await open(this.path, "a");
    }
    const opening = this.#size === 0 ? HEADER : this.#ended ? "" : "\n";
    const lines = [Buffer.from(opening)];
    const places: [string, Place][] = [];
    let offset = this.#size + opening.length;
    for (const [key, value] of entries) {
      const line = Buffer.from(`${formatLine(key, value)}\n`);
      lines.push(line);
      places.push([key, { offset, length: line.length - 1 }]);
      offset += line.length;
    }
    try {
      await this.#writer.appendFile(Buffer.concat(lines));
    } catch (error) {
      // Part of it may have been written: the next write begins on a new line.
      this.#size = (await this.#writer.stat()).size;
      this.#ended = this.#size === 0;
      throw error;
    }
    this.#dirty = true;
    this.#ended = true;
    this.#size = offset;
    for (const [key, place] of places) {
      const older = this.#index.get(key);
      if (older) this.#live -= older.length + 1;
      this.#index.set(key, place);
      this.#live += place.length + 1;
    }
  }

  /** Waits for what was appended, then puts it on disk; throws the first failure of an append since the last flush. */
  async flush(): Promise<void> {
    await this.#last;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    if (!this.#writer || !this.#dirty) return;
    try {
      await this.#writer.sync();
      this.#dirty = false;
    } catch (error) {
      throw systemError(error, "sync", this.path);
    }
  }

  /** Flushes and gives the file back. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#closeFiles();
    }
  }

  async #closeFiles(): Promise<void> {
    const files = [this.#reader, this.#writer];
    this.#reader = this.#writer = undefined;
    for (const file of files) await file?.close();
  }

  /** Writes the journal anew beside itself with only the last whole line of each key (of those to keep), and puts it in place by rename. */
  async compact(keep: (key: string) => boolean = () => true): Promise<void> {
    await this.#last;
    if (this.#size === 0) return;
    const temp = tempPath(dirname(this.path));
    const index = new Map<string, Place>();
    try {
      const out = await open(temp, "wx");
      let size = 0;
      try {
        let batch: Buffer[] = [Buffer.from(HEADER)];
        let bytes = HEADER.length;
        for (const [key, place] of [...this.#index].sort((a, b) => a[1].offset - b[1].offset)) {
          if (!keep(key)) continue;
          const line = await this.#line(place);
          if (valueOf(line, key) === undefined) continue;
          index.set(key, { offset: size + bytes, length: line.length });
          batch.push(line, Buffer.from("\n"));
          bytes += line.length + 1;
          if (bytes < BATCH_BYTES) continue;
          await out.appendFile(Buffer.concat(batch));
          size += bytes;
          [batch, bytes] = [[], 0];
        }
        await out.appendFile(Buffer.concat(batch));
        size += bytes;
        await out.sync();
      } finally {
        await out.close();
      }
      await this.#closeFiles();
      await rename(temp, this.path);
      await syncDirectory(dirname(this.path));
      this.#index = index;
      this.#size = size;
      this.#live = size - HEADER.length;
      this.#ended = true;
    } catch (error) {
      await rm(temp, { force: true }).catch(() => {});
      throw systemError(error, "compact", this.path);
    }
  }
}
