import { constants } from "node:fs";
import { chmod, copyFile, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashedDirectory, OPEN_FILES, type HashedDirectory } from "./directory.ts";
import { errno, StoreError, systemError, type OnProblem } from "./errors.ts";
import { hashFile, isSha256, sha256, type Hashed, type Sha256 } from "./hash.ts";
import { formatListing, parseListing, type ListedFile } from "./listing.ts";
import { forEachLimited } from "./pool.ts";
import { walkFiles } from "./walk.ts";
import { removeTree, replace, syncDirectory, tempPath } from "./write.ts";

/** How it went to bring bytes back: `damaged` has been reported and the object removed. */
export type Restored = "restored" | "missing" | "damaged";

export interface ObjectStoreOptions {
  /** Told of every damaged object. */
  onProblem?: OnProblem;
  /** Put file and directory on disk before an object counts as stored. */
  fsync?: boolean;
}

/**
 * Bytes by content: an object with hash `sha256:abcd…` is the read-only file `ab/cd…` below the directory. Nothing that comes out is trusted
 * before its hash has been checked; a damaged object is removed and reported.
 */
export class ObjectStore {
  readonly directory: string;
  readonly #onProblem: OnProblem;
  readonly #fsync: boolean;

  constructor(directory: string, options: ObjectStoreOptions = {}) {
    this.directory = directory;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#fsync = options.fsync ?? false;
  }

  /** Where the object with this hash lies, or would. */
  pathOf(hash: Sha256): string {
    if (!isSha256(hash)) throw new StoreError("bad-name", this.directory, `not a hash: ${JSON.stringify(hash)}`);
    return join(this.directory, hash.slice(7, 9), hash.slice(9));
  }

  /** Stores a file's content; the hash is that of the copy, so an edit meanwhile cannot be stored under a wrong name. */
  async putFile(path: string): Promise<Hashed> {
    return this.#put(path, (temp) => copyFile(path, temp, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL));
  }

  /** Stores bytes, or a string as UTF-8. */
  async putBytes(data: Uint8Array | string): Promise<Hashed> {
    const hash = sha256(data);
    // An object that is there and whole need not be written again.
    if ((await this.read(hash)) !== undefined) return { hash, bytes: Buffer.byteLength(data) };
    return this.#put(this.pathOf(hash), async (temp) => {
      const file = await open(temp, "wx");
      try {
        await file.writeFile(data);
      } finally {
        await file.close();
      }
    });
  }

  /** Stores every file of a directory, and the directory's listing as an object of its own: its hash is that of the directory. */
  async putDirectory(path: string): Promise<HashedDirectory> {
    const files: ListedFile[] = [];
    await forEachLimited(walkFiles(path), OPEN_FILES, async (file) => {
      files.push({ path: file.path, ...(await this.putFile(file.absolute)) });
    });
    const directory = hashedDirectory(files);
    await this.putBytes(formatListing(directory.files));
    return directory;
  }

  async #put(from: string, fill: (temp: string) => Promise<void>): Promise<Hashed> {
    await this.#make(this.directory);
    const temp = tempPath(this.directory);
    try {
      await fill(temp);
      const hashed = await hashFile(temp);
      await chmod(temp, 0o444);
      if (this.#fsync) await syncFile(temp);
      const path = this.pathOf(hashed.hash);
      await this.#make(dirname(path));
      await replace(temp, path);
      if (this.#fsync) await syncDirectory(dirname(path));
      return hashed;
    } catch (error) {
      await rm(temp, { force: true }).catch(() => {});
      throw systemError(error, "store", from);
    }
  }

  async #make(directory: string): Promise<void> {
    try {
      await mkdir(directory, { recursive: true });
    } catch (error) {
      throw systemError(error, "make", directory);
    }
  }

  /** True if an object of this name is there; its bytes are not checked. */
  async has(hash: Sha256): Promise<boolean> {
    return stat(this.pathOf(hash)).then(
      (stats) => stats.isFile(),
      () => false,
    );
  }

  /** The bytes, checked; undefined where there are none or they were damaged (which is reported). */
  async read(hash: Sha256): Promise<Buffer | undefined> {
    const path = this.pathOf(hash);
    try {
      const bytes = await readFile(path);
      if (sha256(bytes) === hash) return bytes;
      await this.#discard(hash);
      return undefined;
    } catch (error) {
      if (errno(error) === "ENOENT") return undefined;
      return this.#unusable(error, hash);
    }
  }

  /** Checks one object: `ok`, `missing`, or `damaged` (reported and removed). */
  async verify(hash: Sha256): Promise<"ok" | "missing" | "damaged"> {
    try {
      if ((await hashFile(this.pathOf(hash))).hash === hash) return "ok";
      await this.#discard(hash);
    } catch (error) {
      if (error instanceof StoreError && error.reason === "missing") return "missing";
      await this.#unusable(error, hash);
    }
    return "damaged";
  }

  /**
   * Puts a copy of an object at `dest`, replacing the file or directory there in one step once the copy's hash has been checked; otherwise `dest`
   * stays as it was.
   */
  async checkout(hash: Sha256, dest: string): Promise<Restored> {
    await this.#make(dirname(dest));
    const temp = tempPath(dirname(dest));
    try {
      const restored = await this.#copyOut(hash, temp);
      if (restored === "restored") {
        await replace(temp, dest);
        if (this.#fsync) await syncDirectory(dirname(dest));
      }
      return restored;
    } catch (error) {
      throw systemError(error, "write", dest);
    } finally {
      await rm(temp, { force: true }).catch(() => {});
    }
  }

  /** As checkout for a directory: all files are copied and checked beside `dest` first, so a half directory never stands there. */
  async checkoutDirectory(hash: Sha256, dest: string): Promise<Restored> {
    const state = await this.verify(hash);
    const text = state === "ok" ? await this.read(hash) : undefined;
    if (text === undefined) return state === "missing" ? "missing" : "damaged";
    const files = parseListing(text.toString("utf8"));
    if (!files) return "damaged";
    await this.#make(dirname(dest));
    const temp = tempPath(dirname(dest));
    let worst: Restored = "restored";
    try {
      await mkdir(temp);
      await forEachLimited(files, OPEN_FILES, async (file) => {
        const path = join(temp, file.path);
        await mkdir(dirname(path), { recursive: true });
        const restored = await this.#copyOut(file.hash, path);
        if (restored !== "restored") worst = restored;
      });
      if (worst === "restored") await replace(temp, dest);
      return worst;
    } catch (error) {
      throw systemError(error, "write", dest);
    } finally {
      await removeTree(temp);
    }
  }

  /** Copies an object to a path where nothing stands, writable, checked; removes the copy unless it is right. */
  async #copyOut(hash: Sha256, to: string): Promise<Restored> {
    const from = this.pathOf(hash);
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    } catch (error) {
      if (errno(error) === "ENOENT") return "missing";
      if (await stat(from).then((stats) => stats.isFile())) throw error;
      await this.#discard(hash);
      return "damaged";
    }
    if ((await hashFile(to)).hash !== hash) {
      await rm(to, { force: true });
      // A bad copy of a good object is a failing disk, not a damaged object.
      return (await this.verify(hash)) === "ok" ? "missing" : "damaged";
    }
    await chmod(to, 0o666 & ~process.umask());
    if (this.#fsync) await syncFile(to);
    return "restored";
  }

  /** Removes an object; nothing there is fine. */
  async remove(hash: Sha256): Promise<void> {
    await removeTree(this.pathOf(hash));
  }

  async #unusable(error: unknown, hash: Sha256): Promise<undefined> {
    const known = systemError(error, "read", this.pathOf(hash));
    // A directory or a pipe in an object's place is damage; a file we may not read is an error to be seen.
    if (!(known instanceof StoreError) || (known.reason !== "not-a-file" && known.reason !== "special-file")) throw known;
    await this.#discard(hash);
    return undefined;
  }

  /** Moves a damaged object away before removing it, so that a whole one another process puts there meanwhile is not lost. */
  async #discard(hash: Sha256): Promise<void> {
    const path = this.pathOf(hash);
    const aside = tempPath(this.directory);
    let kept = "";
    try {
      await rename(path, aside);
      const whole = await hashFile(aside).then((hashed) => hashed.hash === hash, () => false);
      if (whole) {
        await rename(aside, path);
        return;
      }
      await removeTree(aside);
    } catch (error) {
      if (errno(error) === "ENOENT") return;
      kept = " (and it could not be removed)";
    }
    this.#onProblem({
      reason: "damaged",
      path,
      message: `${path} does not hold what its name says; it is not used${kept}`,
      advice: "nothing to do: what it held is built again when needed",
    });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
