/** dag why <cell> <item>: why one item was last run, or will run again. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

function writing(p: Project): Project {
  return p.write({
    "pipeline.yaml": pipeline({
      src: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "src.jsonl" },
      other: { cmd: "cp {files.in} {output}", files: { in: "other.jsonl" }, output: "other.jsonl" },
      a: { run: "stages/a.ts", needs: ["src", "other"], each: "src", prompts: { p: "prompts/p.md" }, params: ["seed"] },
      m: { cmd: "echo m > {output}", output: "m.txt" },
    }, { params: { seed: 1 } }),
    "people.jsonl": [{ id: "p1", v: 1 }, { id: "p2", v: 1 }],
    "other.jsonl": [{ id: "p1", w: 1 }, { id: "p2", w: 1 }],
    "prompts/p.md": "Dear\n{{ person.v }}\n",
    "stages/a.ts": "export default async ({ item, needs, prompts }) => ({ id: item.id, text: prompts.p.render({ person: item }), w: (await needs.other.get(item.id))?.w ?? 0 });\n",
  });
}

async function why(p: Project, item: string): Promise<string> {
  const { code, stdout, stderr } = await p.dag("why", "a", item);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.concurrent("dag why <cell> <item>", () => {
  test("says that it never ran, then what it last ran because of: its record, field by field", async ({ p }) => {
    writing(p);
    expect(await why(p, "p1")).toBe("a p1: it has never run\n");
    await p.built();
    expect(await why(p, "p1")).toBe("a p1: it is remembered: same record, same stage inputs; it last ran because\n  it had never run before\n");
    p.write({ "people.jsonl": [{ id: "p1", v: 1 }, { id: "p2", v: 2 }, { id: "p3", v: 1 }] });
    expect(await why(p, "p2")).toContain("it runs again if this brings other bytes\n  needs.src: src will be rebuilt\n");
    await p.built("src");
    expect(await why(p, "p2")).toBe("a p2: it will run again because\n  its record in src changed\n    src v: 1 → 2\n");
    expect(await why(p, "p3")).toBe("a p3: it will run: it is new in src\n");
    await p.built();
    expect(await why(p, "p1")).toContain("it last ran because\n  it had never run before\n");
    expect(await why(p, "p2")).toBe("a p2: it is remembered: same record, same stage inputs; it last ran because\n  its record in src changed\n    src v: 1 → 2\n");
    expect(await why(p, "p3")).toContain("it last ran because\n  it was new in src\n");
  });

  test("names prompt and line, before it runs and after, also when another item ran since", async ({ p }) => {
    writing(p);
    await p.built();
    p.write({ "prompts/p.md": "Dear\n{{ person.v }}!\n" });
    const line = /it (?:will run again|last ran) because\n {2}prompts\.p changed \w{8} → \w{8}\n {4}prompts\/p\.md:2\n {4}- \{\{ person\.v \}\}\n {4}\+ \{\{ person\.v \}\}!\n$/;
    expect(await why(p, "p1")).toMatch(line);
    // Also while an upstream cell is to be rebuilt first.
    p.write({ "people.jsonl": [{ id: "p1", v: 1 }, { id: "p2", v: 9 }] });
    expect(await why(p, "p1")).toMatch(line);
    p.write({ "people.jsonl": [{ id: "p1", v: 1 }, { id: "p2", v: 1 }] });
    await p.built();
    expect(await why(p, "p1")).toMatch(line);
    p.write({ "people.jsonl": [{ id: "p1", v: 1 }, { id: "p2", v: 2 }] });
    await p.built();
    expect(await why(p, "p1")).toMatch(line);
    expect(await why(p, "p2")).toContain("src v: 1 → 2");
    await p.built("-p", "seed=2");
    expect((await p.dag("why", "-p", "seed=2", "a", "p1")).stdout).toContain("params.seed: 1 → 2");
  });

  test("names the record of another stage that it read, and a forced run", async ({ p }) => {
    writing(p);
    await p.built();
    p.write({ "other.jsonl": [{ id: "p1", w: 2 }, { id: "p2", w: 1 }] });
    await p.built("other");
    expect(await why(p, "p1")).toMatch(/it will run again because\n {2}record "p1" of other changed \w{8} → \w{8}\n$/);
    await p.built();
    expect(await why(p, "p1")).toMatch(/it last ran because\n {2}record "p1" of other changed \w{8} → \w{8}\n$/);
    expect(await why(p, "p2")).toContain("it had never run before");
    await p.built("--force", "a");
    expect(await why(p, "p2")).toContain("it last ran because\n  it was forced to\n");
  });

  test("says what failed last time", async ({ p }) => {
    writing(p).write({ "stages/a.ts": 'export default ({ item }) => { if (item.id === "p2") throw new Error("no luck"); return { id: item.id }; };\n' });
    expect((await p.dag("run")).code).toBe(1);
    expect(await why(p, "p2")).toMatch(/it failed last time and will run again\n {2}no luck/);
  });

  test("of an unknown item, and of a stage without items, is wrong usage", async ({ p }) => {
    writing(p);
    await p.built();
    expect(await p.dag("why", "a", "p9")).toMatchObject({ code: 2, stdout: "", stderr: 'dag: src has no record with the id "p9"; did you mean "p1"?\n' });
    expect(await p.dag("why", "a", "somebody else")).toMatchObject({ code: 2, stdout: "", stderr: 'dag: src has no record with the id "somebody else"; known ids: p1, p2\n' });
    expect(await p.dag("why", "m", "p1")).toMatchObject({ code: 2, stdout: "", stderr: 'dag: stage "m" has no items: it has no each; stages with items: a\n' });
    expect(JSON.parse((await p.dag("why", "--json", "a", "p1")).stdout)).toMatchObject({ event: "why", cell: "a", item: "p1", detail: ["it had never run before"] });
  });
});
