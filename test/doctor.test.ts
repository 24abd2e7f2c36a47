/** `dag doctor`: what a run would stumble over is told before anything runs. */
import { describe, expect } from "vitest";
import { chain, test } from "./rig/index.ts";
import type { Project, Result } from "./rig/index.ts";

const bad = (result: Result): string[] => result.stdout.split("\n").filter((line) => line.startsWith("BAD")).map((line) => line.replace(/^BAD +/, "").replace(/ {2,}/, " "));

async function only(p: Project, yaml: string, expected: RegExp): Promise<void> {
  p.write({ "pipeline.yaml": yaml, "stages/a.ts": "export default () => [];\n" });
  const result = await p.dag("doctor");
  expect(result.code, result.text).toBe(1);
  expect(bad(result).length, result.text).toBe(1);
  expect(bad(result)[0]).toMatch(expected);
  expect(p.exists("artifacts")).toBe(false);
}

describe.concurrent("doctor", () => {
  test("finds a sound project sound, and counts one stage as one", async ({ p }) => {
    chain(p, "module", ["a"]);
    const result = await p.dag("doctor");
    expect(result.code, result.text).toBe(0);
    expect(result.stdout).toMatch(/^ok +pipeline +pipeline\.yaml: 1 stage, 1 cell$/m);
    expect(result.stdout).toMatch(/^ok +stages +inputs are there/m);
    chain(p, "cmd", ["a", "b"]);
    expect((await p.dag("doctor")).stdout).toMatch(/: 2 stages, 2 cells$/m);
  });

  test("names a missing input with its place, and the nearest file", async ({ p }) => {
    await only(p, "stages:\n  a: { run: stages/aa.ts }\n", /^pipeline pipeline\.yaml:2:13: stage "a", run: stages\/aa\.ts: no such file$/);
    expect((await p.dag("doctor")).stdout).toContain('→ did you mean "stages/a.ts"?');
  });

  test("names code that does not parse", async ({ p }) => {
    p.write({ "stages/bad.ts": "export default () => {;\n" });
    await only(p, "stages:\n  a: { run: stages/bad.ts }\n", /^stage a stages\/bad\.ts:\d+:\d+: /);
  });

  test.for([
    ['[pythn3, x, "{output}"]', "pythn3 is not on PATH"],
    ['"pythn3 x > {output}"', "pythn3 is not on PATH"],
    ['[tools/x.sh, "{output}"]', "tools/x.sh is not a program that can be run"],
    ['[/nowhere/x, "{output}"]', "/nowhere/x is not a program that can be run"],
  ])("names the program of %s that is not there", async ([cmd = "", message = ""], { p }) => {
    await only(p, `stages:\n  a: { cmd: ${cmd} }\n`, new RegExp(`^stage a ${message}$`));
  });

  test("takes words of the shell, and programs by path, for what they are", async ({ p }) => {
    p.write({ "pipeline.yaml": 'stages:\n  a: { cmd: "for i in 1 2; do echo; done > {output}", output: a.txt }\n  b: { cmd: "set -e; touch {output}", output: b.txt }\n  c: { cmd: [/bin/sh, -c, "true"], output: c.txt }\n  d: { cmd: "X=1 env > {output}", output: d.txt }\n' });
    expect((await p.dag("doctor")).code).toBe(0);
  });

  test("names a prompt, or a partial of one, that does not parse", async ({ p }) => {
    p.write({ "prompts/p.md": "one\n  {{ person.n\n", "prompts/whole.md": '{% render "part" %}', "prompts/part.md": "{{ x | nofilter }}" });
    await only(p, "stages:\n  a: { run: stages/a.ts, prompts: { p: prompts/p.md } }\n", /prompts\.p: prompts\/p\.md:2:3: output .* is not closed$/);
    await only(p, "stages:\n  a: { run: stages/a.ts, prompts: { p: prompts/whole.md } }\n", /prompts\.p: prompts\/part\.md:1:8: there is no filter "nofilter"$/);
  });

  test("names a schema that is no JSON, or no schema", async ({ p }) => {
    p.write({ "schemas/text.json": "{", "schemas/wrong.json": { type: "objekt" } });
    await only(p, "stages:\n  a: { run: stages/a.ts, schema: schemas/text.json }\n", /^stage a schemas\/text\.json: not JSON: /);
    await only(p, "stages:\n  a: { run: stages/a.ts, schema: schemas/wrong.json }\n", /^stage a schemas\/wrong\.json: not a valid schema: /);
  });

  test("names a key that is not set, and all that is wrong at once", async ({ p }) => {
    p.write({ "pipeline.yaml": 'models: { w: { provider: openai, model: m, api_key_env: NO_SUCH_KEY } }\nstages:\n  a: { run: stages/a.ts, models: [w] }\n  b: { cmd: [pythn3, "{output}"] }\n' });
    const result = await p.dag("doctor", "--json");
    expect(result.code).toBe(1);
    expect(result.events.filter(({ event, ok }) => event === "check" && ok === false).map(({ name }) => name)).toEqual(["pipeline", "stage b", "model w"]);
  });
});
