import fc from "fast-check";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyLock, formatLock, parseLock, readLock, sha256, type LockCell, type LockFile, type Sha256 } from "../src/store/index.ts";
import { temporary } from "./store.rig.ts";

const hash = fc.integer({ min: 0, max: 1000 }).map((n) => sha256(String(n)));
const key = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("__proto__", "constructor", "toString", "1", "10", "2", "\ud800", "é", "\u2028", 'a"b', "a\\b", "\u001b[31m", "😀", "\uffee"));
const part = fc.string({ minLength: 1, maxLength: 5 }).filter((text) => !/[/\0]/.test(text) && text !== "." && text !== "..");
const cell = fc.record({ artifact: hash, bytes: fc.maxSafeNat(), path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")), recipe: hash, inputs: fc.dictionary(key, hash, { noNullPrototype: false }) }, { requiredKeys: ["artifact", "bytes", "path", "recipe", "inputs"] });
const locks = fc.array(fc.tuple(key, cell, fc.option(fc.nat(), { nil: undefined }))).map((cells) => lockOf(cells));

function lockOf(cells: readonly (readonly [string, LockCell, number | undefined])[]): LockFile {
  const lock = emptyLock();
  for (const [id, { inputs, ...rest }, records] of cells) lock.cells[id] = { ...rest, inputs: Object.assign(Object.create(null) as object, inputs) as Record<string, Sha256>, ...(records === undefined ? {} : { records }) };
  return lock;
}

const one = (): LockFile => lockOf([["a", { artifact: sha256("a"), bytes: 1, path: "a.json", recipe: sha256("r"), inputs: { code: sha256("c") } }, 2], ["b", { artifact: sha256("b"), bytes: 2, path: "b.json", recipe: sha256("s"), inputs: {} }, undefined]]);

/** The same cells, put in in reverse order. */
function reversed(cells: LockFile["cells"]): LockFile["cells"] {
  const out = emptyLock().cells;
  for (const id of Object.keys(cells).reverse()) out[id] = cells[id] as LockCell;
  return out;
}

describe("the lock file", () => {
  test("what is written is read back, whatever the names, and written again gives equal bytes", () => {
    fc.assert(
      fc.property(locks, (lock) => {
        const text = formatLock(lock);
        const read = parseLock(text, "dag.lock");
        expect(read.problems).toEqual([]);
        expect(Object.keys(read.lock.cells).sort()).toEqual(Object.keys(lock.cells).sort());
        for (const id of Object.keys(lock.cells)) expect(read.lock.cells[id]).toEqual(lock.cells[id]);
        expect(formatLock(read.lock)).toBe(text);
        expect(formatLock({ ...lock, cells: reversed(lock.cells) })).toBe(text);
      }),
    );
  });

  test("it is JSON with sorted keys, two spaces and a newline at the end", () => {
    expect(formatLock(one())).toBe(
      `${JSON.stringify(
        {
          cells: {
            a: { artifact: sha256("a"), bytes: 1, inputs: { code: sha256("c") }, path: "a.json", recipe: sha256("r"), records: 2 },
            b: { artifact: sha256("b"), bytes: 2, inputs: {}, path: "b.json", recipe: sha256("s") },
          },
          version: 1,
        },
        null,
        2,
      )}\n`,
    );
    expect(formatLock(emptyLock())).toBe('{\n  "cells": {},\n  "version": 1\n}\n');
  });

  test("keys are in UTF-16 code-unit order, numbers like names", () => {
    const ids = ["b", "a", "10", "2", "B", "é", "😀", "\uffee", "__proto__", "a@x=1", "a@x=1,y=2", "a b"];
    const template = one().cells["a"] as LockCell;
    const text = formatLock(lockOf(ids.map((id) => [id, template, undefined])));
    const found = [...text.matchAll(/^ {4}("(?:[^"\\]|\\.)*"): \{$/gm)].map((match) => JSON.parse(match[1] as string) as string);
    expect(found).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("an absent file is an empty lock without a problem; an unreadable place is an error", () => {
    const made = temporary();
    expect(readLock(join(made, "dag.lock"))).toEqual({ lock: emptyLock(), problems: [], exists: false });
    mkdirSync(join(made, "dag.lock"));
    expect(() => readLock(join(made, "dag.lock"))).toThrow(expect.objectContaining({ reason: "not-a-file" }));
  });
});

describe("a damaged lock", () => {
  const read = (text: string) => {
    const path = join(temporary(), "dag.lock");
    writeFileSync(path, text);
    const found = readLock(path);
    return { ...found, problems: found.problems.map((problem) => ({ ...problem, path: "dag.lock", message: problem.message.replace(path, "dag.lock"), advice: problem.advice.replace(path, "dag.lock") })) };
  };

  test("as a whole is reported with what to do, and nothing in it is used", () => {
    const whole = formatLock(one());
    for (const [text, reason, message] of [
      [whole.slice(0, 200), "damaged", "dag.lock is not whole JSON; nothing in it is used"],
      ["", "damaged", "dag.lock is empty; nothing in it is used"],
      ["\0\0\0", "damaged", "dag.lock is not whole JSON; nothing in it is used"],
      ["[]", "damaged", "dag.lock is not a lock file; nothing in it is used"],
      ["null", "damaged", "dag.lock is not a lock file; nothing in it is used"],
      ['{"version":1}', "damaged", "dag.lock has no cells; nothing in it is used"],
      ['{"version":1,"cells":[]}', "damaged", "dag.lock has no cells; nothing in it is used"],
      ['{"__proto__":{"version":1,"cells":{}}}', "damaged", "dag.lock is not a lock file; nothing in it is used"],
      ['{"version":0,"cells":{}}', "other-version", "dag.lock has version 0, this is version 1; nothing in it is used"],
      ['{"version":2,"cells":{}}', "other-version", "dag.lock has version 2, this is version 1; nothing in it is used"],
      ['{"version":"1","cells":{}}', "other-version", 'dag.lock has version "1", this is version 1; nothing in it is used'],
    ] as const) {
      const found = read(text);
      expect(found.lock).toEqual(emptyLock());
      expect(found.exists).toBe(true);
      expect(found.problems).toEqual([expect.objectContaining({ reason, message })]);
      expect(found.problems[0]?.advice).not.toBe("");
    }
    expect(read("{").problems[0]?.advice).toBe("`dag run` writes it again, or bring it back with `git checkout dag.lock`");
  });

  test("merge-conflict markers get a message of their own with the line and the way out", () => {
    const lines = formatLock(one()).split("\n");
    const text = [...lines.slice(0, 3), "<<<<<<< HEAD", lines[3], "=======", lines[3], ">>>>>>> other branch", ...lines.slice(4)].join("\n");
    expect(read(text).problems).toEqual([
      {
        reason: "conflict",
        path: "dag.lock",
        message: "dag.lock has git merge-conflict markers (line 4); nothing in it is used",
        advice: "take either side (`git checkout --ours dag.lock`), then `dag run`: what the other side built comes back from the cache",
      },
    ]);
  });

  test("in one entry costs that entry only", () => {
    for (const [change, what] of [
      [{ artifact: "sha256:xyz" }, "has no valid artifact hash"],
      [{ artifact: `sha256:${"A".repeat(64)}` }, "has no valid artifact hash"],
      [{ recipe: undefined }, "has no valid recipe hash"],
      [{ bytes: -1 }, "has no valid size"],
      [{ bytes: 1.5 }, "has no valid size"],
      [{ bytes: "1" }, "has no valid size"],
      [{ path: "../a.json" }, "has a path outside the artifacts"],
      [{ path: "/a.json" }, "has a path outside the artifacts"],
      [{ path: "x/../../a.json" }, "has a path outside the artifacts"],
      [{ path: "" }, "has a path outside the artifacts"],
      [{ path: "a\0b" }, "has a path outside the artifacts"],
      [{ records: -1 }, "has no valid record count"],
      [{ inputs: null }, "has no inputs"],
      [{ inputs: { code: "sha256:" } }, 'has no valid hash of the input "code"'],
    ] as const) {
      const value = JSON.parse(formatLock(one())) as { cells: Record<string, object> };
      Object.assign(value.cells["a"] as object, change);
      const found = read(JSON.stringify(value));
      expect(Object.keys(found.lock.cells)).toEqual(["b"]);
      expect(found.problems).toEqual([{ reason: "entry", entry: "a", path: "dag.lock", message: `dag.lock: the entry "a" ${what} and is not used`, advice: "`dag run` builds or restores that cell" }]);
    }
    expect(read('{"version":1,"cells":{"a":null,"b":[]}}').problems.map(({ message }) => message)).toEqual(['dag.lock: the entry "a" is not an object and is not used', 'dag.lock: the entry "b" is not an object and is not used']);
  });

  test("a flipped bit anywhere never throws and never gives an entry of invalid form", () => {
    const whole = Buffer.from(formatLock(one()));
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [0, 3, 7]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        const { lock } = parseLock(bytes.toString("utf8"), "dag.lock");
        for (const { artifact, recipe, path } of Object.values(lock.cells)) {
          expect(artifact).toMatch(/^sha256:[0-9a-f]{64}$/);
          expect(recipe).toMatch(/^sha256:[0-9a-f]{64}$/);
          expect(path).not.toMatch(/(^|\/)\.\.(\/|$)|^\//);
        }
      }
    }
  });

  test("names from it cannot reach a terminal raw or the prototype of anything", () => {
    const found = read('{"version":1,"cells":{"\\u001b[31m":{},"__proto__":{"artifact":1,"polluted":true}}}');
    for (const { message } of found.problems) expect(message).not.toContain("\u001b");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(found.lock.cells)).toEqual([]);
  });
});

test("ten thousand cells are read and written in linear time", () => {
  const times = [1000, 10_000].map((count) => {
    const template = one().cells["a"] as LockCell;
    const lock = lockOf(Array.from({ length: count }, (_, i) => [`cell@n=${i}`, template, i] as const));
    const began = performance.now();
    expect(Object.keys(parseLock(formatLock(lock), "dag.lock").lock.cells).length).toBe(count);
    return performance.now() - began;
  });
  // Ten times the cells; quadratic would be a hundred. A warm-up and a busy machine are allowed for.
  expect(times[1]).toBeLessThan(Math.max(30 * (times[0] as number), 1000));
});
