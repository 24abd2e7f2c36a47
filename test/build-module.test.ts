/** Modules as stages: what the function is given, and that it sees nothing else. */
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

const one = (p: Project, code: string, stage: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): Project =>
  p.write({ "stages/a.ts": code, "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json", ...stage } }, rest) });

describe.concurrent("a module", () => {
  test("may be a plain function, defineStage's result, sync or async", async ({ p }) => {
    p.write({
      "stages/a.ts": "export default () => 1;\n",
      "stages/b.ts": 'import { defineStage } from "daguerre";\nexport default defineStage(async () => 2);\n',
      "stages/c.js": "export default async function () { return 3; }\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" }, b: { run: "stages/b.ts", output: "b.json" }, c: { run: "stages/c.js", output: "c.json" } }),
    });
    await p.built();
    expect(["a", "b", "c"].map((name) => p.read(`artifacts/${name}.json`))).toEqual(["1\n", "2\n", "3\n"]);
  });

  test("\"daguerre\" and \"daguerre/stats\" resolve to the running tool where the project has no copy", async ({ p }) => {
    one(p, 'import { defineStage } from "daguerre";\nimport * as stats from "daguerre/stats";\nexport default defineStage(() => Object.keys(stats).length > 0);\n');
    await p.built();
    expect(p.read("artifacts/a.json")).toBe("true\n");
  });

  test.for([
    ["params.other", "params.other", "other"],
    ["a nested param", "params.deep.outer", "outer"],
    ["needs.other", "needs.other", "other"],
    ["files.other", "files.other", "other"],
    ["prompts.other", "prompts.other", "other"],
    ["models.other", "models.other", "other"],
  ] as const)("reading %s undeclared is an error that says what to declare", async ([, expression, name], { p }) => {
    one(p, `export default ({ params, needs, files, prompts, models }) => ({ value: String(${expression}) });\n`, { params: ["seed", "deep.inner"] }, { params: { seed: 1, other: 2, deep: { inner: 1, outer: 2 } } });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain(name);
    expect(result.text).toMatch(/declare|params:|needs:|files:|prompts:|models:/);
  });

  test("dotted params arrive under their dotted names", async ({ p }) => {
    one(p, "export default ({ params }) => [params.seed, params.deep.inner, params.list[1]];\n", { params: ["seed", "deep.inner", "list"] }, { params: { seed: 1, deep: { inner: "x", outer: 0 }, list: [1, { a: 2 }] } });
    await p.built();
    expect(p.read("artifacts/a.json")).toBe('[1,"x",{"a":2}]\n');
  });

  test("needs give records, all, json, text, path, hash and one record by id", async ({ p }) => {
    p.write({
      "people.jsonl": people(3),
      "stages/a.ts": `import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
export default async ({ needs }) => {
  const seen = [];
  for await (const record of needs.people.records()) seen.push(record.id);
  const bytes = readFileSync(needs.people.path);
  return {
    seen, all: (await needs.people.all()).length, text: (await needs.people.text()).length === bytes.length,
    hash: needs.people.hash === "sha256:" + createHash("sha256").update(bytes).digest("hex"),
    get: await needs.people.get("p001"), none: (await needs.people.get("nobody")) === undefined, cells: needs.people.cells().length,
  };
};
`,
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, a: { run: "stages/a.ts", needs: ["people"], output: "a.json" } }),
    });
    await p.built();
    expect(JSON.parse(p.read("artifacts/a.json"))).toEqual({ seen: ["p000", "p001", "p002"], all: 3, text: true, hash: true, get: { id: "p001", n: 1 }, none: true, cells: 1 });
  });

  test("prompts render with Liquid, and an unknown variable names prompt, line and column", async ({ p }) => {
    p.write({ "ask.md": "Hello {{ name }}.\n{% for x in list %}{{ x }};{% endfor %}\n" });
    one(p, 'export default ({ prompts }) => prompts.ask.render({ name: "Ann", list: [1, 2] });\n', { prompts: { ask: "ask.md" } });
    await p.built();
    expect(p.read("artifacts/a.json")).toBe('"Hello Ann.\\n1;2;\\n"\n');
    p.write({ "ask.md": "Hello {{ name }}.\n  {{ missing }}\n" });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toMatch(/ask\.md:2:\d+/);
    expect(result.text).toContain("missing");
  });

  test.for([["Math.random", "Math.random()"], ["Date.now", "Date.now()"], ["new Date", "new Date().toISOString()"], ["the environment", "process.env.SECRET_THING ?? null"]] as const)(
    "%s in a stage is refused, or the same in every run",
    async ([, expression], { p }) => {
      p.env["SECRET_THING"] = "leaked";
      one(p, `export default () => ({ x: ${expression} });\n`);
      const first = await p.run();
      if (first.code === 0) {
        const bytes = p.read("artifacts/a.json");
        expect(bytes).not.toContain("leaked");
        await p.built("--force");
        expect(p.read("artifacts/a.json")).toBe(bytes);
      } else {
        expect(first.code).toBe(1);
        expect(first.text).toMatch(/reproducible|declare|random\(/);
      }
    },
  );

  test("new Date with a time from the data is allowed", async ({ p }) => {
    one(p, 'export default () => new Date("2024-10-14T00:00:00Z").toISOString();\n');
    await p.built();
    expect(p.read("artifacts/a.json")).toBe('"2024-10-14T00:00:00.000Z"\n');
  });

  test("an exception names stage, file and line of the source, not of the bundle", async ({ p }) => {
    one(p, '// one\n// two\n\nexport default () => {\n  throw new Error("a stage gave up");\n};\n');
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("a stage gave up");
    expect(result.stderr).toMatch(/stages\/a\.ts:5/);
    expect(result.stderr).not.toContain("node:internal");
  });

  test("a syntax error names file, line and column, and other stages still run with -k", async ({ p }) => {
    p.write({ "stages/a.ts": "export default () => {\n  return (1;\n};\n", "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" }, b: { cmd: `${p.mark("b")}; touch {output}`, output: "b.txt" } }) });
    const result = await p.dag("run", "-k");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/stages\/a\.ts:2:\d+/);
    expect(p.ran()).toEqual(["b"]);
  });

  test("a module without a default function, and one that is not there, are named", async ({ p }) => {
    one(p, "export const x = 1;\n");
    const none = await p.dag("run");
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("stages/a.ts");
    expect(none.stderr).toContain("default");
    p.write({ "pipeline.yaml": pipeline({ a: { run: "stages/nothing.ts", output: "a.json" } }) });
    const missing = await p.dag("run");
    expect([1, 2]).toContain(missing.code);
    expect(missing.stderr).toContain("stages/nothing.ts");
  });

  test("an import that does not resolve is named with its place", async ({ p }) => {
    one(p, 'import { x } from "./lib/none.ts";\nexport default () => x;\n');
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/stages\/a\.ts:1:\d+/);
    expect(result.stderr).toContain("./lib/none.ts");
  });

  test("process.exit in a stage fails the stage and not the tool", async ({ p }) => {
    one(p, "export default () => { process.exit(0); };\n");
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.done.ok).toBe(false);
    expect(p.exists("artifacts/a.json")).toBe(false);
  });

  test("a promise that nobody awaited fails its stage in words", async ({ p }) => {
    one(p, 'export default async () => { void Promise.reject(new Error("left alone")); await new Promise((go) => setTimeout(go, 30)); return 1; };\n');
    const result = await p.run();
    expect(result.text).toContain("left alone");
    expect(result.code).toBe(1);
  });

  test("a stage that waits for nothing for ever is a failure, not a silent success", async ({ p }) => {
    for (const extra of [{}, { timeout: "10m" }]) {
      one(p, "export default () => new Promise(() => undefined);\n", extra);
      const result = await p.run();
      expect(result.code).toBe(1);
      expect(result.events.find(({ cell }) => cell === "a")).toMatchObject({ outcome: "failed", message: "the stage waits for something that never comes: a promise that nothing is left to settle" });
    }
  });

  test("console.log of a stage goes to stderr, and log() too", async ({ p }) => {
    one(p, 'export default ({ log }) => { console.log("from console"); log("from log"); return 1; };\n');
    const result = await p.run();
    expect(result.outcomes).toEqual({ ran: ["a"] });
    const plain = await p.dag("run", "--force");
    expect(plain.stdout).toBe("");
    expect(plain.stderr).toContain("from console");
    expect(plain.stderr).toContain("from log");
  });

  test("a large output may be streamed to `output`", async ({ p }) => {
    one(p, 'import { createWriteStream } from "node:fs";\nexport default async ({ output }) => { const s = createWriteStream(output); for (let i = 0; i < 1000; i++) s.write("line " + i + "\\n"); await new Promise((go) => s.end(go)); };\n', { output: "a.txt" });
    await p.built();
    expect(p.read("artifacts/a.txt").split("\n")).toHaveLength(1001);
  });

  test("a frozen input: changing a param or record in one stage is not seen by another", async ({ p }) => {
    p.write({
      "stages/a.ts": "export default ({ params }) => { try { params.list.push(3); } catch {} return params.list.length; };\n",
      "stages/b.ts": "export default ({ params }) => params.list.length;\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", params: ["list"], output: "a.json" }, b: { run: "stages/b.ts", needs: ["a"], params: ["list"], output: "b.json" } }, { params: { list: [1, 2] } }),
    });
    await p.built("-j", "1");
    expect(p.read("artifacts/b.json")).toBe("2\n");
  });
});
