/** What a stage module may import, and what it is told where it may not. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project, Result } from "./rig/index.ts";

function stage(p: Project, source: string, files: Record<string, unknown> = {}): Project {
  return p.write({ "pipeline.yaml": pipeline({ a: { run: "stages/a.ts" } }), "stages/a.ts": source, ...files });
}

/** A run that fails with exit 1, and never as if by a fault of the tool's own. */
async function failing(p: Project): Promise<string> {
  const { code, text }: Result = await p.dag("run");
  expect(code).toBe(1);
  expect(text).not.toMatch(/internal error|npm install [^\n]|dist\//);
  return text;
}

describe.concurrent("an import", () => {
  test("of one JSON file with and without its attribute is one input", async ({ p }) => {
    stage(p, 'import d from "../lib/d.json" with { type: "json" };\nimport { e } from "../lib/h.ts";\nexport default () => [{ id: "x", d, e }];\n', {
      "lib/d.json": { k: 1 },
      "lib/h.ts": 'import d from "./d.json";\nexport const e = d;\n',
    });
    await p.built();
    expect(p.read("artifacts/a.jsonl")).toBe('{"d":{"k":1},"e":{"k":1},"id":"x"}\n');
    expect((await p.built()).outcomes).toEqual({ fresh: ["a"] });
    p.write({ "lib/d.json": { k: 2 } });
    expect((await p.built()).outcomes).toEqual({ ran: ["a"] });
    const why = await p.dag("why", "a");
    expect(why.stdout).toMatch(/lib\/d\.json: \w+ → \w+/);
  });

  test("of a file as text counts to its last comment, whatever its ending", async ({ p }) => {
    stage(p, 'import t from "../lib/h.ts" with { type: "text" };\nexport default () => [{ id: "x", t }];\n', { "lib/h.ts": "export {};\n" });
    await p.built();
    p.append("lib/h.ts", "// a comment\n");
    expect((await p.built()).outcomes).toEqual({ ran: ["a"] });
    expect(p.read("artifacts/a.jsonl")).toContain("a comment");
  });

  test("of a package that nobody declared is told its place, and never what to install", async ({ p }) => {
    stage(p, 'const x = 1;\nimport helper from "lodsh";\nexport default () => [helper, x];\n');
    expect(await failing(p)).toContain('stages/a.ts:2:20: cannot find package "lodsh": package.json does not list it');
    p.write({ "package.json": { dependencies: { lodash: "4.17.21" } } });
    expect(await failing(p)).toContain('did you mean "lodash"?');
    p.write({ "stages/a.ts": 'import helper from "lodash";\nexport default () => [helper];\n' });
    expect(await failing(p)).toMatch(/package "lodash" is in package\.json but not installed: npm install\n/);
  });

  test("by a path of tsconfig.json, or by a bare path, is told the relative one", async ({ p }) => {
    stage(p, 'import { helper } from "@lib/deep/h";\nexport default () => [helper];\n', { "lib/deep/h.ts": "export const helper = 1;\n", "tsconfig.json": '{\n  // aliases\n  "compilerOptions": { "paths": { "@lib/*": ["lib/*"] } },\n}\n' });
    expect(await failing(p)).toContain('stages/a.ts:1:24: cannot find "@lib/deep/h": paths of tsconfig.json are not followed; import it by its relative path, "../lib/deep/h.ts"');
    p.write({ "stages/a.ts": 'import { helper } from "lib/deep/h";\nexport default () => [helper];\n' });
    expect(await failing(p)).toContain('did you mean the file "../lib/deep/h.ts"?');
  });

  test("of a name that daguerre does not export is told the nearest, with its place", async ({ p }) => {
    stage(p, 'import { defineStge } from "daguerre";\nexport default defineStge(() => []);\n');
    expect(await failing(p)).toContain('stages/a.ts:1:10: "daguerre" exports no "defineStge": did you mean "defineStage"?');
    p.write({ "stages/a.ts": 'import { parse, nope } from "yaml";\nexport default () => [parse, nope];\n' });
    expect(await failing(p)).toContain('stages/a.ts:1:17: "yaml" exports no "nope"');
  });

  test("of a name worked out while running is refused when it is planned", async ({ p }) => {
    stage(p, 'const n = "../lib/h.ts";\nexport default async () => [(await import(n)).h];\n', { "lib/h.ts": "export const h = 1;\n" });
    expect(await failing(p)).toContain('stages/a.ts:2:36: a stage names what it imports literally, so that it counts as an input: import("../lib/x.ts")');
  });
});

describe.concurrent("stage code", () => {
  test("that asks where it lies is told to declare the file", async ({ p }) => {
    stage(p, 'import { readFileSync } from "node:fs";\nexport default () => [String(readFileSync(new URL("../lib/d.json", import.meta.url)))];\n', { "lib/d.json": {} });
    const text = await failing(p);
    expect(text).toContain("import.meta.url leads nowhere in a stage, whose code runs from the cache: to read a file declare it (files: { data: <path> }) and use files.data");
    expect(text).toContain("at stages/a.ts:2:");
    p.write({ "stages/a.ts": 'import { here } from "../lib/h.cjs";\nexport default () => [here()];\n', "lib/h.cjs": "exports.here = () => __dirname;\n" });
    expect(await failing(p)).toContain("__dirname leads nowhere in a stage");
  });

  for (const [asked, source] of Object.entries({
    "crypto.randomUUID()": 'import { randomUUID } from "node:crypto";\nexport default () => [{ id: randomUUID() }];\n',
    "crypto.randomBytes()": 'import * as c from "crypto";\nexport default () => [{ id: c.randomBytes(4).toString("hex") }];\n',
    "crypto.getRandomValues()": "export default () => [{ id: String(crypto.getRandomValues(new Uint8Array(2))) }];\n",
    "performance.now()": "export default () => [{ id: String(performance.now()) }];\n",
    "performance.timeOrigin": 'import { performance as p } from "node:perf_hooks";\nexport default () => [{ id: String(p.timeOrigin) }];\n',
    "os.hostname()": 'import os from "node:os";\nexport default () => [{ id: os.hostname() }];\n',
    "process.hrtime.bigint()": "export default () => [{ id: String(process.hrtime.bigint()) }];\n",
    "process.env.HOME": 'import process from "node:process";\nexport default () => [{ id: String(process.env.HOME) }];\n',
  }))
    test(`that uses ${asked} is refused with its line and what to use instead`, async ({ p }) => {
      const text = await failing(stage(p, source));
      expect(text).toMatch(new RegExp(`${asked.replace(/[.()]/g, "\\$&")} is not reproducible in a stage: (use random|declare a param)`));
      expect(text).toMatch(/at stages\/a\.ts:[12]:/);
    });

  test("keeps the rest of those modules, and names of its own", async ({ p }) => {
    stage(
      p,
      `import crypto, { createHash, Hash } from "node:crypto";
import os, { EOL } from "os";
import { performance } from "node:perf_hooks";
performance.mark("start");
const process = "own";
export default () => [{ id: createHash("md5").update("a").digest("hex"), b: crypto.createHash("md5").update("a").digest("hex"), c: createHash("md5") instanceof Hash, d: os.EOL === EOL, process }];
`,
    );
    await p.built();
    expect(p.read("artifacts/a.jsonl")).toBe('{"b":"0cc175b9c0f1b6a831c399e269772661","c":true,"d":true,"id":"0cc175b9c0f1b6a831c399e269772661","process":"own"}\n');
  });

  test("that throws where nobody waits is named with its line", async ({ p }) => {
    stage(p, 'export default () => new Promise(() => {\n  setTimeout(() => {\n    throw new Error("late");\n  }, 1);\n});\n');
    expect(await failing(p)).toMatch(/stages\/a\.ts: late\n\s+at stages\/a\.ts:3:11/);
    p.write({ "stages/a.ts": 'export default async () => {\n  void Promise.reject("text");\n  await new Promise(() => setTimeout(() => {}, 60_000));\n};\n' });
    expect(await failing(p)).toContain('stages/a.ts: a promise nobody waited for was rejected with "text"');
  });
});
