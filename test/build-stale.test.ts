/** What makes a cell stale, and what does not. The log of stage runs is the oracle. */
import { statSync, utimesSync } from "node:fs";
import { describe, expect } from "vitest";
import { chain, kinds, pipeline, test, textChain, textStage } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

const seven = ["a", "b", "c", "d", "e", "f", "g"];

/** Builds, and says what ran. */
async function runs(p: Project, ...args: string[]): Promise<string[]> {
  await p.built(...args);
  return p.ran();
}

describe.concurrent.each(kinds)("a chain of %s stages", (kind) => {
  test("the first run builds every stage once, in order, and the second run runs nothing", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    const first = await p.built();
    expect(p.ran()).toEqual(["a", "b", "c"]);
    expect(first.outcomes).toEqual({ ran: ["a", "b", "c"] });
    expect(p.read("artifacts/c.txt")).toBe("one\ntwo\na\nb\nc\n");
    const lock = p.read("dag.lock");
    const second = await p.built();
    expect(p.ran()).toEqual([]);
    expect(second.outcomes).toEqual({ fresh: ["a", "b", "c"] });
    expect(second.done.ok).toBe(true);
    expect(second.done.ran).toEqual([]);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("changed bytes of an input run the stage that reads it and what changes below", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    p.ran();
    p.write({ "in.txt": "one\nthree\n" });
    expect(await runs(p)).toEqual(["a", "b", "c"]);
    expect(p.read("artifacts/c.txt")).toBe("one\nthree\na\nb\nc\n");
    expect(await runs(p)).toEqual([]);
  });

  test("equal output stops the wave", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"], { b: { keep: "head" } });
    await p.built();
    p.ran();
    p.write({ "in.txt": "one\nthree\n" });
    const result = await p.built();
    expect(p.ran()).toEqual(["a", "b"]);
    expect(result.outcomes).toEqual({ ran: ["a", "b"], fresh: ["c"] });
    expect(await runs(p)).toEqual([]);
  });

  test("a touched input does not make a stage stale", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    const later = new Date(Date.now() + 100_000);
    utimesSync(p.path("in.txt"), later, later);
    utimesSync(p.path("pipeline.yaml"), later, later);
    if (kind === "module") utimesSync(p.path("stages/a.ts"), later, later);
    expect(await runs(p)).toEqual([]);
    // … and a file written anew with the same bytes neither.
    p.write({ "in.txt": p.read("in.txt") });
    expect(await runs(p)).toEqual([]);
  });

  test("a touched output does not make a stage stale", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    utimesSync(p.path("artifacts/a.txt"), 1, 1);
    expect(await runs(p)).toEqual([]);
  });

  test("an input changed with its size and mtime put back is noticed", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    const { atime, mtime } = statSync(p.path("in.txt"));
    p.write({ "in.txt": "eno\nowt\n" });
    utimesSync(p.path("in.txt"), atime, mtime);
    expect(await runs(p)).toEqual(["a", "b"]);
  });

  test("an input rewritten right after a build, in the same tick of the clock, is noticed", async ({ p }) => {
    chain(p, kind, ["a"]);
    for (const text of ["aaa", "bbb", "ccc", "ddd"]) {
      p.write({ "in.txt": text });
      expect(await runs(p)).toEqual(["a"]);
    }
  });

  test("a changed declared param runs its stage, an undeclared one runs nothing", async ({ p }) => {
    const stages = textChain(p, kind, ["a", "b"], { a: { extra: { params: ["seed", "deep.inner"] } } });
    const params = { seed: 1, other: 1, deep: { inner: [1], outer: 1 } };
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline(stages, { params }) });
    await p.built();
    p.ran();
    p.write({ "pipeline.yaml": pipeline(stages, { params: { ...params, other: 2, new: 3, deep: { inner: [1], outer: 9 } } }) });
    expect(await runs(p)).toEqual([]);
    p.write({ "pipeline.yaml": pipeline(stages, { params: { ...params, seed: 2 } }) });
    expect(await runs(p)).toEqual(["a"]); // equal output: b stays
    p.write({ "pipeline.yaml": pipeline(stages, { params: { ...params, seed: 2, deep: { inner: [2], outer: 1 } } }) });
    expect(await runs(p)).toEqual(["a"]);
    expect(await runs(p, "-p", "deep.inner=[3]")).toEqual(["a"]);
    expect(await runs(p, "-p", "other=7")).toEqual([]); // back to the file's deep.inner: restored
  });

  test("a param's type counts: 1 is not \"1\"", async ({ p }) => {
    const stages = textChain(p, kind, ["a"], { a: { extra: { params: ["x"] } } });
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline(stages, { params: { x: 1 } }) });
    await p.built();
    p.ran();
    p.write({ "pipeline.yaml": pipeline(stages, { params: { x: "1" } }) });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "pipeline.yaml": pipeline(stages, { params: { x: 1.0 } }) });
    expect(await runs(p)).toEqual([]);
  });

  test("a changed prompt runs its stage, to the byte; an undeclared one runs nothing", async ({ p }) => {
    const stages = textChain(p, kind, ["a"], { a: { extra: { prompts: { ask: "prompts/ask.md" } } } });
    p.write({ "in.txt": "x\n", "prompts/ask.md": "Ask.\n", "prompts/other.md": "Other.\n", "pipeline.yaml": pipeline(stages) });
    await p.built();
    p.ran();
    p.write({ "prompts/other.md": "Changed.\n" });
    expect(await runs(p)).toEqual([]);
    p.write({ "prompts/ask.md": "Ask. \n" });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "prompts/ask.md": "Ask.\r\n" });
    expect(await runs(p)).toEqual(["a"]);
  });

  test("a prompt put back costs nothing", async ({ p }) => {
    const stages = textChain(p, kind, ["a"], { a: { extra: { prompts: { ask: "prompts/ask.md" } } } });
    p.write({ "in.txt": "x\n", "prompts/ask.md": "Ask.\n", "pipeline.yaml": pipeline(stages) });
    await p.built();
    p.write({ "prompts/ask.md": "Ask again.\n" });
    await p.built();
    p.ran();
    p.write({ "prompts/ask.md": "Ask.\n" });
    expect((await p.built()).done.ran).toEqual([]);
    expect(p.ran()).toEqual([]);
  });

  test("a changed schema runs its stage", async ({ p }) => {
    const stages = { a: { ...textStage(p, kind, "a"), output: "a.json" } };
    p.write({ "in.txt": "1\n", "schema.json": { type: "number" }, "other.json": {} });
    if (kind === "module") p.write({ "stages/a.ts": `export default async () => { ${p.markModule('"a"')} return 1; };\n` });
    else Object.assign(stages.a, { cmd: `${p.mark("a")}; cat {files.in} > {output}` });
    Object.assign(stages.a, { schema: "schema.json" });
    p.write({ "pipeline.yaml": pipeline(stages) });
    await p.built();
    p.ran();
    p.write({ "other.json": { changed: true } });
    expect(await runs(p)).toEqual([]);
    p.write({ "schema.json": { type: "number", minimum: 0 } });
    expect(await runs(p)).toEqual(["a"]);
  });

  test("a new file that matches a glob runs the stage; an excluded or unmatched one does not", async ({ p }) => {
    const stage = textStage(p, kind, "a", { extra: { files: { in: "in.txt", seeds: ["seeds/**/*.txt", "!seeds/**/no-*.txt"] } } });
    p.write({ "in.txt": "x\n", "seeds/one.txt": "1", "seeds/deep/two.txt": "2", "pipeline.yaml": pipeline({ a: stage }) });
    await p.built();
    p.ran();
    p.write({ "seeds/deep/no-three.txt": "3", "seeds/four.md": "4", "elsewhere/five.txt": "5" });
    expect(await runs(p)).toEqual([]);
    p.write({ "seeds/deep/more/three.txt": "3" });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "seeds/one.txt": "one" });
    expect(await runs(p)).toEqual(["a"]);
    p.remove("seeds/deep/more/three.txt");
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "seeds/one.txt": "1" });
    expect(await runs(p)).toEqual([]); // the very first state: restored
    // A renamed file is another input, whatever its bytes.
    p.remove("seeds/one.txt");
    p.write({ "seeds/eins.txt": "1" });
    expect(await runs(p)).toEqual(["a"]);
  });

  test("a directory as input counts its files by path and content", async ({ p }) => {
    const stage = textStage(p, kind, "a", { extra: { files: { in: "in.txt", seeds: "seeds/" } } });
    p.write({ "in.txt": "x\n", "seeds/one.txt": "1", "seeds/deep/two.txt": "2", "pipeline.yaml": pipeline({ a: stage }) });
    await p.built();
    p.ran();
    expect(await runs(p)).toEqual([]);
    p.write({ "seeds/deep/three": "" });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "seeds/deep/two.txt": "two" });
    expect(await runs(p)).toEqual(["a"]);
  });

  test("a file behind params.x follows the param", async ({ p }) => {
    const stage = textStage(p, kind, "a", { extra: { files: { in: "params.source" } } });
    p.write({ "in.txt": "x\n", "other.txt": "y\n", "pipeline.yaml": pipeline({ a: stage }, { params: { source: "in.txt" } }) });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("x\na\n");
    expect(await runs(p, "-p", "source=other.txt")).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("y\na\n");
    p.write({ "other.txt": "z\n" });
    expect(await runs(p)).toEqual([]); // back at in.txt, whose result is kept
    expect(p.read("artifacts/a.txt")).toBe("x\na\n");
  });

  test("order of keys, files, needs and comments in the YAML change nothing", async ({ p }) => {
    const first = textStage(p, kind, "a", { extra: { files: { in: "in.txt", other: "other.txt" }, params: ["x", "y"] } });
    const second = textStage(p, kind, "b", { need: "a" });
    const third = textStage(p, kind, "c", { need: "b", extra: { needs: ["a", "b"] } });
    const action = (stage: Record<string, unknown>): string => (kind === "cmd" ? `cmd: ${JSON.stringify(stage["cmd"])}` : `run: ${String(stage["run"])}`);
    p.write({
      "in.txt": "x\n",
      "other.txt": "o\n",
      "pipeline.yaml": `name: test
default: [c]
params: { x: 1, y: { a: 1, b: 2 } }
stages:
  a:
    ${action(first)}
    files: { in: in.txt, other: other.txt }
    params: [x, y]
    output: a.txt
  b:
    ${action(second)}
    needs: [a]
    output: b.txt
  c:
    ${action(third)}
    needs: [a, b]
    output: c.txt
`,
    });
    await p.built();
    p.ran();
    const lock = p.read("dag.lock");
    p.write({
      "pipeline.yaml": `# the same, told otherwise
stages:
  c:
    output: c.txt
    needs:
      - b   # first b
      - a
    ${action(third)}
  b: { output: b.txt, needs: [a], ${action(second)} }
  a:
    params: [y, x]
    output: "a.txt"
    files:
      other: other.txt
      in: in.txt
    ${action(first)}
params:
  "y": { b: 2, a: 1 }
  x: 1
default: [c]
name: test
`,
    });
    expect(await runs(p)).toEqual([]);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("v1, v2, v1 restores the first build without running, byte for byte", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    const artifacts = p.artifacts();
    const lock = p.read("dag.lock");
    p.write({ "in.txt": "v2\n" });
    await p.built();
    expect(p.artifacts()).not.toEqual(artifacts);
    p.ran();
    p.write({ "in.txt": "one\ntwo\n" });
    const back = await p.built();
    expect(p.ran()).toEqual([]);
    expect(back.outcomes).toEqual({ restored: ["a", "b", "c"] });
    expect(p.artifacts()).toEqual(artifacts);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("a target builds only what it needs", async ({ p }) => {
    const stages = { ...textChain(p, kind, ["a", "b", "c"]), side: textStage(p, kind, "side") };
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline(stages, { default: ["c"] }) });
    expect(await runs(p, "b")).toEqual(["a", "b"]);
    expect(p.exists("artifacts/c.txt")).toBe(false);
    expect(await runs(p)).toEqual(["c"]);
    expect(p.exists("artifacts/side.txt")).toBe(false);
    expect(await runs(p, "s*")).toEqual(["side"]);
  });

  test("--force runs a stage though nothing changed, and equal output goes no further", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    p.ran();
    expect(await runs(p, "--force", "b")).toEqual(["b"]);
    expect(await runs(p, "--force")).toEqual(["a", "b", "c"]);
    expect(await runs(p)).toEqual([]);
  });

  test("--force alone runs the targets and all they need; with a stage, that stage alone", async ({ p }) => {
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline({ ...textChain(p, kind, ["a", "b", "c"]), side: textStage(p, kind, "side") }, { default: ["c"] }) });
    await p.built("*");
    p.ran();
    expect(await runs(p, "--force")).toEqual(["a", "b", "c"]);
    expect(await runs(p, "b", "--force")).toEqual(["a", "b"]);
    expect(await runs(p, "c", "side", "--force", "b")).toEqual(["b"]);
    expect(await runs(p, "--force=[ab]", "c")).toEqual(["a", "b"]);
  });

  test("--force with a stage that the targets do not need is wrong usage, and says what to type", async ({ p }) => {
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline({ ...textChain(p, kind, ["a", "b", "c"]), side: textStage(p, kind, "side") }, { default: ["c"] }) });
    await p.built("*");
    p.ran();
    for (const args of [["--force", "side", "b"], ["--force", "c", "b"], ["--force", "side"], ["-n", "--force", "side", "a", "b"]]) {
      const result = await p.dag("run", ...args);
      expect(result.code, args.join(" ")).toBe(2);
      expect(result.stdout).toBe("");
    }
    const refused = await p.dag("run", "--force", "side", "b");
    expect(refused.stderr).toBe("dag: --force side: b does not need it, so it would not run\ndag: type  dag run b side --force side  (it as well) or  dag run b side --force  (everything)\n");
    expect(p.ran()).toEqual([]);
    expect(await runs(p, "b", "side", "--force", "side")).toEqual(["side"]);
    expect(await runs(p, "b", "side", "--force")).toEqual(["a", "b", "side"]);
    expect((await p.dag("run", "--force", "sid")).stderr).toContain('did you mean "side"');
  });

  test("a stage taken out of the pipeline leaves the others fresh", async ({ p }) => {
    const stages = { ...textChain(p, kind, ["a", "b"]), side: textStage(p, kind, "side") };
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline(stages) });
    await p.built();
    p.ran();
    const { side: _, ...rest } = stages;
    p.write({ "pipeline.yaml": pipeline(rest) });
    expect(await runs(p)).toEqual([]);
    p.write({ "pipeline.yaml": pipeline(stages) });
    expect(await runs(p)).toEqual([]);
  });

  test("a clock that runs backwards does not hide a change", async ({ p }) => {
    chain(p, kind, ["a"]);
    await p.built();
    p.ran();
    p.write({ "in.txt": "changed\n" });
    utimesSync(p.path("in.txt"), 1000, 1000);
    expect(await runs(p)).toEqual(["a"]);
  });
});

describe.concurrent("the code of a module", () => {
  test("a comment added to the first of seven stages runs at most that one", async ({ p }) => {
    chain(p, "module", seven);
    await p.built();
    expect(p.ran()).toEqual(seven);
    p.append("stages/a.ts", "// A remark.\n/* and another\n   one */\n");
    expect(await runs(p)).toEqual([]);
  });

  test("formatting is ignored, code is not", async ({ p }) => {
    chain(p, "module", ["a", "b"]);
    await p.built();
    p.ran();
    const code = p.read("stages/a.ts");
    p.write({ "stages/a.ts": code.replaceAll("  ", "\t\t").replaceAll("\n", "\n\n") });
    expect(await runs(p)).toEqual([]);
    p.write({ "stages/a.ts": code.replace('"a\\n"', '"A\\n"') });
    expect(await runs(p)).toEqual(["a", "b"]);
    expect(p.read("artifacts/b.txt")).toBe("one\ntwo\nA\nb\n");
  });

  test("white space inside a string is code", async ({ p }) => {
    p.write({ "stages/a.ts": "export default () => `one two\n`;\n", "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.txt" } }) });
    await p.built();
    p.write({ "stages/a.ts": "export default () => `one  two\n`;\n" });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("one  two\n");
  });

  test("an imported project file counts, through any number of imports; one that is not imported does not", async ({ p }) => {
    p.write({
      "in.txt": "",
      "stages/a.ts": `import { one } from "./lib/one.ts";\nexport default () => { ${p.markModule('"a"')} return one + "\\n"; };\n`,
      "stages/lib/one.ts": 'import { two } from "../../shared/two.ts";\nexport const one = `one ${two}`;\n',
      "shared/two.ts": 'import data from "./data.json" with { type: "json" };\nexport const two = `two ${data.x}`;\n',
      "shared/data.json": '{ "x": 1 }',
      "stages/lib/other.ts": "export const other = 1;\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.txt" } }),
    });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("one two 1\n");
    p.write({ "stages/lib/other.ts": "export const other = 2;\n" });
    expect(await runs(p)).toEqual([]);
    p.write({ "shared/two.ts": `// why\n${p.read("shared/two.ts")}` });
    expect(await runs(p)).toEqual([]);
    p.write({ "shared/data.json": '{ "x": 2 }' });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("one two 2\n");
  });

  test("a package's version counts", async ({ p }) => {
    const install = (version: string, value: number): void => {
      p.write({
        "node_modules/tiny/package.json": { name: "tiny", version, type: "module", main: "index.js", exports: "./index.js" },
        "node_modules/tiny/index.js": `export const value = ${String(value)};\n`,
      });
    };
    install("1.0.0", 1);
    p.write({
      "package.json": { type: "module", dependencies: { tiny: "*" } },
      "stages/a.ts": `import { value } from "tiny";\nexport default () => { ${p.markModule('"a"')} return value; };\n`,
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" } }),
    });
    expect(await runs(p)).toEqual(["a"]);
    expect(await runs(p)).toEqual([]);
    install("1.1.0", 2);
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.json")).toBe("2\n");
  });
});

describe.concurrent("a command", () => {
  test("a changed command runs its stage", async ({ p }) => {
    const stages = (word: string): Record<string, unknown> => pipeline({ a: { cmd: `${p.mark("a")}; echo ${word} > {output}`, output: "a.txt" } });
    p.write({ "pipeline.yaml": stages("one") });
    await p.built();
    p.ran();
    p.write({ "pipeline.yaml": stages("two") });
    expect(await runs(p)).toEqual(["a"]);
    p.write({ "pipeline.yaml": stages("one") });
    expect(await runs(p)).toEqual([]);
    expect(p.read("artifacts/a.txt")).toBe("one\n");
  });

  test("a list and the same words in one argument are different commands", async ({ p }) => {
    const stages = (cmd: string[]): Record<string, unknown> => pipeline({ a: { cmd: ["sh", "-c", `${p.mark("a")}; printf '%s|' "$@" > "$0"`, "{output}", ...cmd], output: "a.txt" } });
    p.write({ "pipeline.yaml": stages(["x y", "z"]) });
    await p.built();
    p.ran();
    p.write({ "pipeline.yaml": stages(["x", "y z"]) });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("x|y z|");
  });

  test("a declared variable counts, an undeclared one neither counts nor is seen", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; echo "\${GREETING-none} \${SECRET-none}" > {output}`, env: ["GREETING"], output: "a.txt" } }) });
    p.env = { ...p.env, GREETING: "hello", SECRET: "one" };
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("hello none\n");
    p.env["SECRET"] = "two";
    expect(await runs(p)).toEqual([]);
    p.env["GREETING"] = "hi";
    expect(await runs(p)).toEqual(["a"]);
    delete p.env["GREETING"]; // unset is not empty
    expect(await runs(p)).toEqual(["a"]);
    p.env["GREETING"] = "";
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe(" none\n");
  });

  test("a project file that the command names counts", async ({ p }) => {
    p.write({ "tools/x.sh": `${p.mark("a")}; echo one > "$1"\n`, "pipeline.yaml": pipeline({ a: { cmd: ["sh", "tools/x.sh", "{output}"], output: "a.txt" } }) });
    expect(await runs(p)).toEqual(["a"]);
    expect(await runs(p)).toEqual([]);
    p.write({ "tools/x.sh": `${p.mark("a")}; echo two > "$1"\n` });
    expect(await runs(p)).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("two\n");
  });
});
