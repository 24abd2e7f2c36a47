/** dag trace <id>: where a line ends before the first stage, and texts that may have been meant as references. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import { benchmark, edges, traced } from "./trace.rig.ts";

describe.concurrent("dag trace, where a line ends", () => {
  test("a record that leads nowhere although its stage has needs says so, and what would help", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ quiz: { run: "quiz.ts" }, answers: { run: "answers.ts", needs: ["quiz"], matrix: { level: [1, 2] } }, totals: { run: "totals.ts", needs: ["answers", "quiz"] } }),
      "quiz.ts": "export default () => [{ id: 'quiz-1' }];\n",
      "answers.ts": "export default ({ axis }) => [{ id: 'answer-1', quiz: 'quiz-1', level: axis.level }];\n",
      "totals.ts": "export default () => [{ id: 'total', n: 2, note: 'all of them' }];\n",
    });
    await p.built();
    const { records } = await traced(p, "total");
    expect(records.size).toBe(1);
    expect(records.get("totals total")?.ends).toEqual(["answers", "quiz"]);
    const { stdout } = await p.dag("trace", "total");
    expect(stdout).toContain("\n    names no level: all cells of answers along it\n    no field of it equals an id of answers or quiz: it leads nowhere\n    the line goes on where a record has the ids of what it was made from\n");
    // What leads on, and what has no needs, does not say it.
    expect((await traced(p, "answer-1")).records.get("answers@level=1 answer-1")?.ends).toBeUndefined();
    expect((await p.dag("trace", "quiz-1")).stdout).not.toContain("nowhere");
  });

  test("an item that is no longer there as it was ends the line, and that is said", async ({ p }) => {
    await benchmark(p).built();
    p.write({ "artifacts/graph.jsonl": p.read("artifacts/graph.jsonl").replace('"id":"town"', '"id":"city"') });
    expect((await traced(p, "p1")).records.get("profile p1")?.ends).toEqual(["graph"]);
    expect((await p.dag("trace", "p1")).stdout).toContain("\n    its item town of graph is no longer there as it was\n");
  });

  test("a short name is a reference where its field holds ids and nothing else, and otherwise said to be too short", async ({ p }) => {
    const people = (notes: object[]): void => {
      p.write({
        "people.jsonl": [{ id: "Ann" }, { id: "Bea" }, { id: "Christine" }, { id: "5" }, { id: "6" }],
        "notes.jsonl": notes,
        "pipeline.yaml": pipeline({
          people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "people.jsonl" },
          notes: { cmd: "cp {files.in} {output}", files: { in: "notes.jsonl" }, needs: ["people"], output: "notes.jsonl" },
        }),
      });
    };
    people([{ id: "note-1", about: "Ann", n: "5" }, { id: "note-2", about: "Bea", n: "6" }]);
    await p.built();
    const { records } = await traced(p, "note-1");
    expect([...records.keys()]).toEqual(["notes note-1", "people Ann"]);
    expect(edges(records.get("people Ann"))).toEqual(["notes note-1: about"]);
    // A number is none, even if all of them are ids; it is said only where nothing else leads on.
    expect((await p.dag("trace", "note-1")).stdout).not.toContain("too short");
    people([{ id: "note-1", about: "Ann", n: "5" }, { id: "note-2", about: "Bea", n: "6" }, { id: "note-3", about: "Eve", n: "7" }, { id: "note-4", about: "Christine" }, { id: "note-5", n: "5" }]);
    await p.built();
    const unsure = await traced(p, "note-1");
    expect([...unsure.records.keys()]).toEqual(["notes note-1"]);
    expect(unsure.records.get("notes note-1")?.unsure).toContainEqual({ need: "people", path: "about", value: "Ann", why: "short" });
    expect((await p.dag("trace", "note-1")).stdout).toContain("\n    about Ann: too short to be sure it names people\n    n 5: too short to be sure it names people\n");
    expect((await p.dag("trace", "note-4")).stdout).not.toContain("too short");
    expect((await p.dag("trace", "note-5")).stdout).toContain("\n    n 5: too short to be sure it names people\n");
  });

  test("a text that equals an id in a field that seldom does is told where nothing else leads on", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ colours: { run: "colours.ts" }, notes: { run: "notes.ts", needs: ["colours"] } }),
      "colours.ts": "export default () => [{ id: 'rose' }];\n",
      "notes.ts": "export default () => ['rose', 'tulip', 'aster'].map((flower, i) => ({ id: 'note-' + i, flower }));\n",
    });
    await p.built();
    expect((await p.dag("trace", "note-0")).stdout).toContain("\n    flower rose: most of what stands there is no id of colours\n");
    expect((await p.dag("trace", "note-1")).stdout).toContain("\n    no field of it equals an id of colours: it leads nowhere\n");
  });
});
