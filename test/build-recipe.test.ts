/** What enters a recipe, to the byte: orders, partials, links, packages, places. The log of stage runs is the oracle. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import { pipeline, test, tree } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** Writes files beside the project. */
function beside(p: Project, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(p.base, name)), { recursive: true });
    writeFileSync(join(p.base, name), content);
  }
}

/** Builds, and says what ran. */
async function runs(p: Project, ...args: string[]): Promise<string[]> {
  await p.built(...args);
  return p.ran();
}

describe.concurrent("a gathered need", () => {
  const two = (p: Project, noise: unknown[]): void => {
    p.write({
      "pipeline.yaml": pipeline({
        a: { run: "stages/a.ts", matrix: { noise }, output: "a.json" },
        b: { run: "stages/b.ts", needs: ["a"], output: "b.json" },
      }),
    });
  };
  const stages = (p: Project): void => {
    p.write({
      "stages/a.ts": "export default async ({ axis }) => Number(axis.noise);\n",
      "stages/b.ts": `export default async ({ needs }) => { ${p.markModule('"b"')} return needs.a.cells().map((cell) => cell.axis.noise); };\n`,
    });
  };

  test("in another order is another input", async ({ p }) => {
    stages(p);
    two(p, [0.1, 0.2]);
    expect(await runs(p)).toEqual(["b"]);
    two(p, [0.2, 0.1]);
    expect(await runs(p)).toEqual(["b"]);
    expect((await p.dag("why", "b")).stdout).toContain("order of cells: a@noise=0.1 a@noise=0.2 → a@noise=0.2 a@noise=0.1");
    expect(JSON.parse(p.read("artifacts/b.json"))).toEqual([0.2, 0.1]);
  });

  test("with axis values of another type is another input", async ({ p }) => {
    stages(p);
    two(p, [0.1, 0.2]);
    await runs(p);
    two(p, ["0.1", "0.2"]);
    expect(await runs(p)).toEqual(["b"]);
    expect((await p.dag("why", "b")).stdout).toContain('a@noise=0.1: axis values [0.1] → ["0.1"]');
    expect(JSON.parse(p.read("artifacts/b.json"))).toEqual(["0.1", "0.2"]);
  });

  test("waits with one reason, however many cells it has", async ({ p }) => {
    stages(p);
    two(p, [1, 2, 3]);
    const status = await p.dag("status");
    expect(status.stdout).toContain("needs.a: 3 cells will be rebuilt");
    expect(status.stdout).not.toContain("a@noise=1 will be rebuilt");
  });

  test("of a thousand cells by a thousand cells is planned in seconds", async ({ p }) => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    p.write({
      "pipeline.yaml": pipeline({
        a: { cmd: "echo > {output}", matrix: { i: values }, output: "a.txt" },
        b: { cmd: "cat {needs.a} > {output}", needs: ["a"], matrix: { j: values }, output: "b.txt" },
      }),
    });
    const began = performance.now();
    const status = await p.dag("status");
    expect(status.stdout).toContain("needs.a: 1000 cells will be rebuilt");
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe.concurrent("a prompt", () => {
  const stage = (p: Project, prompts: Record<string, string>): void => {
    p.write({
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", prompts: { m: "prompts/m.md" }, output: "a.txt" } }),
      "stages/a.ts": `export default async ({ prompts }) => { ${p.markModule('"a"')} return prompts.m.render({ which: "tone" }); };\n`,
      ...Object.fromEntries(Object.entries(prompts).map(([name, text]) => [`prompts/${name}`, text])),
    });
  };

  test.for(['{%render"tone"%}', '{% liquid render "tone" %}', "{% liquid\n  assign x = 1\n  include 'tone'\n%}", '{% if true %}{%- render "tone.md" -%}{% endif %}', '{% render "deep/outer" %}'])("renders what it was hashed with: %s", async (text, { p }) => {
    stage(p, { "m.md": text, "tone.md": "soft", "deep/outer.md": '{% render "tone" %}' });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt").trim()).toBe("soft");
    p.write({ "prompts/tone.md": "harsh" });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt").trim()).toBe("harsh");
    expect((await p.dag("why", "a")).stdout).toContain("prompts/tone.md:1\n    - soft\n    + harsh\n");
  });

  test("names its partials with .md, .liquid or .txt, and does not name those in raw text", async ({ p }) => {
    stage(p, { "m.md": '{% render "t.txt" %} {% render "l.liquid" %} {% raw %}{% render "nope" %}{% endraw %}', "t.txt": "one", "l.liquid": "two" });
    await p.built();
    expect(p.read("artifacts/a.txt")).toContain('one two {% render "nope" %}');
    p.write({ "prompts/t.txt": "uno" });
    expect(await runs(p)).toEqual(["a", "a"]);
  });

  test.for([
    ["{% render which %}", 'name partials literally: {% render "name" %}'],
    ['{% include "{{which}}" %}', 'name partials literally: {% include "name" %}'],
    ['{% render "../in" %}', 'partial "../in" lies outside prompts/'],
    ['{% render "absent" %}', "prompts/absent.md: no such file"],
  ] as const)("that could render anything else is refused: %s", async ([text, message], { p }) => {
    stage(p, { "m.md": text, "tone.md": "soft" });
    p.write({ "in.md": "x" });
    const { code, text: said } = await p.dag("run");
    expect(code).toBe(2);
    expect(said).toContain(message);
    expect(p.ran()).toEqual([]);
  });
});

describe.concurrent("stage code", () => {
  const module = (p: Project, body: string): string => `${body.split("\n")[0] ?? ""}\nexport default async () => { ${p.markModule('"a"')} return v; };\n`;
  const one = (p: Project): void => {
    p.write({ "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" } }) });
  };

  test("behind a link that leads elsewhere is other code", async ({ p }) => {
    one(p);
    p.write({ "impl1/a.ts": module(p, "const v = 1;"), "impl2/a.ts": module(p, "const v = 2;") });
    mkdirSync(p.path("stages"));
    symlinkSync("../impl1/a.ts", p.path("stages/a.ts"));
    expect(await runs(p)).toEqual(["a"]);
    rmSync(p.path("stages/a.ts"));
    symlinkSync("../impl2/a.ts", p.path("stages/a.ts"));
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.json").trim()).toBe("2");
  });

  test("is the same whichever way led to the project", async ({ p }) => {
    one(p);
    p.write({ "stages/a.ts": module(p, 'import { v } from "../lib/v.ts";'), "lib/v.ts": "export const v = 1;\n" });
    await p.built();
    rmSync(p.path("cache/state/code.json"));
    symlinkSync(p.root, join(p.base, "link"));
    const status = await p.with({ cwd: p.base }, "-C", "link", "status");
    expect(status.code).toBe(0);
    expect(p.read("dag.lock")).not.toContain("link");
  });

  test("whose import another file or package would now answer is other code", async ({ p }) => {
    one(p);
    beside(p, { "node_modules/dep/package.json": '{"name":"dep","version":"1.0.0","type":"module","main":"i.js"}', "node_modules/dep/i.js": "export default 1;\n" });
    p.write({ "stages/a.ts": module(p, 'import dep from "dep"; import { u } from "../lib/util"; import { t } from "../top"; const v = [dep, u, t];'), "lib/util/index.ts": "export const u = 1;\n", "top/index.ts": "export const t = 1;\n" });
    await p.built();
    expect(await runs(p)).toEqual(["a"]);
    expect(await runs(p)).toEqual([]);
    p.write({ "node_modules/dep/package.json": '{"name":"dep","version":"2.0.0","type":"module","main":"i.js"}', "node_modules/dep/i.js": "export default 2;\n" });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "lib/util.ts": "export const u = 2;\n" });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "top.ts": "export const t = 2;\n" });
    expect(await runs(p)).toEqual(["a"]);
    expect(JSON.parse(p.read("artifacts/a.json"))).toEqual([2, 2, 2]);
  });
});

describe.concurrent("files outside of the project", () => {
  const stage = (p: Project, files: unknown): void => {
    p.write({
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", files: { x: files }, output: "a.json" } }),
      "stages/a.ts": `export default async ({ files }) => { ${p.markModule('"a"')} return Promise.all(files.x.names.map(async (name) => [name, await files.x.text(name)])); };\n`,
    });
  };

  test("are found by absolute and relative globs alike, and no path of the machine is in the recipe", async ({ p }) => {
    beside(p, { "ext/f.txt": "f", "ext/deep/g.txt": "g", "ext/no.txt": "no" });
    p.write({ "in.txt": "in" });
    stage(p, [`${p.base}/ext/**/*.txt`, `!${p.base}/ext/no.txt`]);
    expect(await runs(p)).toEqual(["a"]);
    expect(JSON.parse(p.read("artifacts/a.json"))).toEqual([["deep/g.txt", "g"], ["f.txt", "f"]]);
    stage(p, ["../ext/**/*.txt", "!../ext/no.txt"]);
    expect(await runs(p)).toEqual([]);
    stage(p, [`${p.base}/ext/f.txt`, `${p.base}/ext/deep/`, `${p.root}/in.txt`]);
    await p.built();
    expect(JSON.parse(p.read("artifacts/a.json"))).toEqual([["deep/g.txt", "g"], ["f.txt", "f"], ["in.txt", "in"]]);
  });

  test("with the same name stay two", async ({ p }) => {
    beside(p, { "one/x.txt": "1", "two/x.txt": "2" });
    stage(p, ["../one/*.txt", "../two/*.txt"]);
    await p.built();
    expect(JSON.parse(p.read("artifacts/a.json"))).toEqual([["2/x.txt", "2"], ["x.txt", "1"]]);
  });
});

test("code put back is restored although other code read a file by itself", async ({ p }) => {
  const version = (schema: string): string => `export default async ({ models }) => { ${p.markModule('"a"')} return (await models.m.chat({ prompt: "x"${schema} })).text ?? ""; };\n`;
  p.write({
    "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", models: ["m"], output: "a.txt" } }, { models: { m: { provider: "offline", model: "offline" } } }),
    "s.json": { type: "object", properties: { name: { type: "string" } }, required: ["name"], additionalProperties: false },
    "stages/a.ts": version(""),
  });
  await p.built();
  p.write({ "stages/a.ts": version(', schema: "s.json"') });
  await p.built();
  expect(p.ran()).toEqual(["a", "a"]);
  p.write({ "stages/a.ts": version("") });
  expect((await p.built()).outcomes).toEqual({ restored: ["a"] });
  expect(p.ran()).toEqual([]);
});

test("a look at the project writes nothing, not for a moment", async ({ p }) => {
  p.write({ "in.txt": "x", "pipeline.yaml": pipeline({ a: { cmd: "cat {files.in} > {output}", files: { in: "in.txt" }, output: "a.txt" } }) });
  await p.built();
  p.write({ "in.txt": "y" });
  const before = tree(p.path("cache"));
  const stamp = readdirSync(p.path("cache/state")).length;
  const { mtimeMs } = statSync(p.path("cache/state"));
  for (const verb of [["status"], ["run", "-n"], ["why", "a"]]) await p.dag(...verb);
  expect(tree(p.path("cache"))).toEqual(before);
  expect(readdirSync(p.path("cache/state")).length).toBe(stamp);
  expect(statSync(p.path("cache/state")).mtimeMs).toBe(mtimeMs);
  expect(existsSync(p.path("cache/tmp")) && readdirSync(p.path("cache/tmp")).length > 0).toBe(false);
});

test("a package of the project itself, linked into node_modules, is the project's code", async ({ p }) => {
  p.write({
    "packages/own/package.json": { name: "own", version: "1.0.0", type: "module", exports: { import: "./index.ts" } },
    "packages/own/index.ts": 'import { word } from "./word.ts";\nexport const shout = (text: string): string => text + word;\n',
    "packages/own/word.ts": 'export const word = "!";\n',
    "node_modules/far/package.json": { name: "far", version: "1.0.0", type: "module", exports: "./index.js" },
    "node_modules/far/index.js": 'export default "far";\n',
    "stages/a.ts": 'import far from "far";\nimport { shout } from "own";\nexport default () => shout(far);\n',
    "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.txt" } }),
  });
  symlinkSync("../packages/own", p.path("node_modules/own"));
  await p.built();
  expect(p.read("artifacts/a.txt")).toBe("far!");
  p.write({ "packages/own/word.ts": '// a comment\nexport const word = "!";\n' });
  expect((await p.built()).done.ran).toEqual([]);
  p.write({ "packages/own/word.ts": 'export const word = "?";\n' });
  expect((await p.built()).done.ran).toEqual(["a"]);
  expect(p.read("artifacts/a.txt")).toBe("far?");
});
