/** dag trace <id>: the calls behind a record, as they were made. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { formatLine } from "../src/store/journal-line.ts";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { refused, sayJson, startServer, truncated } from "./rig/server.ts";
import type { RigServer } from "./rig/server.ts";
import { benchmark, offline, traced } from "./trace.rig.ts";

const schema = { type: "object", required: ["word"], properties: { word: { type: "string", minLength: 5 } }, additionalProperties: false };

/** people → words: one call per person, of a model behind the server. */
function words(p: Project, server: RigServer, more: Record<string, unknown> = {}): Project {
  p.env["RIG_KEY"] = "secret-of-the-rig";
  return p.write({
    "people.jsonl": [{ id: "ann-1" }, { id: "bob-2" }],
    "stages/words.ts": `export default async ({ item, models }) => {
  const { value, outcome } = await models.w.chat({ prompt: "A word for " + item.id, schema: ${JSON.stringify(schema)} });
  return { id: "word-of-" + item.id, outcome, word: value?.word ?? "" };
};\n`,
    "pipeline.yaml": pipeline(
      { people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "people.jsonl" }, words: { run: "stages/words.ts", each: "people", models: ["w"] } },
      { models: { w: { provider: "openai", base_url: server.url, model: "rig", api_key_env: "RIG_KEY", price: { input: 100, output: 1000 }, ...more } } },
    ),
  });
}

/** Every item journal, its entries changed. */
function rewriteJournals(p: Project, change: (entry: Record<string, unknown>) => Record<string, unknown>): void {
  for (const prefix of readdirSync(p.path("cache/items"))) {
    for (const name of readdirSync(p.path(`cache/items/${prefix}`))) {
      const path = p.path(join("cache/items", prefix, name));
      const [head = "", ...lines] = readFileSync(path, "utf8").split("\n");
      const changed = lines.filter((line) => line !== "").map((line) => {
        const [, key, value] = JSON.parse(line) as [string, string, Record<string, unknown>];
        return formatLine(key, JSON.stringify(change(value)));
      });
      writeFileSync(path, [head, ...changed, ""].join("\n"));
    }
  }
}

describe.concurrent("dag trace, the calls", () => {
  test("a repaired answer is shown with the attempt before it, what was wrong, tokens and price", async ({ p }) => {
    const server = await startServer();
    try {
      server.otherwise = ({ body }) => sayJson({ word: body.messages.length > 1 ? "lantern" : "owl" });
      await words(p, server).built();
      const { records, calls } = await traced(p, "word-of-ann-1");
      expect(calls.map(({ role, kind, outcome, attempt, model, snapshot, answer, usage, cost }) => ({ role, kind, outcome, attempt, model, snapshot, answer, usage, cost }))).toEqual([
        { role: "w", kind: "chat", outcome: "invalid", attempt: 0, model: "rig", snapshot: "rig-2026-01-01", answer: '{"word":"owl"}', usage: { input: 10, cached_input: 0, output: 5 }, cost: 0.006 },
        { role: "w", kind: "chat", outcome: "ok", attempt: 1, model: "rig", snapshot: "rig-2026-01-01", answer: '{"word":"lantern"}', usage: { input: 10, cached_input: 0, output: 5 }, cost: 0.006 },
      ]);
      expect(calls[0]?.problems?.join()).toContain("word");
      expect(calls[1]?.prompt.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
      expect(records.get("words word-of-ann-1")?.calls).toEqual({ own: calls.map(({ key }) => key), others: 0 });
      const { stdout } = await p.dag("trace", "word-of-ann-1");
      expect(stdout.replaceAll(/\b[0-9a-f]{8}\b/g, "########").replaceAll(/ · \d{4}-\d\d-\d\d$/gm, "").replace(/wrong .*/, "wrong …")).toBe(`words
  word-of-ann-1
    outcome ok · word lantern
    call ######## w · invalid · rig → rig-2026-01-01 · 10 in 5 out · $0.0060
      asked A word for ann-1
      said  {"word":"owl"}
      wrong …
    call ######## w · ok · attempt 2 · rig → rig-2026-01-01 · 10 in 5 out
      $0.0060
      asked Your answer does not sati… corrected JSON value and nothing else.
      said  {"word":"lantern"}

people
  ann-1  ← item of words

2 records of 2 cells, 2 calls behind them
`);
      const full = (await p.dag("trace", "word-of-ann-1", "--full")).stdout;
      expect(full).toContain("Answer again with the whole corrected JSON value and nothing else.");
      expect(full).toContain('"word": "lantern"');
      expect(full + stdout).not.toContain("secret-of-the-rig");
    } finally {
      await server.close();
    }
  });

  test("a refused and a cut-off answer are shown as what they were, also where nothing usable came of them", async ({ p }) => {
    const server = await startServer();
    try {
      server.otherwise = ({ body }) => (JSON.stringify(body.messages).includes("ann") ? refused() : truncated());
      await words(p, server, { attempts: 2 }).built();
      const { calls } = await traced(p, "word-of-ann-1");
      expect(calls.map(({ outcome, attempt, answer }) => [outcome, attempt, answer])).toEqual([["refusal", 0, "I cannot help with that."], ["refusal", 1, "I cannot help with that."]]);
      expect((await traced(p, "word-of-bob-2")).calls.map(({ outcome }) => outcome)).toEqual(["truncated", "truncated"]);
      expect((await p.dag("trace", "word-of-ann-1")).stdout).toMatch(/ · refusal · attempt 2 · .*\n( {6}[$\d].*\n)? {6}asked A word for ann-1\n {6}said {2}I cannot help with that\.\n/);
    } finally {
      await server.close();
    }
  });

  test("of an item or a cell that made many records, each has the calls whose words stand in it; embeddings and images by what was asked", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ a: { run: "a.ts", models: ["m"] }, b: { run: "b.ts", needs: ["a"], models: ["m"] } }, { models: { m: offline("m-1") } }),
      "a.ts": `export default async ({ models }) => Promise.all(["red-1", "green-2", "blue-3"].map(async (id) => ({ id, story: (await models.m.chat({ prompt: "Tell a story of " + id })).value, title: "The " + id + " house" })));\n`,
      "b.ts": `export default async ({ needs, models }) => {
  const stories = await needs.a.all();
  await models.m.embed(stories.map(({ title }) => title));
  for (const { title } of stories) await models.m.image({ prompt: "A picture of " + title });
  return stories.map(({ id, title }) => ({ id: "picture-" + id, of: id, title }));
};\n`,
    });
    await p.built();
    const { calls, records } = await traced(p, "picture-green-2");
    expect(calls.map(({ cell, kind, prompt }) => `${cell} ${kind}: ${prompt[0]?.text ?? ""}`).sort()).toEqual(["a chat: Tell a story of green-2", "b embedding: The green-2 house", "b image: A picture of The green-2 house"]);
    expect(records.get("a green-2")?.calls.others).toBe(2);
    expect(records.get("b picture-green-2")?.calls.others).toBe(4);
    const { stdout } = await p.dag("trace", "picture-green-2");
    expect(stdout).toMatch(/ m · image ok · m-1 · .*\n {6}asked A picture of The green-2 house\n {6}said {2}an image of \d+ bytes\n/);
    expect(stdout).toContain("3 calls of the cell in all\n");
  });

  test("items and cells made before calls were noted are kept, and trace says so", async ({ p }) => {
    await benchmark(p).built();
    rewriteJournals(p, ({ calls: _, ...entry }) => entry);
    for (const prefix of readdirSync(p.path("cache/results")))
      for (const name of readdirSync(p.path(`cache/results/${prefix}`))) {
        const path = p.path(join("cache/results", prefix, name));
        if (readFileSync(path, "utf8").includes('\n{"calls":')) rmSync(path);
      }
    expect((await p.built()).outcomes["ran"]).toBeUndefined();
    const { records, calls } = await traced(p, "q001@0.5,dense");
    expect(records.size).toBe(12);
    expect(calls).toEqual([]);
    const unknown = { unknown: "made before they were noted, or no longer remembered" };
    expect(records.get("answer@noise=0.5,retriever=dense q001")?.calls).toEqual(unknown);
    expect(records.get("seed persona-bo")?.calls).toEqual(unknown);
    // Of a stage without models nothing is unknown.
    expect(records.get("graph town")?.calls).toEqual({ own: [], others: 0 });
    expect((await p.dag("trace", "q001@0.5,dense")).stdout).toContain("seed  2 records\n  calls, if any, unknown: made before they were noted, or no longer remembered\n");
    // A change that makes one item run again does not run the others.
    p.write({ "stages/answer.ts": `${p.read("stages/answer.ts")}// a comment\n` });
    expect((await p.built()).outcomes["ran"]).toBeUndefined();
  });

  test("of an edited record it is the edit that makes its calls unknown", async ({ p }) => {
    await benchmark(p).built();
    p.write({ "artifacts/profile.jsonl": p.read("artifacts/profile.jsonl").replace('"name":"bo"', '"name":"bob"') });
    const { records } = await traced(p, "doc-p1-2");
    expect(records.get("profile p1")?.calls).toEqual({ unknown: "the artifact was edited since" });
    expect(records.get("profile p0")?.calls.own).toHaveLength(1);
    expect((await p.dag("trace", "doc-p1-2")).stdout).toContain("\n  edited: the artifact is not the one that the lock records\n  calls unknown of 1 record: the artifact was edited since\n");
    expect((await p.dag("trace", "persona-ada")).stdout).not.toContain("unknown");
  });

  test("a restored cell has the calls of the run that made it", async ({ p }) => {
    const seed = benchmark(p).read("stages/seed.ts");
    await p.built();
    const before = (await traced(p, "persona-bo")).calls;
    expect(before).toHaveLength(1);
    p.write({ "stages/seed.ts": seed.replace("Invent", "Imagine") });
    await p.built();
    expect((await traced(p, "persona-bo")).calls[0]?.prompt[0]?.text).toMatch(/^Imagine bo/);
    p.write({ "stages/seed.ts": seed });
    expect((await p.built()).outcomes["restored"]).toContain("seed");
    expect((await traced(p, "persona-bo")).calls).toEqual(before);
    // Garbage collection keeps what the lock needs, and this with it.
    expect((await p.dag("cache", "gc")).code).toBe(0);
    expect((await traced(p, "persona-bo")).calls).toEqual(before);
    expect((await p.dag("cache", "verify")).code).toBe(0);
  });

  test("answers that are gone are named by their keys; no store is made", async ({ p }) => {
    await benchmark(p).built();
    rmSync(p.path("cache/calls"), { recursive: true });
    const { calls, records } = await traced(p, "q001@0.5,dense");
    expect(records.size).toBe(12);
    expect(calls.filter(({ cell }) => cell.startsWith("answer"))).toMatchObject([{ role: "reader", problem: "there is no call store (cache/calls)" }]);
    expect(p.exists("cache/calls")).toBe(false);
    // Of a cell's many calls nobody can tell then which are a record's own.
    expect(records.get("seed persona-bo")?.calls).toEqual({ unknown: "there is no call store (cache/calls)" });
    expect((await p.dag("trace", "q001@0.5,dense")).stdout).toMatch(/\n {4}call [0-9a-f]{8} reader: there is no call store \(cache\/calls\)\n/);
  });

  test("a freed journal leaves the line to what the records name", async ({ p }) => {
    await benchmark(p).built();
    rmSync(p.path("cache/items"), { recursive: true });
    const { records } = await traced(p, "q001@0.5,dense");
    expect(records.get("embed@noise=0.5,retriever=dense q001")?.from).toContainEqual({ cell: "answer@noise=0.5,retriever=dense", id: "q001", by: "reference", paths: ["id"] });
    expect(records.get("profile p1")?.from).toContainEqual({ cell: "documents@noise=0.5", id: "doc-p1-0", by: "reference", paths: ["person"] });
    expect(records.get("answer@noise=0.5,retriever=dense q001")?.calls).toEqual({ unknown: "made before they were noted, or no longer remembered" });
  });
});
