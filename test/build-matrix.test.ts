/** Matrix stages: cells, axes that match by name, gathering and broadcasting. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** people → documents@noise → embed@noise,retriever → table (gathers); note@noise matches documents. */
function grid(p: Project, params: Record<string, unknown> = { noise: [0, 0.5], retriever: ["bm25", "dense"] }): Project {
  return p.write({
    "in.txt": "people\n",
    "stages/documents.ts": `export default async ({ needs, axis }) => { ${p.markModule('"documents " + axis.noise')} return (await needs.people.text()).trim() + " noise " + axis.noise + "\\n"; };\n`,
    "stages/embed.ts": `export default async ({ needs, axis }) => { ${p.markModule('"embed " + axis.noise + " " + axis.retriever')} return (await needs.documents.text()).trim() + " by " + axis.retriever + "\\n"; };\n`,
    "stages/table.ts": `export default async ({ needs }) => { ${p.markModule('"table"')}
  const rows = [];
  for (const cell of needs.embed.cells()) rows.push({ cell: cell.cell, axis: cell.axis, text: await cell.text() });
  const notes = [];
  for (const cell of needs.note.cells()) notes.push(await cell.text());
  return { rows, notes };
};\n`,
    "pipeline.yaml": pipeline(
      {
        people: { cmd: `${p.mark("people")}; cp {files.in} {output}`, files: { in: "in.txt" }, output: "people.txt" },
        documents: { run: "stages/documents.ts", needs: ["people"], matrix: { noise: "params.noise" }, output: "documents.txt" },
        note: { cmd: `echo note {axis.noise} >> ${p.log}; (echo note; cat {needs.documents}) > {output}`, needs: ["documents"], matrix: { noise: "params.noise" }, output: "note.txt" },
        embed: { run: "stages/embed.ts", needs: ["documents"], matrix: { retriever: "params.retriever", noise: "params.noise" }, output: "embed.txt" },
        table: { run: "stages/table.ts", needs: ["embed", "note"], output: "table.json" },
      },
      { params, default: ["table"] },
    ),
  });
}

const all = ["documents 0", "documents 0.5", "embed 0 bm25", "embed 0 dense", "embed 0.5 bm25", "embed 0.5 dense", "note 0", "note 0.5", "people", "table"];

describe.concurrent("a matrix", () => {
  test("makes one cell per value, named and placed Hive-style, several axes sorted by name", async ({ p }) => {
    grid(p);
    const result = await p.built();
    expect(p.ran()).toEqual(all);
    expect(result.outcomes["ran"]).toEqual(["documents@noise=0", "documents@noise=0.5", "embed@noise=0,retriever=bm25", "embed@noise=0,retriever=dense", "embed@noise=0.5,retriever=bm25", "embed@noise=0.5,retriever=dense", "note@noise=0", "note@noise=0.5", "people", "table"]);
    expect(Object.keys(p.artifacts()).sort()).toEqual(["documents/noise=0.5.txt", "documents/noise=0.txt", "embed/noise=0.5/retriever=bm25.txt", "embed/noise=0.5/retriever=dense.txt", "embed/noise=0/retriever=bm25.txt", "embed/noise=0/retriever=dense.txt", "note/noise=0.5.txt", "note/noise=0.txt", "people.txt", "table.json"]);
  });

  test("axes match by name, are broadcast where only downstream has them, and gathered where only upstream has", async ({ p }) => {
    grid(p);
    await p.built();
    expect(p.read("artifacts/note/noise=0.5.txt")).toBe("note\npeople noise 0.5\n");
    expect(p.read("artifacts/embed/noise=0/retriever=dense.txt")).toBe("people noise 0 by dense\n");
    const table = JSON.parse(p.read("artifacts/table.json")) as { rows: { cell: string; axis: unknown; text: string }[]; notes: string[] };
    expect(table.notes).toEqual(["note\npeople noise 0\n", "note\npeople noise 0.5\n"]);
    expect(table.rows.map(({ axis, text }) => [axis, text])).toHaveLength(4);
    for (const { cell, axis, text } of table.rows) {
      const { noise, retriever } = axis as { noise: number; retriever: string };
      expect(cell).toBe(`embed@noise=${String(noise)},retriever=${retriever}`);
      expect(text).toBe(`people noise ${String(noise)} by ${retriever}\n`);
    }
  });

  test("a rerun runs nothing; one value more runs its cells and the aggregate only", async ({ p }) => {
    grid(p);
    await p.built();
    p.ran();
    await p.built();
    expect(p.ran()).toEqual([]);
    grid(p, { noise: [0, 0.5, 0.7], retriever: ["bm25", "dense"] });
    await p.built();
    expect(p.ran()).toEqual(["documents 0.7", "embed 0.7 bm25", "embed 0.7 dense", "note 0.7", "table"]);
  });

  test("one value less leaves it out of the aggregate, and back again restores", async ({ p }) => {
    grid(p);
    await p.built();
    const before = p.read("artifacts/table.json");
    p.ran();
    grid(p, { noise: [0.5], retriever: ["bm25", "dense"] });
    await p.built();
    expect(p.ran()).toEqual(["table"]);
    expect(p.read("artifacts/table.json")).not.toContain("noise 0 by");
    grid(p);
    await p.built();
    expect(p.ran()).toEqual([]);
    expect(p.read("artifacts/table.json")).toBe(before);
  });

  test("one cell is a target by name, with quotes of no shell needed; a glob takes several", async ({ p }) => {
    grid(p);
    await p.built("embed@noise=0.5,retriever=bm25");
    expect(p.ran()).toEqual(["documents 0.5", "embed 0.5 bm25", "people"]);
    await p.built("note@*");
    expect(p.ran()).toEqual(["documents 0", "note 0", "note 0.5"]);
    await p.built("embed");
    expect(p.ran()).toEqual(["embed 0 bm25", "embed 0 dense", "embed 0.5 dense"]);
  });

  test("values with hostile text make safe paths that do not collide", async ({ p }) => {
    const values = ["a/b", "../up", "a b", "A", "=", ",", "@", "é", "%2F", "x".repeat(300), "", ".", "nul\u0000l"];
    p.write({
      "stages/a.ts": "export default ({ axis }) => axis.v;\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", matrix: { v: "params.v" }, output: "a.json" } }, { params: { v: values } }),
    });
    const before = Object.keys(p.everything()).filter((path) => !path.startsWith("project/"));
    const result = await p.run();
    expect(result.code).toBe(0);
    const written = Object.keys(p.artifacts()).map((path) => JSON.parse(p.read(`artifacts/${path}`)) as string);
    expect(written.sort()).toEqual([...values].sort());
    expect(Object.keys(p.everything()).filter((path) => !path.startsWith("project/"))).toEqual(before);
  });

  test("equal values on one axis are a mistake", async ({ p }) => {
    grid(p, { noise: [0.5, 0.5], retriever: ["bm25"] });
    const result = await p.run();
    expect(result.code).toBe(2);
    expect(result.text).toContain("0.5");
  });

  test("1 and \"1\" on one axis would share a name: a mistake", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo {axis.v} > {output}", matrix: { v: [1, "1"] }, output: "a.txt" } }) });
    expect((await p.run()).code).toBe(2);
  });

  test("each over a matrix stage: items are shared by no two cells unless nothing differs", async ({ p }) => {
    p.write({
      "people.jsonl": [{ id: "ann" }, { id: "bob" }],
      "stages/say.ts": `export default ({ item, axis }) => { ${p.markModule('item.id + " " + axis.noise')} return { id: item.id, noise: axis.noise }; };\n`,
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        say: { run: "stages/say.ts", each: "people", matrix: { noise: [0, 1] } },
      }),
    });
    await p.built();
    expect(p.ran()).toEqual(["ann 0", "ann 1", "bob 0", "bob 1"]);
    expect(p.read("artifacts/say/noise=1.jsonl")).toBe('{"id":"ann","noise":1}\n{"id":"bob","noise":1}\n');
  });

  test("an axis value enters the recipe, so does a gathered cell's name", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({
        a: { cmd: `echo a {axis.v} >> ${p.log}; echo same > {output}`, matrix: { v: "params.v" }, output: "a.txt" },
        b: { cmd: `${p.mark("b")}; cat {needs.a} > {output}`, needs: ["a"], output: "b.txt" },
      }, { params: { v: ["x", "y"] } }),
    });
    await p.built("a");
    expect(p.ran()).toEqual(["a x", "a y"]);
    const { cells } = p.lock();
    expect(cells["a@v=x"]?.recipe).not.toBe(cells["a@v=y"]?.recipe);
    expect(cells["a@v=x"]?.artifact).toBe(cells["a@v=y"]?.artifact);
  });
});

describe.concurrent("pipelines beside the first", () => {
  test("-f pipelines/x.yaml keeps artifacts under artifacts/x and its lock beside itself, and shares results", async ({ p }) => {
    const stages = { a: { cmd: `${p.mark("a")}; cp {files.in} {output}`, files: { in: "in.txt" }, output: "a.txt" } };
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline(stages), "pipelines/x.yaml": pipeline({ ...stages, b: { cmd: `${p.mark("b")}; cp {needs.a} {output}`, needs: ["a"], output: "b.txt" } }) });
    await p.built("-f", "pipelines/x.yaml");
    expect(p.ran()).toEqual(["a", "b"]);
    expect(Object.keys(p.artifacts())).toEqual(["x/a.txt", "x/b.txt"]);
    expect(Object.keys(p.lock("pipelines/x.lock").cells)).toEqual(["a", "b"]);
    expect(p.exists("dag.lock")).toBe(false);
    const main = await p.built();
    expect(p.ran()).toEqual([]);
    expect(main.outcomes).toEqual({ restored: ["a"] });
    expect(p.exists("artifacts/a.txt")).toBe(true);
    expect((await p.built("-f", "pipelines/x.yaml")).outcomes).toEqual({ fresh: ["a", "b"] });
  });
});
