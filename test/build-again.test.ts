/** A run with nothing to do is answered without planning. Whatever could change the answer must end that: each of these, after such a run. */
import { linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** A project of every kind of input, built, and run until nothing is left to do. */
async function settled(p: Project): Promise<void> {
  p.write({
    "in.txt": "one\n", "ask.md": "Ask.\n", "seeds/a.txt": "a", "seeds/deep/b.txt": "b", "glob/x.txt": "x", "schema.json": {},
    "stages/m.ts": `import { lib } from "./lib.ts";\nimport { value } from "tiny";\nexport default async ({ files }) => { ${p.markModule('"m"')} return { lib, value, names: files.glob.names }; };\n`,
    "stages/lib.ts": "export const lib = 1;\n",
    "tools/t.sh": "cat \"$1\" > \"$2\"\n",
    "node_modules/tiny/package.json": { name: "tiny", version: "1.0.0", type: "module", exports: "./index.js" },
    "node_modules/tiny/index.js": "export const value = 1;\n",
    "pipeline.yaml": pipeline({
      c: { cmd: `${p.mark("c")}; sh tools/t.sh {files.in} {output}; cat {prompts.ask} >> {output}; echo "\${WORD-none}" >> {output}`, files: { in: "in.txt" }, prompts: { ask: "ask.md" }, env: ["WORD"], output: "c.txt" },
      m: { run: "stages/m.ts", files: { glob: "glob/**/*.txt" }, schema: "schema.json", output: "m.json" },
      d: { cmd: `${p.mark("d")}; mkdir -p {output}/deep; cp {files.seeds}/a.txt {output}; cp {files.seeds}/deep/b.txt {output}/deep`, files: { seeds: "seeds/" }, output: "d/" },
      e: { cmd: `${p.mark("e")}; cat {needs.c} > {output}`, needs: ["c"], params: ["x"], output: "e.txt" },
    }, { params: { x: 1 } }),
  });
  for (let i = 0; i < 3; i++) expect((await p.dag("run")).code).toBe(0);
  expect(p.ran()).toEqual(["c", "d", "e", "m"]);
  const idle = await p.dag("run");
  expect(idle.code).toBe(0);
  expect(p.ran()).toEqual([]);
}

/** Other bytes of the same length, times put back. */
function secretly(p: Project, name: string): void {
  const { atime, mtime, size } = statSync(p.path(name));
  writeFileSync(p.path(name), "#".repeat(size));
  utimesSync(p.path(name), atime, mtime);
}

/** Replaced by rename, as editors do, times put back. */
function byRename(p: Project, name: string, text: string): void {
  const { atime, mtime } = statSync(p.path(name));
  writeFileSync(p.path(`${name}.new`), text);
  utimesSync(p.path(`${name}.new`), atime, mtime);
  renameSync(p.path(`${name}.new`), p.path(name));
}

const changes: [string, (p: Project) => void, string[]][] = [
  ["an input secretly edited", (p) => { secretly(p, "in.txt"); }, ["c", "e"]],
  ["an input replaced by rename", (p) => { byRename(p, "in.txt", "two\n"); }, ["c", "e"]],
  ["an input replaced by a link to other bytes", (p) => { p.write({ "other.txt": "two\n" }); rmSync(p.path("in.txt")); symlinkSync("other.txt", p.path("in.txt")); }, ["c", "e"]],
  ["an input replaced by a hard link to other bytes", (p) => { p.write({ "other.txt": "two\n" }); rmSync(p.path("in.txt")); linkSync(p.path("other.txt"), p.path("in.txt")); }, ["c", "e"]],
  ["a prompt", (p) => { p.write({ "ask.md": "ask.\n" }); }, ["c", "e"]],
  ["a program", (p) => { p.write({ "tools/t.sh": "tac \"$1\" > \"$2\"; echo >> \"$2\"\n" }); }, ["c", "e"]],
  ["a schema", (p) => { p.write({ "schema.json": { type: "object" } }); }, ["m"]],
  ["an imported file", (p) => { p.write({ "stages/lib.ts": "export const lib = 2;\n" }); }, ["m"]],
  ["a package's version", (p) => { p.write({ "node_modules/tiny/package.json": { name: "tiny", version: "1.0.1", type: "module", exports: "./index.js" } }); }, ["m"]],
  ["a new file that a glob matches", (p) => { p.write({ "glob/new.txt": "" }); }, ["m"]],
  ["a new file that a glob matches, in a new directory", (p) => { p.write({ "glob/new/deep/new.txt": "" }); }, ["m"]],
  ["a file deep in an input directory", (p) => { p.write({ "seeds/deep/b.txt": "B" }); }, ["d"]],
  ["a new file deep in an input directory", (p) => { p.write({ "seeds/deep/c.txt": "c" }); }, ["d"]],
  ["an environment variable", (p) => { p.env["WORD"] = "hello"; }, ["c", "e"]],
  ["a param", (p) => { p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace('"x": 1', '"x": 2') }); }, ["e"]],
];

const harms: [string, (p: Project) => void][] = [
  ["an output secretly edited", (p) => { secretly(p, "artifacts/c.txt"); }],
  ["an output replaced by rename", (p) => { byRename(p, "artifacts/e.txt", "forged\n"); }],
  ["an output deleted", (p) => { p.remove("artifacts/m.json"); }],
  ["an output that became a directory", (p) => { p.remove("artifacts/m.json"); mkdirSync(p.path("artifacts/m.json")); }],
  ["a file deep in a directory output secretly edited", (p) => { secretly(p, "artifacts/d/deep/b.txt"); }],
  ["a file added deep in a directory output", (p) => { p.write({ "artifacts/d/deep/c.txt": "" }); }],
  ["all outputs deleted", (p) => { p.remove("artifacts"); }],
  ["the lock deleted", (p) => { p.remove("dag.lock"); }],
  ["the lock edited", (p) => { p.write({ "dag.lock": p.read("dag.lock").replace(/"recipe": "sha256:..../, '"recipe": "sha256:0000') }); }],
  ["the lock secretly edited", (p) => { secretly(p, "dag.lock"); }],
];

describe.concurrent("after a run with nothing to do", () => {
  test.for(changes)("%s runs what it should", async ([, change, expected], { p }) => {
    await settled(p);
    change(p);
    const result = await p.dag("run");
    expect(result.code, result.stderr).toBe(0);
    expect(p.ran()).toEqual(expected);
    expect((await p.dag("status")).code).toBe(0);
  });

  test.for(harms)("%s is noticed and put back without running", async ([, harm], { p }) => {
    await settled(p);
    const artifacts = p.artifacts();
    const lock = p.read("dag.lock");
    harm(p);
    const result = await p.dag("run");
    expect(result.code, result.stderr).toBe(0);
    expect(p.ran()).toEqual([]);
    expect(p.artifacts()).toEqual(artifacts);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("other arguments are another question", async ({ p }) => {
    await settled(p);
    expect((await p.dag("run", "-p", "x=7")).code).toBe(0);
    expect(p.ran()).toEqual(["e"]);
    expect((await p.dag("run", "--force", "c")).code).toBe(0);
    expect(p.ran()).toEqual(["c"]);
    expect((await p.dag("run", "--force", "c")).code).toBe(0);
    expect(p.ran()).toEqual(["c"]);
    expect((await p.dag("run", "nothing-like-it")).code).toBe(2);
  });

  test("another directory is another project, however it is named", async ({ p }) => {
    await settled(p);
    p.write({ "sub/pipeline.yaml": pipeline({ s: { cmd: `${p.mark("sub")}; touch {output}`, output: "s.txt" } }) });
    for (let i = 0; i < 3; i++) expect((await p.dag("run", "-Csub")).code).toBe(0);
    expect(p.ran()).toEqual(["sub"]);
    // The same words, one directory further down, where there is no such project.
    expect((await p.with({ cwd: p.path("sub") }, "run", "-Csub")).code).toBe(2);
    for (let i = 0; i < 3; i++) expect((await p.with({ cwd: p.path("sub") }, "run")).code).toBe(0);
    expect(p.ran()).toEqual([]);
  });
});
