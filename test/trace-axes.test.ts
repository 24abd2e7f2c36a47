/** dag trace <id>: which cell of a stage a record is about, also where the pipeline has that cell no more. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { edges, offline, traced } from "./trace.rig.ts";

/** answers along noise and reader; scores gathers them, names the reader by its model, and says noise in a number. */
function scored(p: Project, params: { noise: number[]; readers: string[] } = { noise: [0, 0.3, 0.5], readers: ["reader", "skimmer"] }): Project {
  return p.write({
    "pipeline.yaml": pipeline(
      { answer: { run: "answer.ts", models: ["axis.reader"], matrix: { noise: "params.noise", reader: "params.readers" } }, scores: { run: "scores.ts", needs: ["answer"] } },
      { params, models: { reader: offline("reader-1"), skimmer: offline("skimmer-1"), third: offline("third-1") } },
    ),
    "answer.ts": "export default ({ axis }) => ['q001', 'q002'].map((id) => ({ id, said: axis.reader + ' at ' + axis.noise }));\n",
    "scores.ts": `export default async ({ needs }) => {
  const scores = [];
  for (const cell of needs.answer.cells()) for (const { id } of await cell.all()) scores.push({ id: id + "@" + cell.axis.noise + "," + cell.axis.reader, question: id, noise: cell.axis.noise, reader: cell.axis.reader + "-1" });
  return scores;
};\n`,
  });
}

const answers = async (p: Project, ...args: string[]): Promise<string[]> => [...(await traced(p, ...args)).records.keys()].filter((place) => place.startsWith("answer"));

describe.concurrent("dag trace, the cells along an axis", () => {
  test("a record about a value that the matrix has no more is led to no other cell, and it is said", async ({ p }) => {
    await scored(p).built();
    expect(await answers(p, "q001@0,reader")).toEqual(["answer@noise=0,reader=reader q001"]);
    for (const noise of ["noise=[0.5]", "noise=[0.3,0.5]", "noise=[0.5,0.7,0.9]"]) {
      const { records } = await traced(p, "q001@0,reader", "-p", noise);
      expect([...records.keys()], noise).toEqual(["scores q001@0,reader"]);
      expect(records.get("scores q001@0,reader")?.gone).toEqual([{ need: "answer", axis: "noise", said: 0 }]);
    }
    expect((await p.dag("trace", "q001@0,reader", "-p", "noise=[0.5]")).stdout).toContain("\n    its noise is 0; the pipeline has no such cell now\n");
    // What is still there is followed.
    expect(await answers(p, "q001@0.5,reader", "-p", "noise=[0.5]")).toEqual(["answer@noise=0.5,reader=reader q001"]);
  });

  test("a record that names the model of a role that no cell is about now is not led to another role's answer", async ({ p }) => {
    await scored(p).built();
    for (const readers of ["readers=[skimmer]", "readers=[skimmer,third]"]) {
      const { records } = await traced(p, "q001@0,reader", "-p", readers);
      expect([...records.keys()], readers).toEqual(["scores q001@0,reader"]);
      expect(records.get("scores q001@0,reader")?.gone).toEqual([{ need: "answer", axis: "reader", said: "reader-1" }]);
    }
    expect((await p.dag("trace", "q001@0,reader", "-p", "readers=[skimmer]")).stdout).toContain("\n    its reader is reader-1; the pipeline has no such cell now\n");
    expect(await answers(p, "q001@0,skimmer", "-p", "readers=[skimmer]")).toEqual(["answer@noise=0,reader=skimmer q001"]);
  });

  test("the same where value and role were taken out of the pipeline file, or one was put in another's place", async ({ p }) => {
    await scored(p).built();
    scored(p, { noise: [0.3, 0.5, 0.7], readers: ["third", "skimmer"] });
    expect(await answers(p, "q001@0,skimmer")).toEqual([]);
    expect(await answers(p, "q001@0.3,reader")).toEqual([]);
    expect(await answers(p, "q001@0.3,skimmer")).toEqual(["answer@noise=0.3,reader=skimmer q001"]);
    p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace(/"reader":\{[^}]*\},?/, "") });
    expect(await answers(p, "q001@0.3,reader")).toEqual([]);
  });

  test("a role whose model was exchanged since is still known by the name that is left over", async ({ p }) => {
    await scored(p).built();
    p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace("reader-1", "reader-2") });
    const { records } = await traced(p, "q001@0,reader");
    expect(edges(records.get("answer@noise=0,reader=reader q001"))).toEqual(["scores q001@0,reader: question"]);
    expect(await answers(p, "q001@0,skimmer")).toEqual(["answer@noise=0,reader=skimmer q001"]);
  });
});
