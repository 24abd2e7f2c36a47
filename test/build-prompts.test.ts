/** Prompts are parsed when planned, not one item at a time when they are paid for. */
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";
import type { Project, Result } from "./rig/index.ts";

/** A process that may not load the template language. */
const WATCH = `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent('export const load = (url, context, next) => { if (url.includes("liquidjs")) throw new Error("liquidjs was loaded"); return next(url, context); }'));`;

function writing(p: Project, prompt: string, more: Record<string, unknown> = {}): Project {
  return p.write({
    "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "people.jsonl" }, a: { run: "stages/a.ts", needs: ["people"], each: "people", prompts: { p: "prompts/p.md" } } }),
    "people.jsonl": people(3),
    "stages/a.ts": `export default ({ item, prompts }) => { ${p.markModule("item.id")} return { id: item.id, text: prompts.p.render({ person: item }) }; };\n`,
    "prompts/p.md": prompt,
    ...more,
  });
}

describe.concurrent("a prompt", () => {
  for (const [prompt, message] of [
    ["Dear {{ person.n\n", 'prompts/p.md:1:6: output "{{ person.n" is not closed'],
    ["Dear\n  {{ person.n | upcase | shout: 1 }}\n", 'prompts/p.md:2:26: there is no filter "shout"'],
    ["{{ person.n\n  | shout }}\n", 'prompts/p.md:2:5: there is no filter "shout"'],
    ["one\n{% if person.n %}\ntwo\n", "prompts/p.md:2:1: tag {% if person.n %} not closed"],
    ["one {% unles person.n %}\n", 'prompts/p.md:1:5: tag "unles" not found'],
  ] as const)
    test(`that is no Liquid (${JSON.stringify(prompt)}) is told with line and column before anything runs`, async ({ p }) => {
      writing(p, prompt);
      const result = await p.dag("run");
      expect(result.code).toBe(2);
      expect(result.stderr).toContain(message);
      expect(p.ran()).toEqual([]);
      expect((await p.dag("status")).stdout).toContain(message);
      expect((await p.dag("plan")).code).toBe(2);
    });

  test("is told of a mistake in a partial at the partial's own place", async ({ p }) => {
    writing(p, 'Dear {% render "who" %}\n', { "prompts/who.md": "you\n and {{ person.n | nope }}\n" });
    const result = await p.dag("run");
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('prompts/who.md:2:20: there is no filter "nope"');
  });

  test("mended runs; broken again is told again; as it was built it is not parsed anew", async ({ p }) => {
    writing(p, "Dear {{ person.n }}\n");
    await p.built();
    p.write({ "prompts/p.md": "Dear {{ person.n | nope }}\n" });
    expect((await p.dag("run")).code).toBe(2);
    p.write({ "prompts/p.md": "Dear {{ person.n }}\n" });
    expect((await p.built()).outcomes).toEqual({ fresh: ["a", "people"] });
    // Nothing of the template language is loaded for a plan that finds it as recorded.
    const watched = (): Promise<Result> => p.with({ node: ["--import", `data:text/javascript,${encodeURIComponent(WATCH)}`] }, "status");
    expect(await watched()).toMatchObject({ code: 0, stderr: "" });
    p.write({ "prompts/p.md": "Dear {{ person.n }}!\n" });
    expect((await watched()).stderr).toContain("liquidjs was loaded");
  });

  test("of a command may hold anything", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "cp {prompts.p} {output}", prompts: { p: "prompts/p.md" }, output: "a.txt" } }), "prompts/p.md": "{{ open {% if\n" });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("{{ open {% if\n");
  });
});
