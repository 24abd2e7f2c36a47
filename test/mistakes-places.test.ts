/** The tool's own places, and artifacts, are no input files: neither by name nor by pattern. */
import { describe, expect } from "vitest";
import { test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

const yaml = (files: string, more = ""): string => `stages:
  c: { cmd: "echo c > {output}", output: c.txt }
  dir: { cmd: "mkdir -p {output}; echo d > {output}/x", output: deep/dir/ }
  a: { cmd: "find . -type f | sort > {output}", output: a.txt, files: ${files} }
${more}`;

async function refused(p: Project, files: string, ...args: string[]): Promise<string> {
  p.write({ "pipeline.yaml": yaml(files) });
  const result = await p.dag("run", ...args);
  expect(result.code, `${files}\n${result.text}`).toBe(2);
  expect(result.stderr).toMatch(/^pipeline\.yaml:4:\d+: error: stage "a", files\.f: /);
  expect(p.exists("artifacts")).toBe(false);
  return result.stderr;
}

describe.concurrent("inputs", () => {
  test.for(["cache/", "./cache/objects", "cache/*.json", "dag.lock", "pipelines/x.lock", ".git", "seeds/../cache", ".git/**"])("that name the tool's own place %s are a mistake", async (path, { p }) => {
    expect(await refused(p, `{ f: [${JSON.stringify(path)}] }`)).toContain("is no input\n");
  });

  test.for(["artifacts/c.txt", "artifacts/deep/dir/x", "artifacts/deep", "artifacts", "artifacts/*.txt", "./artifacts/deep/dir/*.json"])("that name what a stage writes, %s, are a mistake, and the help is to need it", async (path, { p }) => {
    const text = await refused(p, `{ f: ${JSON.stringify(path)} }`);
    expect(text).toMatch(/stage "(c|dir|a)" writes artifacts\/[\s\S]*needs: \[(c|dir|a)\]/);
    if (path === "artifacts/c.txt") expect(text).toContain('stage "a", files.f: artifacts/c.txt: stage "c" writes artifacts/c.txt\n');
  });

  test("by way of a param are looked at like the others", async ({ p }) => {
    p.write({ "pipeline.yaml": `params: { from: seeds }\n${yaml("{ f: params.from }")}`, "seeds/x.txt": "" });
    const result = await p.dag("run", "-p", "from=artifacts/c.txt");
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/pipeline\.yaml:5:\d+: [\s\S]*needs: \[c\]/);
    expect((await p.dag("run", "-p", "from=seeds", "a")).code).toBe(0);
  });

  test("of another pipeline's artifacts are files like any other", async ({ p }) => {
    p.write({ "pipeline.yaml": yaml("{ f: artifacts/other/c.txt }"), "pipelines/other.yaml": 'stages:\n  c: { cmd: "echo other > {output}", output: c.txt }\n  no: { cmd: "cat {files.f} > {output}", output: no.txt, files: { f: artifacts/c.txt } }\n' });
    await p.built("-f", "pipelines/other.yaml", "c");
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("./artifacts/other/c.txt\n");
    await p.built("-f", "pipelines/other.yaml");
    expect(p.read("artifacts/other/no.txt")).toBe("c\n");
  });

  test.for(["{ f: . }", "{ f: '*' }", "{ f: '**/*' }", "{ f: ['seeds', '**'] }"])("%s take in the project and nothing that the tool or git writes, and are fresh after a run", async (files, { p }) => {
    p.write({ "pipeline.yaml": yaml(files), "seeds/x.txt": "x\n", "pipelines/none.txt": "", ".git/HEAD": "ref\n", "cache/own.json": "{}", "pipelines/old.lock": "{}" });
    const first = await p.built();
    expect(first.stderr).toBe("");
    const seen = p.read("artifacts/a.txt");
    expect(seen).not.toMatch(/cache|artifacts|\.git|\.lock/);
    expect(seen).toContain("./pipeline.yaml\n");
    if (!files.includes("'*'")) expect(seen).toContain("./seeds/x.txt\n");
    for (let i = 0; i < 3; i++) expect((await p.built()).outcomes).toEqual({ fresh: ["a", "c", "dir"] });
    expect((await p.dag("status")).code).toBe(0);
    p.write({ "pipelines/old.lock": "[]", "cache/own.json": "[]" });
    expect((await p.built()).outcomes).toEqual({ fresh: ["a", "c", "dir"] });
    p.write({ "seeds/x.txt": "y\n", "new.txt": "" });
    expect((await p.built()).outcomes["ran"]).toEqual(["a"]);
  });
});
