import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "../src/build/jsonl.ts";

async function linesOf(source: Parameters<typeof readLines>[0]): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readLines(source)) lines.push(...batch);
  return lines;
}

test("lines come out whole, however the bytes are cut into pieces", async () => {
  const line = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll("\n", "\u2028"));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const pieces: Buffer[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) pieces.push(bytes.subarray(at, (at += cuts[i % cuts.length] ?? 1)));
      expect(await linesOf((async function* () { yield* pieces; })())).toEqual(lines);
    }),
  );
});

test("a line that does not end is an error that names the file, not a process out of memory", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dag-lines-"));
  const path = join(directory, "endless.jsonl");
  // A hole in the file: no disk is used.
  writeFileSync(path, "");
  truncateSync(path, (1 << 28) + (1 << 20));
  await expect(linesOf(path)).rejects.toThrow(`${path}: a line has more than 256 MiB: JSON Lines have one record a line`);
  rmSync(directory, { recursive: true });
});
