/** Declared inputs that are not there, and code that does not parse: told like every other mistake, before anything runs. */
import { describe, expect } from "vitest";
import { test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

const absent = `params: { src: seedz/y.txt }
stages:
  a:
    run: stages/aa.ts
    prompts: { p: prompts/x.md }
    files: { f: seeds/x.txt, g: [seeds/names.txt, params.src] }
    schema: schemas/x.json
  b: { cmd: "echo b > {output}", output: b.txt }
  c: { cmd: [touch, "{output}"], output: c.txt, needs: [a], matrix: { n: [1, 2] } }
`;

const write = (p: Project, yaml: string): Project => p.write({ "pipeline.yaml": yaml, "stages/a.ts": "export default () => [];\n", "seeds/names.txt": "Ada\n", "seeds/y.txt": "y\n" });

const places = (text: string): string[] => [...text.matchAll(/^pipeline\.yaml:(\d+:\d+): error: (.*)$/gm)].map(([, place, message]) => `${place ?? ""} ${message ?? ""}`);

const expected = [
  '4:10 stage "a", run: stages/aa.ts: no such file',
  '5:19 stage "a", prompts.p: prompts/x.md: no such file',
  '6:17 stage "a", files.f: seeds/x.txt: no such file',
  '6:51 stage "a", files.g: seedz/y.txt: no such file',
  '7:13 stage "a", schema: schemas/x.json: no such file',
];

describe.concurrent("declared inputs that are not there", () => {
  test.for([["run"], ["run", "-n"], ["plan"]])("are mistakes of the file for %s: place, marker, nearest file, all at once, exit 2, and nothing runs", async (args, { p }) => {
    write(p, absent);
    const before = p.artifacts();
    const result = await p.dag(...args);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe("");
    expect(places(result.stderr)).toEqual(expected);
    expect(result.stderr).toContain('      run: stages/aa.ts\n           ~~~~~~~~~~~~\nhelp: did you mean "stages/a.ts"?\n');
    expect(result.stderr).toContain('help: did you mean "seeds/y.txt"?');
    expect(result.stderr).toContain("5 mistakes\n");
    expect(p.artifacts()).toEqual(before);
    expect(p.exists("dag.lock")).toBe(false);
  });

  test("come together with the mistakes of the file itself", async ({ p }) => {
    write(p, absent.replace("  b: {", "  b: { oops: 1,"));
    const result = await p.dag("run");
    expect(result.code).toBe(2);
    expect(places(result.stderr)).toEqual([...expected, '8:8 unknown key "oops" in stages.b']);
  });

  test("that a partial or a list brings in are told where the stage declares them", async ({ p }) => {
    p.write({ "pipeline.yaml": 'stages:\n  a: { run: stages/a.ts, prompts: { p: prompts/p.md } }\n  b: { cmd: [touch, "{output}"], output: b.txt, files: { all: [seeds, more.txt] } }\n', "stages/a.ts": "export default () => [];\n", "prompts/p.md": '{% render "toen" %}', "prompts/tone.md": "", "seeds/x.txt": "" });
    const result = await p.dag("run");
    expect(places(result.stderr)).toEqual(['2:40 stage "a", prompts.p: prompts/toen.md: no such file', '3:71 stage "b", files.all: more.txt: no such file']);
    expect(result.stderr).toContain('did you mean "prompts/tone.md"?');
  });

  test("are one event each with --json, and a closing line tells that nothing ran", async ({ p }) => {
    write(p, absent);
    for (const yaml of [absent, absent.replace("  b: {", "  b: { oops: 1,"), "stages: ["]) {
      p.write({ "pipeline.yaml": yaml });
      const result = await p.run();
      expect(result.code).toBe(2);
      const mistakes = result.events.filter(({ event }) => event === "mistake");
      expect(mistakes.map(({ line, column, message }) => `${String(line)}:${String(column)} ${String(message)}`)).toEqual(places(result.stderr));
      expect(mistakes.every(({ file }) => file === "pipeline.yaml")).toBe(true);
      expect(result.done).toEqual({ event: "done", ok: false, ran: [], calls: { made: 0, stored: 0 }, cost: 0, mistakes: mistakes.length });
      expect(result.events.length).toBe(mistakes.length + 1);
    }
    p.write({ "pipeline.yaml": absent });
    expect((await p.run()).events[0]).toEqual({ event: "mistake", file: "pipeline.yaml", line: 4, column: 10, message: 'stage "a", run: stages/aa.ts: no such file', hint: 'did you mean "stages/a.ts"?' });
    expect((await p.dag("plan", "--json")).done).toMatchObject({ ok: false, ran: [] });
  });

  test("leave what does not need them to -k, which fails; status says so and does not send in circles", async ({ p }) => {
    write(p, absent);
    const status = await p.dag("status");
    expect(status.code).toBe(3);
    expect(status.stdout).toMatch(/^failed +a +run: stages\/aa\.ts: no such file/m);
    expect(status.stdout).toContain("4 of 4 cells are not fresh; 1 cell cannot be built: mend it first (dag run -k builds what does not need it)\n");
    const result = await p.run("-k");
    expect(result.code).toBe(1);
    expect(result.outcomes).toEqual({ failed: ["a"], ran: ["b"], skipped: ["c@n=1", "c@n=2"] });
    expect((await p.dag("status")).stdout).toContain("3 of 4 cells are not fresh; 1 cell cannot be built: mend it first\n");
    expect((await p.dag("status")).stdout).not.toContain("dag run");
  });
});

describe.concurrent("status counts", () => {
  test("one cell and several", async ({ p }) => {
    p.write({ "pipeline.yaml": 'stages:\n  a: { cmd: [touch, "{output}"], output: a.txt }\n' });
    expect((await p.dag("status")).stdout).toContain("\nthe cell is not fresh: dag run\n");
    await p.built();
    expect((await p.dag("status")).stdout).toContain("\nthe cell is fresh\n");
    p.write({ "pipeline.yaml": 'stages:\n  a: { cmd: [touch, "{output}"], output: a.txt }\n  b: { cmd: [touch, "{output}"], output: b.txt }\n' });
    expect((await p.dag("status")).stdout).toContain("\n1 of 2 cells is not fresh: dag run\n");
    p.remove("artifacts/a.txt");
    expect((await p.dag("status")).stdout).toContain("\n2 of 2 cells are not fresh: dag run\n");
  });
});

describe.concurrent("code that does not parse", () => {
  test("ends plan and run -n as it ends run, on one line of their lists", async ({ p }) => {
    p.write({ "pipeline.yaml": 'stages:\n  a: { run: stages/a.ts }\n  b: { cmd: [touch, "{output}"], output: b.txt, needs: [a] }\n', "stages/a.ts": 'import { z } from "../lib/bad.ts";\nexport default () => [z];\n', "lib/bad.ts": "\nexport const z = {;\n" });
    for (const args of [["plan"], ["run", "-n"], ["status"]]) {
      const result = await p.dag(...args);
      expect(result.code).toBe(args[0] === "status" ? 3 : 1);
      expect(result.stdout).toMatch(/a +lib\/bad\.ts:2:\d+: .*found ";"\n/);
      expect(result.stdout).not.toContain("\\x0a");
    }
    expect((await p.dag("run")).code).toBe(1);
  });
});
