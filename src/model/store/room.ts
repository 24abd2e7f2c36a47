import { statfsSync } from "node:fs";
import { CallError } from "../types.ts";

/** What must be free before an answer is paid for: answers under way, and the pages a commit of LMDB writes, have room in it. */
const RESERVE = 4 * 2 ** 20;
/** With so much free, the disk is not asked again for a moment. */
const PLENTY = 64 * RESERVE;
const MOMENT_MS = 250;

/** The room on the disk that a store lies on. */
export class Room {
  private askedAt = -Infinity;
  constructor(private readonly directory: string) {}

  /** Throws a CallError where the disk is full, or as good as full. */
  require(): void {
    const now = performance.now();
    if (now - this.askedAt < MOMENT_MS) return;
    const { blocks, bavail, bsize } = statfsSync(this.directory);
    const free = bavail * bsize;
    if (free >= PLENTY) this.askedAt = now;
    // Some file systems do not say how large they are.
    if (blocks > 0 && free < RESERVE) throw new CallError("store", `the call store ${this.directory} has no room for another answer: the disk is full (${(free / 2 ** 20).toFixed(1)} MB are left); free some space (\`dag cache gc\` frees what no lock needs), then run again: every answer bought is kept`);
  }
}
