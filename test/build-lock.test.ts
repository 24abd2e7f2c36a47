/** The lock as a build writes it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LockWriter } from "../src/build/lock.ts";
import { emptyLock, parseLock, sha256 } from "../src/store/index.ts";

test("cells that finish while the lock is being written are in it in the end, whichever write is slow", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dag-test-lock-"));
  try {
    for (let round = 0; round < 40; round++) {
      const path = join(directory, `${String(round)}.lock`);
      const writer = new LockWriter(path, emptyLock(), -1);
      const ids = Array.from({ length: 12 }, (_, i) => `cell${String(i)}`);
      await Promise.all(ids.map((id) => writer.set(id, { artifact: sha256(id), bytes: 1, path: `${id}.txt`, recipe: sha256(id), inputs: {} })));
      await writer.save();
      expect(Object.keys(parseLock(readFileSync(path, "utf8"), path).lock.cells).sort()).toEqual([...ids].sort());
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
