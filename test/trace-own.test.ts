/** dag trace <id>: which of many calls are a record's own, where their answers repeat. */
import { rmSync } from "node:fs";
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { say, startServer } from "./rig/server.ts";
import type { RigServer } from "./rig/server.ts";
import { traced } from "./trace.rig.ts";

/** documents → verdicts0, verdicts1 …, each asked for in one run of a stage without items: by a prompt, with a record made of `doc`, `i` and what was `said`. */
function judged(p: Project, server: RigServer, ...stages: (readonly [prompt: string, record: string])[]): Project {
  p.env["RIG_KEY"] = "rig";
  return p.write({
    "pipeline.yaml": pipeline(
      { documents: { run: "documents.ts" }, ...Object.fromEntries(stages.map((_, i) => [`verdicts${i}`, { run: `verdicts${i}.ts`, needs: ["documents"], models: ["judge"] }])) },
      { models: { judge: { provider: "openai", base_url: server.url, model: "rig", api_key_env: "RIG_KEY" } } },
    ),
    "documents.ts": "export default () => Array.from({ length: 11 }, (_, i) => ({ id: 'doc-' + i, text: 'What number ' + i + ' has to say of itself' }));\n",
    ...Object.fromEntries(stages.map(([prompt, record], i) => [`verdicts${i}.ts`, `export default async ({ needs, models }) => {
  const verdicts = [];
  for (const [i, doc] of (await needs.documents.all()).entries()) {
    const { value: said } = await models.judge.chat({ prompt: ${prompt} });
    verdicts.push(${record});
  }
  return verdicts;
};\n`])),
  });
}

const asked = ({ calls }: Awaited<ReturnType<typeof traced>>): string[] => calls.map(({ prompt }) => prompt[0]?.text ?? "");

describe.concurrent("dag trace, calls with answers that repeat", () => {
  test("of many calls with one answer, a record's own is the one whose prompt has its id, or the id or text of what it names", async ({ p }) => {
    const server = await startServer();
    try {
      for (const said of ["supported", "yes", "7", '{"verdict":"supported","sure":true}']) {
        server.otherwise = () => say(said);
        for (const path of ["cache", "artifacts", "dag.lock"]) rmSync(p.path(path), { recursive: true, force: true });
        await judged(
          p, server,
          ["`Judge ${doc.id}`", "{ id: 'v:' + doc.id, verdict: said }"],
          ["`Judge ${doc.id}!`", "{ id: 'v-' + i, doc: doc.id, verdict: said }"],
          ["`Judge: ${doc.text}`", "{ id: 'v-' + i, about: [{ doc: doc.id }], verdict: said }"],
          ["`Judge ${doc.id} (not doc-${i + 1} or doc-${i - 1}): ${doc.text}`", "{ id: 'v-' + i, doc: doc.id, verdict: said }"],
        ).built();
        for (const [i, id, prompt] of [[0, "v:doc-1", "Judge doc-1"], [1, "v-1", "Judge doc-1!"], [2, "v-1", "Judge: What number 1 has to say of itself"], [3, "v-1", "Judge doc-1 (not doc-2 or doc-0): What number 1 has to say of itself"]] as const) {
          const trace = await traced(p, id, "--cell", `verdicts${i}`);
          expect(asked(trace), said).toEqual([prompt]);
          expect(trace.records.get(`verdicts${i} ${id}`)?.calls).toMatchObject({ others: 10 });
        }
      }
      // An answer of which the record keeps no word: a truth made of a yes.
      server.otherwise = () => say("yes");
      await judged(p, server, ["`Is ${doc.id} right?`", "{ id: 'of-' + doc.id, fine: said === 'yes' }"]).built();
      expect(asked(await traced(p, "of-doc-1"))).toEqual(["Is doc-1 right?"]);
    } finally {
      await server.close();
    }
  });

  test("calls that cannot be told apart are none of them a record's own: it is said that one is", async ({ p }) => {
    const server = await startServer();
    try {
      server.otherwise = ({ body }) => say(JSON.stringify(body.messages).includes("4") ? "refuted" : "supported");
      await judged(p, server, ["`Judge the one of number ${i}`", "{ id: ['ann', 'bea', 'cyd', 'dot', 'eve', 'fay', 'gus', 'hal', 'ida', 'jim', 'kay'][i] + ' in person', verdict: said }"]).built();
      const { calls, records } = await traced(p, "bea in person");
      expect(calls).toEqual([]);
      const behind = records.get("verdicts0 bea in person")?.calls;
      expect(behind).toMatchObject({ own: [], others: 11 });
      expect(behind?.one_of?.map((list) => list.length)).toEqual([10]);
      const { stdout } = await p.dag("trace", "bea in person");
      expect(stdout).toContain("\n    one of 10 calls with this answer\n      said  supported\n    11 calls of the cell in all\n");
      expect(stdout).toContain("no call known to be behind them");
      // The only one with its answer is known.
      expect(asked(await traced(p, "eve in person"))).toEqual(["Judge the one of number 4"]);
    } finally {
      await server.close();
    }
  });

  test("an item that asks once for each noise level: a record has the call about its own level, also where one answer is a part of another", async ({ p }) => {
    const server = await startServer();
    p.env["RIG_KEY"] = "rig";
    try {
      server.otherwise = ({ body }) => say(JSON.stringify(body.messages).includes("0.25") ? "A quiet day at sea, and home again" : "A quiet day at sea");
      p.write({
        "pipeline.yaml": pipeline(
          { people: { run: "people.ts" }, notes: { run: "notes.ts", each: "people", models: ["writer"] } },
          { models: { writer: { provider: "openai", base_url: server.url, model: "rig", api_key_env: "RIG_KEY" } } },
        ),
        "people.ts": "export default () => [{ id: 'person-1' }, { id: 'person-2' }];\n",
        "notes.ts": `export default async ({ item, models }) => {
  const notes = [];
  for (const noise of [0, 0.1, 0.2, 0.25]) notes.push({ id: item.id + "#" + notes.length, noise, text: (await models.writer.chat({ prompt: "Write of " + item.id + " at noise " + noise + "." })).value });
  return notes;
};\n`,
      });
      await p.built();
      for (const [i, noise] of [0, 0.1, 0.2, 0.25].entries()) {
        const trace = await traced(p, `person-2#${i}`);
        expect(asked(trace)).toEqual([`Write of person-2 at noise ${noise}.`]);
        expect(trace.records.get(`notes person-2#${i}`)?.calls).toMatchObject({ others: 3 });
      }
    } finally {
      await server.close();
    }
  });

  test("a record made of several calls has them all, and all samples of one prompt that agree", async ({ p }) => {
    const server = await startServer();
    try {
      let n = 0;
      server.otherwise = ({ body }) => say(JSON.stringify(body.messages).includes("Judge") ? "supported" : `Chapter ${n++} of a story`);
      judged(p, server, ["`Judge ${doc.id}`", "{ id: 'v-' + i, doc: doc.id, verdict: said, ...(await told(doc, models)) }"]);
      p.write({ "verdicts0.ts": `${p.read("verdicts0.ts")}async function told(doc, models) {
  const first = (await models.judge.chat({ prompt: "Begin" + doc.id })).value;
  const agreed = [];
  for (const sample of [1, 2]) agreed.push((await models.judge.chat({ prompt: "Judge " + doc.id, sample })).value);
  return { agreed: agreed.length, first, second: (await models.judge.chat({ prompt: "Go on: " + first })).value };
}\n` });
      await p.built();
      const trace = await traced(p, "v-3");
      expect(asked(trace).map((text) => text.replace(/\d+ of a story/, "…")).sort()).toEqual(["Begindoc-3", "Go on: Chapter …", "Judge doc-3", "Judge doc-3", "Judge doc-3"]);
    } finally {
      await server.close();
    }
  });
});
