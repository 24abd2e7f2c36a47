/** Models that a cell's axis names, or a param: who reads is a value like any other. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

const offline = (model: string): object => ({ provider: "offline", model });

/** answer@reader → table, which says who it heard of. */
function readers(p: Project, params: Record<string, unknown> = { readers: ["ann", "bob"] }, models: Record<string, object> = { ann: offline("ann-1"), bob: offline("bob-1"), eve: offline("eve-1") }): Project {
  return p.write({
    "stages/answer.ts": `export default async ({ axis, models }) => { ${p.markModule('"answer " + axis.reader')} return { reader: Object.hasOwn(models, axis.reader) ? models[axis.reader].model : null, all: Object.keys(models) }; };\n`,
    "stages/table.ts": `export default async ({ models }) => { ${p.markModule('"table"')} return Object.keys(models).sort(); };\n`,
    "pipeline.yaml": pipeline(
      {
        answer: { run: "stages/answer.ts", models: ["axis.reader"], matrix: { reader: "params.readers" }, output: "answer.json" },
        table: { run: "stages/table.ts", needs: ["answer"], models: ["params.readers"], output: "table.json" },
      },
      { params, models, default: ["table"] },
    ),
  });
}

describe.concurrent("models of an axis", () => {
  test("each cell sees the model its value names, and no other", async ({ p }) => {
    readers(p);
    await p.built();
    expect(JSON.parse(p.read("artifacts/answer/reader=ann.json"))).toEqual({ all: ["ann"], reader: "ann-1" });
    expect(JSON.parse(p.read("artifacts/answer/reader=bob.json"))).toEqual({ all: ["bob"], reader: "bob-1" });
    expect(JSON.parse(p.read("artifacts/table.json"))).toEqual(["ann", "bob"]);
  });

  test("one reader more runs its own cell only; another model in a role, the cells of that role", async ({ p }) => {
    readers(p);
    await p.built();
    p.ran();
    readers(p, { readers: ["ann", "bob", "eve"] });
    await p.built();
    expect(p.ran()).toEqual(["answer eve", "table"]);
    p.ran();
    readers(p, { readers: ["ann", "bob", "eve"] }, { ann: offline("ann-1"), bob: offline("bob-2"), eve: offline("eve-1") });
    const why = await p.dag("why", "answer@reader=bob");
    expect(why.stdout).toContain("models.bob changed");
    expect(why.stdout).toContain("bob-2");
    await p.built();
    expect(p.ran()).toEqual(["answer bob", "table"]);
  });

  test("a value that names no model brings none, and a stage that is left without any is a mistake with its place", async ({ p }) => {
    readers(p, { readers: ["ann", "nobody"] });
    await p.built();
    expect(JSON.parse(p.read("artifacts/answer/reader=nobody.json"))).toEqual({ all: [], reader: null });
    readers(p, { readers: ["nobody"] });
    const lost = await p.dag("status");
    expect(lost.code).toBe(2);
    expect(lost.stderr).toContain('no value of "axis.reader" ("nobody") is the name of a model');
    expect(lost.stderr).toContain('no value of "params.readers"');
    expect(lost.stderr).toMatch(/pipeline\.yaml:\d+:\d+/);
  });

  test("an axis or param that does not exist is reported with the nearest one", async ({ p }) => {
    readers(p);
    p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace("axis.reader", "axis.raeder") });
    const { code, stderr } = await p.dag("status");
    expect(code).toBe(2);
    expect(stderr).toContain('stage "answer" has no axis "raeder"');
    expect(stderr).toContain('did you mean "reader"?');
  });
});
