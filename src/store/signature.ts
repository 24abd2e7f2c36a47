import { statSync, type BigIntStats } from "node:fs";
import { errno, systemError } from "./errors.ts";

/** What the system says of a file without reading it: `size:mtime:ctime:inode`, times in nanoseconds since 1970. */
export type Signature = string & { readonly __brand: "Signature" };

export const MS = 1_000_000n;
const SECOND = 1000n * MS;
/** Linux stamps files with a clock that ticks every 1 to 10 ms. */
export const GRANULARITY = 20n * MS;
/** A file system that keeps whole (FAT: even) seconds shows it in every time. */
const COARSE_GRANULARITY = 2n * SECOND;

/** The signature of what stands at a path (links followed), undefined where nothing does. Throws a StoreError where the path cannot be looked at. */
export function signatureSync(path: string): Signature | undefined {
  const stats = statOf(path);
  return stats && signatureOf(stats);
}

/** The stats of what a path leads to, undefined where it leads nowhere. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // Below a file there is nothing.
    if (errno(error) === "ENOTDIR") return undefined;
    throw systemError(error, "read", path);
  }
}

export function signatureOf(stats: BigIntStats): Signature {
  return `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${stats.ino}` as Signature;
}

/**
 * Whether an equal signature will prove equal content from now on. False while an edit after the reading began could fall into the same tick of the
 * clock as the times in the stats, and for times in the future.
 */
export function isSettled(stats: BigIntStats, beganNs: bigint): boolean {
  const newest = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  const coarse = stats.mtimeNs % SECOND === 0n && stats.ctimeNs % SECOND === 0n;
  return beganNs > newest + (coarse ? COARSE_GRANULARITY : GRANULARITY);
}
