import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hashFile, isSha256, ObjectStore, parseListing, sha256, StoreError, walkFiles } from "../../store/index.ts";
import type { LockFile, Sha256, StatCache } from "../../store/index.ts";
import type { Places } from "../project.ts";

/** An input with more bytes than this is data, not text to be told by its lines. */
export const LARGEST_TEXT = 1 << 22;
/** A directory's list of files may have as many. */
const LARGEST_LIST = 1 << 26;

/** Bytes of artifacts by content, whichever build made them: those of a project's store, and what lies in its artifacts/. Everything found has been checked, and nothing is changed. */
export class Kept {
  private readonly objects: ObjectStore;
  private readonly found = new Map<string, Promise<string | undefined>>();
  private working: Map<string, string> | undefined;

  /** `lock`: what lies in artifacts/, as recorded. `next` is asked where this one has nothing. */
  constructor(
    private readonly places: Places,
    private readonly lock: LockFile,
    private readonly stats: StatCache,
    private readonly next?: Kept,
  ) {
    this.objects = new ObjectStore(places.objects);
  }

  async find(hash: string): Promise<string | undefined> {
    if (!isSha256(hash)) return undefined;
    let known = this.found.get(hash);
    if (known === undefined) this.found.set(hash, (known = this.look(hash)));
    return (await known) ?? this.next?.find(hash);
  }

  async list(hash: string): Promise<{ path: string; hash: Sha256 }[] | undefined> {
    if (!isSha256(hash)) return undefined;
    const listing = this.stored(hash, LARGEST_LIST);
    if (listing !== undefined) return parseListing(listing);
    for (const { artifact, path } of Object.values(this.lock.cells)) {
      if (artifact !== hash) continue;
      try {
        const directory = this.stats.hashDirectorySync(join(this.places.artifacts, path));
        if (directory.hash === hash) return directory.files;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error; // a file, or nothing
      }
    }
    return this.next?.list(hash);
  }

  /** Small bytes as text: a prompt, a param, a list of files. */
  text(hash: Sha256): string | undefined {
    return this.stored(hash, LARGEST_TEXT) ?? this.next?.text(hash);
  }

  private stored(hash: Sha256, most: number): string | undefined {
    try {
      const path = this.objects.pathOf(hash);
      if (lstatSync(path).size > most) return undefined;
      const bytes = readFileSync(path);
      const text = bytes.toString("utf8");
      return sha256(bytes) === hash && bytes.equals(Buffer.from(text)) ? text : undefined;
    } catch {
      return undefined; // freed, or never kept
    }
  }

  private async look(hash: Sha256): Promise<string | undefined> {
    const path = this.objects.pathOf(hash);
    const stored = await hashFile(path).catch(() => undefined);
    if (stored?.hash === hash) return path;
    this.working ??= this.index();
    return this.working.get(hash);
  }

  /** Files below artifacts/ by hash; read only where the store has let something go. */
  private index(): Map<string, string> {
    const index = new Map<string, string>();
    try {
      for (const { absolute } of walkFiles(this.places.artifacts)) {
        const hash = this.stats.hashSync(absolute);
        if (hash !== undefined) index.set(hash, absolute);
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // no artifacts, or something in there that is no file
    }
    return index;
  }
}
