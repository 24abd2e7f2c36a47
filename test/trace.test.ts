/** dag trace <id>: one record's line, up to the first stage, with the calls behind each record. */
import { appendFileSync, rmSync } from "node:fs";
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import { benchmark, edges, traced } from "./trace.rig.ts";

describe.concurrent("dag trace", () => {
  test("follows a score to its answer, the sessions retrieved and those that should have been, the profile and the persona", async ({ p }) => {
    await benchmark(p).built();
    const { records, events } = await traced(p, "q001@0.5,dense");
    expect([...records.keys()]).toEqual([
      "evaluate q001@0.5,dense",
      "answer@noise=0.5,retriever=dense q001",
      "embed@noise=0.5,retriever=dense q001",
      "questions@noise=0.5 q001",
      "documents@noise=0.5 doc-p1-0",
      "documents@noise=0.5 doc-p1-1",
      "documents@noise=0.5 doc-p1-2",
      "profile p1",
      "profile p0",
      "graph town",
      "seed persona-ada",
      "seed persona-bo",
    ]);
    expect(edges(records.get("embed@noise=0.5,retriever=dense q001"))).toEqual(["answer@noise=0.5,retriever=dense q001: item", "evaluate q001@0.5,dense: question"]);
    expect(edges(records.get("documents@noise=0.5 doc-p1-0"))).toEqual(["answer@noise=0.5,retriever=dense q001: retrieved[0]", "embed@noise=0.5,retriever=dense q001: retrieved[0]"]);
    expect(edges(records.get("documents@noise=0.5 doc-p1-2"))).toEqual(["questions@noise=0.5 q001: evidence[0].ids[0]"]);
    expect(edges(records.get("profile p1"))).toEqual(["documents@noise=0.5 doc-p1-0: item", "documents@noise=0.5 doc-p1-1: item", "documents@noise=0.5 doc-p1-2: item", "questions@noise=0.5 q001: person"]);
    // Read by all sessions of p1, named by one of them.
    expect(edges(records.get("profile p0"))).toEqual(["documents@noise=0.5 doc-p1-2: met"]);
    expect(records.get("documents@noise=0.5 doc-p1-0")?.read).toEqual([{ need: "profile", ids: ["p0"] }]);
    // Of the town only the parts that are on the line.
    expect(edges(records.get("seed persona-bo"))).toEqual(["graph town: nodes[1].seed"]);
    expect(records.get("graph town")?.beside).toEqual([{ field: "nodes[].seed", count: 1 }]);
    expect(events.at(-1)).toMatchObject({ event: "done", ok: true, records: 12 });
  });

  test("the first screen tells the story, in 80 columns", async ({ p }) => {
    await benchmark(p).built();
    const { stdout, stderr, code } = await p.dag("trace", "q001@0.5,dense");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const lines = stdout.split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.slice(0, 24).join("\n").replaceAll(/\b[0-9a-f]{8}\b/g, "########").replaceAll(/ · \d{4}-\d\d-\d\d$/gm, "").replaceAll(/said {2}.*/g, "said").replaceAll(/\b\d+ (in|out)\b/g, "# $1")).toBe(`evaluate/scores.jsonl
  q001@0.5,dense
    question q001 · retriever dense · f1 1 · noise 0.5

answer@noise=0.5,retriever=dense
  q001  ← question of evaluate
    outcome ok · retrieved[2]
    prediction For some years, my cousins talk about a map of walking… (23 more)
    call ######## reader · ok · reader-1 · # in # out
      asked bo at noise 0.5 meets ada… e 0.5 meets ada, session 1 Where is bo?
      said

embed@noise=0.5,retriever=dense
  q001  ← question of evaluate, item of answer
    retriever dense · retrieved[2]
    call ######## embedder · embedding ok · embedder-1 · # in
      asked Where is bo?
    call ######## embedder · embedding ok · embedder-1 · # in
      asked bo at noise 0.5 meets ada, session 0
    call ######## embedder · embedding ok · embedder-1 · # in
      asked bo at noise 0.5 meets ada, session 1
    12 calls of the cell in all

questions@noise=0.5`);
    expect(stdout).toContain("documents@noise=0.5  3 records: 2 by retrieved, 1 by evidence, none by both\n");
    expect(stdout).toContain("12 records of 8 cells, ");
  });

  test("a field that names the axis otherwise is understood where only one value is left, and said to be open where it is not", async ({ p }) => {
    await benchmark(p).built();
    const { records } = await traced(p, "q002@0,baseline");
    expect([...records.keys()].filter((place) => place.startsWith("answer"))).toEqual(["answer@noise=0,retriever=plain q002"]);
    p.write({ "stages/evaluate.ts": p.read("stages/evaluate.ts").replace("cell.axis.retriever;", '"my " + cell.axis.retriever;') });
    await p.built();
    const open = await traced(p, "q002@0,baseline");
    expect([...open.records.keys()].filter((place) => place.startsWith("answer"))).toEqual(["answer@noise=0,retriever=dense q002", "answer@noise=0,retriever=plain q002"]);
    expect(open.records.get("evaluate q002@0,baseline")?.open).toEqual([{ need: "answer", axes: ["retriever"] }, { need: "embed", axes: ["retriever"] }]);
  });

  test("an id in several cells: the most downstream is taken, the others are listed, --cell chooses", async ({ p }) => {
    await benchmark(p).built();
    const many = await p.dag("trace", "q001");
    expect(many.stdout).toMatch(/^answer@noise=0,retriever=dense\n {2}q001\n/);
    expect(many.stdout).toContain("the id is also in answer (3 other cells), embed (4 other cells), questions (2 other cells): --cell answer@noise=0,retriever=plain\n");
    const { events } = await traced(p, "q001", "--cell", "questions@noise=0.5");
    expect(events.filter(({ event }) => event === "record").map(({ cell, id }) => `${String(cell)} ${String(id)}`).slice(0, 2)).toEqual(["questions@noise=0.5 q001", "documents@noise=0.5 doc-p1-2"]);
    expect(events.filter(({ event }) => event === "also")).toEqual([]);
    expect((await traced(p, "q001", "--cell", "embed@retriever=dense")).events.filter(({ event }) => event === "also")).toEqual([{ event: "also", cell: "embed@noise=0.5,retriever=dense", id: "q001" }]);
    expect(await p.dag("trace", "q001", "--cell", "embd")).toMatchObject({ code: 2, stderr: 'dag: unknown target "embd"; did you mean "embed"?\n' });
  });

  test("the beginning of an id will do where no other begins so; an unknown id is a mistake, with the nearest ones", async ({ p }) => {
    await benchmark(p).built();
    const begun = await p.dag("trace", "persona-b");
    expect(begun).toMatchObject({ code: 0, stderr: '"persona-b" is the beginning of "persona-bo"\n' });
    expect(begun.stdout).toMatch(/^seed\n {2}persona-bo\n/);
    expect(await p.dag("trace", "persona-")).toMatchObject({ code: 2, stdout: "", stderr: 'dag: 3 ids begin with "persona-": persona-ada, persona-bo, persona-cy\n' });
    const unknown = await p.dag("trace", "persna-ada");
    expect(unknown).toMatchObject({ code: 2, stdout: "" });
    expect(unknown.stderr).toMatch(/^dag: no record of pipeline\.yaml has the id "persna-ada"; the nearest (is|are) "persona-ada"/);
    expect((await p.dag("trace", "")).code).toBe(2);
    expect((await p.dag("trace", "something else entirely")).stderr).toContain('has the id "something else entirely", in any of 16 cells');
  });

  test("of a sample's build with --sample", async ({ p }) => {
    await benchmark(p).built("--sample", "1");
    expect((await p.dag("trace", "q001")).code).toBe(3);
    const { records } = await traced(p, "q000@0.5,dense", "--sample", "1");
    expect([...records.keys()]).toContain("answer@noise=0.5,retriever=dense q000");
    expect(records.get("answer@noise=0.5,retriever=dense q000")?.item).toEqual({ need: "embed", id: "q000", records: 1 });
    expect(records.get("seed persona-ada")?.calls).toMatchObject({ others: 2 });
  });

  test("nothing built yet is exit 3 with what to type", async ({ p }) => {
    benchmark(p);
    expect(await p.dag("trace", "q001")).toMatchObject({ code: 3, stdout: "", stderr: "dag: nothing of pipeline.yaml is built yet: dag run\n" });
    expect(await p.dag("trace", "q001", "--cell", "embed")).toMatchObject({ code: 3, stderr: "dag: nothing of embed is built yet: dag run embed\n" });
  });

  test("numbers, words that happen to equal an id, and what an item did not read lead nowhere", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({
        colours: { run: "stages/colours.ts" },
        people: { run: "stages/people.ts" },
        notes: { run: "stages/notes.ts", needs: ["colours", "people"] },
        letters: { run: "stages/letters.ts", each: "notes", needs: ["colours", "people"] },
      }),
      "stages/colours.ts": 'export default () => ["rose", "5", "teal", "no"].map((id) => ({ id, hex: id }));\n',
      "stages/people.ts": 'export default () => ["p1", "p2", "p3", "5"].map((id) => ({ id, name: id }));\n',
      // "rose" is a flower in one of four; `k` is a number as text; `person` is called after the stage, so that even "5" is one.
      "stages/notes.ts": `export default () => ["p1", "p2", "p3", "5"].map((person, i) => ({ id: "note-" + i, person, flower: ["rose", "tulip", "aster", "daisy"][i], k: "5", n: 5, reply: "no", shade: ["teal", "rose", "teal", "rose"][i] }));\n`,
      "stages/letters.ts": 'export default async ({ item, needs }) => { const { name } = await needs.people.get(item.person); return { id: "letter-" + item.id, name, shade: item.shade }; };\n',
    });
    await p.built();
    const { records } = await traced(p, "note-0");
    expect([...records.keys()]).toEqual(["notes note-0", "people p1", "colours teal"]);
    expect(edges(records.get("people p1"))).toEqual(["notes note-0: person"]);
    expect(edges(records.get("colours teal"))).toEqual(["notes note-0: shade"]);
    const last = await traced(p, "note-3");
    expect([...last.records.keys()]).toEqual(["notes note-3", "people 5", "colours rose"]);
    expect(edges(last.records.get("colours rose"))).toEqual(["notes note-3: shade"]);
    // The letter has the word, but was written without looking at the colours.
    const letter = await traced(p, "letter-note-0");
    expect([...letter.records.keys()]).toEqual(["letters letter-note-0", "notes note-0", "people p1", "colours teal"]);
    expect(edges(letter.records.get("colours teal"))).toEqual(["notes note-0: shade"]);
    expect(edges(letter.records.get("people p1"))).toEqual(["letters letter-note-0: name", "notes note-0: person"]);
  });

  test("stages that do not need each other name each other's records where one stage needs both, whichever stands first", async ({ p }) => {
    const files = {
      "q.ts": "export default () => [1, 2, 3].map((i) => ({ id: `quest-${i}`, gold: [`docu-${i}`], k: 'doc' }));\n",
      "d.ts": "export default () => [0, 1, 2, 3].map((i) => ({ id: `docu-${i}`, next: `docu-${i + 1}`, quest: 'quest-3' }));\n",
      "a.ts": "export default () => [1, 2, 3].map((i) => ({ id: `quest-${i}`, used: ['docu-0'] }));\n",
    };
    const [q, d] = [{ run: "q.ts" }, { run: "d.ts" }];
    for (const stages of [{ q, d }, { d, q }]) {
      p.write({ ...files, "pipeline.yaml": pipeline({ ...stages, a: { run: "a.ts", needs: ["q", "d"] } }) });
      await p.built();
      const { records } = await traced(p, "quest-2", "--cell", "a");
      // The documents name questions, too; what is only named is not followed beside.
      expect([...records.keys()].sort()).toEqual(["a quest-2", "d docu-0", "d docu-2", "q quest-2", "q quest-3"]);
      expect(records.get("d docu-2")?.from).toEqual([{ cell: "q", id: "quest-2", by: "reference", paths: ["gold[0]"], shared: "a" }]);
      expect(records.get("d docu-0")?.from).toEqual([{ cell: "a", id: "quest-2", by: "reference", paths: ["used[0]"] }]);
      expect(edges(records.get("q quest-2"))).toEqual(["a quest-2: id"]);
    }
  });

  test("programs are traced, too: by item, and by what their records name", async ({ p }) => {
    p.write({
      "people.jsonl": '{"id": "ann-1", "friend": "bob-2"}\n{"friend":"ann-1","\\u0069d":"bob-2"}\n',
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "people.jsonl" },
        cards: { cmd: `sed 's/.*"friend":"\\([^"]*\\)".*/{"id":"card-of-\\1","about":"\\1"}/' {item} > {output}`, each: "people", needs: ["people"], output: "cards.jsonl" },
        deck: { cmd: "cp {needs.cards} {output}", needs: ["cards", "people"], output: "deck.jsonl" },
      }),
    });
    await p.built();
    const { records } = await traced(p, "card-of-bob-2");
    expect([...records.keys()]).toEqual(["deck card-of-bob-2", "cards card-of-bob-2", "people bob-2", "people ann-1"]);
    expect(edges(records.get("cards card-of-bob-2"))).toEqual(["deck card-of-bob-2: id"]);
    expect(edges(records.get("people ann-1"))).toEqual(["cards card-of-bob-2: item"]);
    expect(edges(records.get("people bob-2"))).toEqual(["deck card-of-bob-2: about"]);
  });

  test("a record that names thousands is no line: fifty of a cell are followed, the others counted", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ many: { run: "many.ts" }, all: { run: "all.ts", needs: ["many"] } }),
      "many.ts": "export default () => Array.from({ length: 3000 }, (_, i) => ({ id: `one-${i}` }));\n",
      "all.ts": "export default async ({ needs }) => [{ id: 'everything', members: (await needs.many.all()).map(({ id }) => id) }];\n",
    });
    await p.built();
    const { records, events } = await traced(p, "everything");
    expect(records.size).toBe(51);
    expect(events.find(({ event, cell }) => event === "cell" && cell === "many")).toMatchObject({ more: 2950 });
    expect((await p.dag("trace", "everything")).stdout).toContain("  one-24  ← members[24] of all\n  and 25 more records: --full or --json\n  and 2,950 more records, not followed\n");
  });

  test("records of a JSON list count, and another pipeline's artifacts are its own", async ({ p }) => {
    const stages = {
      people: { cmd: "cp {files.in} {output}", files: { in: "people.json" }, output: "people.json" },
      cards: { run: "cards.ts", needs: ["people"] },
    };
    p.write({
      "pipeline.yaml": pipeline({ only: { run: "cards.ts" } }),
      "pipelines/other.yaml": pipeline(stages),
      "people.json": '[{"id": "ann-1"}, {"id": "bob-2"}, 3, null]\n',
      "cards.ts": "export default async ({ needs }) => [{ id: 'card-1', of: Object.keys(needs).includes('people') ? 'bob-2' : '' }];\n",
    });
    await p.built("-f", "pipelines/other.yaml");
    expect((await traced(p, "card-1", "-f", "pipelines/other.yaml")).records.get("people bob-2")?.from).toEqual([{ cell: "cards", id: "card-1", by: "reference", paths: ["of"] }]);
    expect((await p.dag("trace", "card-1")).code).toBe(3);
  });

  test("stale, edited, damaged and missing artifacts are told, and the line goes on", async ({ p }) => {
    await benchmark(p).built();
    // A new persona is not built yet: what lies there is traced as it was made.
    p.write({ "stages/seed.ts": p.read("stages/seed.ts").replace("Invent", "Imagine") });
    appendFileSync(p.path("artifacts/documents/noise=0.5.jsonl"), '{"id":"doc-torn", "text":\n');
    rmSync(p.path("artifacts/graph.jsonl"));
    const { code, stdout } = await p.dag("trace", "q001@0.5,dense");
    expect(code).toBe(0);
    expect(stdout).toContain("\n  edited: the artifact is not the one that the lock records\n");
    expect(stdout).toContain("\n  damaged: documents/noise=0.5.jsonl:10: not a JSON object\n");
    expect(stdout).toContain("\ngraph\n  no artifact: dag run graph\n");
    const { records, events } = await traced(p, "q001@0.5,dense");
    expect([...records.keys()].at(-1)).toBe("profile p0");
    expect(events.find(({ cell }) => cell === "graph")).toMatchObject({ missing: true });
    const seed = await p.dag("trace", "persona-ada");
    expect(seed.stdout).toMatch(/^seed\n {2}stale: code changed /);
    expect(seed.stdout).toContain("call ");
    // A record whose own line is damaged cannot be found, and that is said.
    expect((await p.dag("trace", "doc-torn")).stderr).toContain("not to be read: documents/noise=0.5.jsonl:10: not a JSON object");
  });

  test("a record that its item no longer equals is told apart from one that it does", async ({ p }) => {
    await benchmark(p).built();
    p.write({ "artifacts/profile.jsonl": p.read("artifacts/profile.jsonl").replace('"name":"bo"', '"name":"bob"') });
    const { records } = await traced(p, "doc-p1-0");
    expect(records.get("profile p1")?.from).toEqual([{ cell: "documents@noise=0", id: "doc-p1-0", by: "item", changed: true }]);
    expect((await p.dag("trace", "doc-p1-0")).stdout).toContain("p1  ← item (changed since) of documents");
  });

  test("ids and texts that steer a terminal or hide are shown, not sent, and long ones are cut", async ({ p }) => {
    const evil = "\u001b[31mred\u0007\u202egnp\u200b\nnext";
    p.write({
      "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "a.jsonl" }, output: "a.jsonl" }, b: { cmd: "cp {files.in} {output}", files: { in: "b.jsonl" }, needs: ["a"], output: "b.jsonl" } }),
      "a.jsonl": [{ id: evil, text: evil.repeat(400) }, { id: "x".repeat(200), [evil]: "y".repeat(5000) }],
      "b.jsonl": [{ id: "b1", ref: evil, [evil]: [{ ref: "x".repeat(200) }], wide: "漢字".repeat(300) }],
    });
    await p.built();
    for (const args of [["b1"], [evil], ["b1", "--full"], ["x"], [`${evil}!`], ["\u001b"]]) {
      const { stdout, stderr } = await p.dag("trace", ...args);
      // eslint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
      if (!args.includes("--full")) expect(stdout.split("\n").filter((line) => [...line].reduce((sum, letter) => sum + (/[\u4e00-\u9fff]/.test(letter) ? 2 : 1), 0) > 80)).toEqual([]);
    }
    const { stdout } = await p.dag("trace", "b1");
    expect(stdout).toContain("\\x1b[31mred\\x07\\u{202e}gnp\\u{200b}");
    expect(stdout).toMatch(/wide .*… \(\d+ more\)/);
    expect((await traced(p, "b1")).records.get(`a ${evil}`)?.record["text"]).toBe(evil.repeat(400));
  });

  test("of two files of one cell that have the id, --cell with the file chooses", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ docs: { run: "docs.ts" }, tests: { run: "tests.ts", needs: ["docs"], output: "tests/", matrix: { level: [1, 2] } } }),
      "docs.ts": "export default () => [1, 2].map((i) => ({ id: 'doc-' + i }));\n",
      "tests.ts": "export default () => ({ 'rows.jsonl': [{ id: 'same', doc: 'doc-1' }], 'sub/more.jsonl': [{ id: 'same', doc: 'doc-2' }], 'note.txt': 'x' });\n",
    });
    expect(await p.dag("trace", "same", "--cell", "tests@level=2/sub/more.jsonl")).toMatchObject({ code: 3, stderr: "dag: nothing of tests@level=2/sub/more.jsonl is built yet: dag run tests@level=2\n" });
    await p.built();
    const { stdout } = await p.dag("trace", "same");
    expect(stdout).toMatch(/^tests@level=1\/rows\.jsonl\n {2}same\n/);
    expect(stdout).toContain("doc-1  ← doc of tests\n");
    expect(stdout).toContain("the id is also in tests@level=1/sub/more.jsonl: --cell tests@level=1/sub/more.jsonl\n");
    const chosen = await traced(p, "same", "--cell", "tests@level=2/sub/more.jsonl");
    expect(chosen.records.get("tests@level=2 same")).toMatchObject({ file: "sub/more.jsonl" });
    expect([...chosen.records.keys()]).toEqual(["tests@level=2 same", "docs doc-2"]);
    expect(await p.dag("trace", "same", "--cell", "tests@level=2/row.jsonl")).toMatchObject({ code: 2, stderr: "dag: tests@level=2/row.jsonl: no such file of records; there are rows.jsonl, sub/more.jsonl\n" });
    expect((await p.dag("trace", "other", "--cell", "tests@level=2/rows.jsonl")).stderr).toBe('dag: no record of tests@level=2/rows.jsonl has the id "other", in its cell\n');
    expect((await p.dag("trace", "same", "--cell", "tests@level=3/rows.jsonl")).code).toBe(2);
  });

  test("numbers keep their digits; of a long fraction it is seen that there are more", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "a.jsonl" }, output: "a.jsonl" } }),
      "a.jsonl": [{ id: "a1", price: 12345.678, v: 100001.5, third: 1 / 3, small: 0.000012345678, tiny: 1.25e-9, big: 1e21, exact: 0.123456, minus: -2 / 3 }],
    });
    await p.built();
    const { stdout } = await p.dag("trace", "a1");
    expect(stdout.split("\n").slice(2, 4).join(" · ").replaceAll(/\s+/g, " ").trim()).toBe("price 12345.678 · v 100001.5 · third 0.3333… · small 0.00001234… · tiny 1.25e-9 · big 1e+21 · exact 0.123456 · minus -0.6666…");
  });

  test("a head counts records that several fields name, and a field called like a word of the sentence is quoted", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ docs: { run: "docs.ts" }, tests: { run: "tests.ts", needs: ["docs"] } }),
      "docs.ts": "export default () => [1, 2, 3].map((i) => ({ id: 'doc-' + i }));\n",
      "tests.ts": "export default () => [{ id: 'test-1', of: 'doc-1', used: ['doc-1', 'doc-2'], docs: ['doc-2', 'doc-3'] }, { id: 'test-2', of: 'doc-3', item: ['doc-3'] }];\n",
    });
    await p.built();
    const { stdout } = await p.dag("trace", "test-1");
    expect(stdout).toContain("docs  3 records: 2 by docs, 2 by used, 1 by of; 2 by more than one of these\n");
    expect(stdout).toContain('  doc-1  ← "of", used[0] of tests\n');
  });

  test("while another process builds, it reads what lies there, and waits for nobody", async ({ p }) => {
    await benchmark(p).built();
    const gate = await p.gate();
    p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace('"evaluate"', '"slow","evaluate"').replace('"stages": {', `"stages": { "slow": { "cmd": ${JSON.stringify(gate.command("slow"))}, "output": "slow.txt" },`) });
    const building = p.start("run", "slow");
    const visitor = await gate.arrived("slow");
    const { records } = await traced(p, "q001@0.5,dense");
    expect(records.size).toBe(12);
    await visitor.order({ output: "x", exit: 0 });
    expect((await building.result).code).toBe(0);
  });

  test("writes nothing and leaves the lock as it is", async ({ p }) => {
    await benchmark(p).built();
    const before = { artifacts: p.artifacts(), lock: p.read("dag.lock") };
    await traced(p, "q001@0.5,dense");
    expect({ artifacts: p.artifacts(), lock: p.read("dag.lock") }).toEqual(before);
  });
});
