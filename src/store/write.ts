import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errno, StoreError, systemError, type OnProblem, type StoreProblem } from "./errors.ts";

const TEMP = /^\.dag-\d+-[0-9a-f]{12}\.tmp$/;

/** A fresh name in a directory for something that is not finished: `.dag-<pid>-<random>.tmp`. Makes nothing. */
export function tempPath(directory: string): string {
  return join(directory, `.dag-${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
}

/** True for the last part of a path tempPath made. */
export function isTempName(name: string): boolean {
  return TEMP.test(name);
}

/**
 * Writes a whole file or leaves what was there: a temporary file beside it, then a rename. Makes the directories it needs. With `fsync` file
 * and directory are on disk when it returns. Throws a StoreError (`no-space`, `read-only`, `no-permission`, `not-a-file` …) and leaves no rest.
 */
export async function writeAtomic(path: string, data: Uint8Array | string | AsyncIterable<string>, options: { fsync?: boolean; mode?: number } = {}): Promise<void> {
  const temp = tempPath(dirname(path));
  try {
    const file = await openMakingDirectory(temp, options.mode);
    try {
      if (typeof data === "string" || data instanceof Uint8Array) await file.writeFile(data);
      else for await (const piece of data) await file.appendFile(piece);
      if (options.fsync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, path);
    if (options.fsync) await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw systemError(error, "write", path);
  }
}

/** As writeAtomic, without leaving the thread and without fsync: for small state files. */
export function writeAtomicSync(path: string, data: Uint8Array | string): void {
  const temp = tempPath(dirname(path));
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temp, data, { flag: "wx" });
    renameSync(temp, path);
  } catch (error) {
    try {
      rmSync(temp, { force: true });
    } catch {
      // The first failure is the one to report.
    }
    throw systemError(error, "write", path);
  }
}

/**
 * Writes a file that only saves work and can be made again: a directory in its place is removed, any other failure is swallowed. True if it
 * was written.
 */
export function writeDerivedSync(path: string, data: Uint8Array | string): boolean {
  for (const last of [false, true]) {
    try {
      writeAtomicSync(path, data);
      return true;
    } catch (error) {
      if (last || !(error instanceof StoreError) || error.reason !== "not-a-file") return false;
      rmSync(path, { recursive: true, force: true });
    }
  }
  return false;
}

/**
 * Reads back what writeDerivedSync wrote: what `parse` makes of it, or undefined where there is no file. A file that `parse` throws on is reported;
 * a form of another version is `parse`'s to return as undefined.
 */
export function readDerivedSync<T>(path: string, parse: (text: string) => T | undefined, onProblem: OnProblem): T | undefined {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    const code = errno(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") onProblem(derivedDamage(path));
    return undefined;
  }
}

/** What is said of a derived file that is not as it was written. */
export const derivedDamage = (path: string): StoreProblem => ({ reason: "damaged", path, message: `${path} is damaged and not used`, advice: "nothing to do: what it held is worked out again" });

async function openMakingDirectory(path: string, mode = 0o666) {
  try {
    return await open(path, "wx", mode);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, "wx", mode);
  }
}

/** Puts a directory's entries on disk; where the system cannot do that (Windows, some network file systems) it does nothing. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (!["EISDIR", "EPERM", "EINVAL", "EACCES", "ENOTSUP"].includes(errno(error) ?? "")) throw systemError(error, "sync", path);
  }
}

/**
 * Puts a finished file or directory at its final place by rename. A file replaces a file in one step; where a directory stands or arrives, what was
 * there is moved aside first and removed after. Both paths lie on one file system.
 */
export async function replace(temp: string, path: string): Promise<void> {
  try {
    await rename(temp, path);
    return;
  } catch (error) {
    if (!["EISDIR", "ENOTDIR", "ENOTEMPTY", "EEXIST", "EPERM"].includes(errno(error) ?? "")) throw systemError(error, "write", path);
  }
  const aside = tempPath(dirname(path));
  try {
    await rename(path, aside);
    try {
      await rename(temp, path);
    } catch (error) {
      await rename(aside, path).catch(() => {});
      throw error;
    }
  } catch (error) {
    throw systemError(error, "write", path);
  }
  await removeTree(aside);
}

/** Removes a file or a whole directory, also one whose files are read-only; nothing there is fine. Links are removed, not followed. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw systemError(error, "remove", path);
  }
}

/** Removes what an interrupted process left in a directory under names tempPath made, this process's own excepted. Returns what was removed. */
export async function sweepTemps(directory: string): Promise<string[]> {
  const removed: string[] = [];
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return removed;
    throw systemError(error, "list", directory);
  }
  for (const name of names) {
    if (!isTempName(basename(name)) || name.startsWith(`.dag-${process.pid}-`)) continue;
    await removeTree(join(directory, name));
    removed.push(name);
  }
  return removed;
}
