import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { StatsBase } from "node:fs";
import { canonicalJson } from "./canonical.ts";
import { StoreError, systemError } from "./errors.ts";

/** The SHA-256 of some bytes, as `sha256:` and 64 lower-case hex digits. */
export type Sha256 = `sha256:${string}`;

/** What was hashed and how many bytes it had. */
export interface Hashed {
  hash: Sha256;
  bytes: number;
}

const CHUNK = 1 << 20;
// Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** True for `sha256:` followed by exactly 64 lower-case hex digits. */
export function isSha256(value: unknown): value is Sha256 {
  if (typeof value !== "string" || value.length !== 71 || !value.startsWith("sha256:")) return false;
  // A lock of 10,000 cells holds 100,000 hashes: this loop takes a third of the time of an expression.
  for (let i = 7; i < 71; i++) {
    const code = value.charCodeAt(i);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

/** The hash of bytes, or of a string as UTF-8. */
export function sha256(data: Uint8Array | string): Sha256 {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

/** The hash of a value's canonical JSON (RFC 8785); throws as canonicalJson does. */
export function hashJson(value: unknown): Sha256 {
  return sha256(canonicalJson(value));
}

/**
 * The hash of a regular file, links followed: what `sha256sum` prints. Reads in pieces of 1 MiB, so memory is bounded.
 * Throws a StoreError: `missing` (also a dangling link), `not-a-file` for a directory, `special-file` for a pipe, socket or device.
 */
export async function hashFile(path: string): Promise<Hashed> {
  try {
    const file = await open(path, READ);
    try {
      const stats = await file.stat();
      requireRegular(stats, path);
      const hash = createHash("sha256");
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(stats.size + 1, 4096)));
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        bytes += bytesRead;
      }
      return { hash: `sha256:${hash.digest("hex")}`, bytes };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw systemError(error, "read", path);
  }
}

/** As hashFile, without leaving the thread: for the hot path, where a file is a few kilobytes. */
export function hashSmallFileSync(path: string): Hashed {
  try {
    const file = openSync(path, READ);
    try {
      const stats = fstatSync(file);
      requireRegular(stats, path);
      const hash = createHash("sha256");
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(stats.size + 1, 4096)));
      let bytes = 0;
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
        hash.update(buffer.subarray(0, read));
        bytes += read;
      }
      return { hash: `sha256:${hash.digest("hex")}`, bytes };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw systemError(error, "read", path);
  }
}

/** Throws unless the stats are those of a regular file. */
export function requireRegular(stats: Pick<StatsBase<number | bigint>, "isFile" | "isDirectory">, path: string): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new StoreError("not-a-file", path, `cannot read ${path}: it is a directory`, { advice: "name a file, or end the path with a slash where a directory is meant" });
  throw new StoreError("special-file", path, `cannot read ${path}: it is a pipe, socket or device, not a file`, { advice: "put a regular file there" });
}
