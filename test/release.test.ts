import { cpSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { JsonRecord } from "../src/stage/index.ts";
import { makeRelease, segment, type Fixture } from "./release/fixture.ts";
import { repository, test as base, type Project } from "./rig/index.ts";

/** A project with the release pipeline and a release of its own. */
const test = base.extend<{ release: Fixture; project: Project }>({
  release: async ({}, use) => {
    const fixture = makeRelease();
    await use(fixture);
    rmSync(fixture.root, { recursive: true, force: true });
  },
  project: async ({ p }, use) => {
    for (const directory of ["pipelines", "stages", "prompts", "schemas"]) cpSync(join(repository, directory), p.path(directory), { recursive: true });
    symlinkSync(join(repository, "node_modules"), p.path("node_modules"));
    await use(p);
  },
});

const build = (project: Project, target: string, release: string, ...more: string[]) =>
  project.dag("-f", "pipelines/release.yaml", "run", "--json", target, "-p", `release=${release}`, "-p", "noise=[0.0, 0.5]", ...more);

function records(project: Project, path: string): JsonRecord[] {
  return project.read(`artifacts/release/${path}`).trimEnd().split("\n").map((line) => JSON.parse(line) as JsonRecord);
}

describe("dag -f pipelines/release.yaml", () => {
  test("builds every communities' documents, questions, retrievals and answers, and leaves results that score as it says", async ({ project, release }) => {
    const result = await build(project, "evaluate", release.root);
    expect(result.code, result.stderr).toBe(0);
    const documents = records(project, "documents/noise=0.jsonl");
    expect(documents.map(({ id }) => id).slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5].map((n) => segment(0, 0, n)).concat(segment(0, 1, 0)));
    expect(documents.at(-1)).toMatchObject({ id: segment(10, 1, 5), community: 10, person: 1, owner: "Eli Frost", type: "purchase_history" });
    // ASCII, key order of the file, no segment ids at any depth.
    expect(documents[4]?.["text"]).toBe(
      '{"time":"2024/Oct/15/07:44 PM","user_ai_interaction":[{"role":"user","content":"oolong and figs, na\\u00efvely"},{"role":"assistant","content":"ok"}]}',
    );
    expect(documents[5]?.["text"]).not.toContain("inner");
    expect(records(project, "documents/noise=0.5.jsonl").length).toBe(4 * 9);

    const questions = records(project, "questions/noise=0.5.jsonl");
    expect(questions.length).toBe(4 * 8);
    expect(questions[6]?.["evidence"]).toEqual([{ key: "figs", ids: [segment(0, 0, 5)] }, { key: "12", ids: [segment(0, 0, 2)] }]);

    const gold = records(project, "embed/noise=0/retriever=gold.jsonl");
    // k is the largest evidence count; the first alternative of each key, repeated cyclically.
    expect(gold[2]).toMatchObject({ id: "000000002", k: 3, retriever: "gold", retrieved: [2, 3, 2].map((n) => segment(0, 0, n)) });
    const lexical = records(project, "embed/noise=0/retriever=bm25.jsonl");
    expect(lexical.length).toBe(32);
    expect((lexical[3]?.["retrieved"] as string[]).length).toBe(3);
    expect(records(project, "answer/noise=0/reader=reader/retriever=gold.jsonl")[0]).toMatchObject({ id: "000000000", reader: "reader-1", outcome: "ok" });

    const scored = await project.dag("score", "personabench", "--release", release.root, "--results", project.path("artifacts/release/evaluate/results"), "--compat", "--json");
    expect(scored.code, scored.stderr).toBe(0);
    expect(JSON.parse(scored.stdout)).toEqual(JSON.parse(project.read("artifacts/release/evaluate/statistics.json")));
  });

  test("dense and hybrid retrieval ask the embedder, k can be chosen, and every retriever returns sessions of the asker alone", async ({ project, release }) => {
    const result = await build(project, "embed", release.root, "-p", "retrievers=[bm25, dense, hybrid, gold]", "-p", "k=2");
    expect(result.code, result.stderr).toBe(0);
    for (const retriever of ["bm25", "dense", "hybrid", "gold"]) {
      const rows = records(project, `embed/noise=0.5/retriever=${retriever}.jsonl`);
      expect(rows.length).toBe(32);
      for (const row of rows) {
        const ids = row["retrieved"] as string[];
        expect(ids.length).toBe(2);
        expect(ids.every((id) => id.startsWith(row.id.slice(0, 6)))).toBe(true);
        expect(row["scores"]).toHaveLength(2);
      }
    }
    const again = await build(project, "embed", release.root, "-p", "retrievers=[bm25, dense, hybrid, gold]", "-p", "k=2");
    expect(again.done.ran).toEqual([]);
  });

  test("a byte of one noise level changed rebuilds that level's answers, not the others", async ({ project, release }) => {
    const first = await build(project, "answer", release.root);
    expect(first.code, first.stderr).toBe(0);
    const name = "synthetic_data/community_0/eval_info/qa_gt_context_all_noise_0.5.json";
    const text = readFileSync(join(release.root, name), "utf8");
    writeFileSync(join(release.root, name), text.replace(segment(0, 0, 5), segment(0, 0, 4)));
    const { done } = await build(project, "answer", release.root);
    expect(done.ran?.filter((cell) => cell.startsWith("embed") || cell.startsWith("answer")).sort()).toEqual([
      "answer@noise=0.5,reader=reader,retriever=bm25", "answer@noise=0.5,reader=reader,retriever=gold", "embed@noise=0.5,retriever=bm25", "embed@noise=0.5,retriever=gold",
    ]);
    // One question's record changed: its item is looked at again in both, and asks nothing new where the sessions are the same.
    expect(done.calls?.made).toBeLessThanOrEqual(1);
  });

  const mistakes: [string, (release: Fixture) => string[], string][] = [
    ["a directory without a release", () => ["stages"], "no PersonaBench release in"],
    ["a missing noise level", (release) => [release.root, "-p", "noise=[0.3]"], "it has noise 0.0, 0.5: choose them with -p noise=[0.0, 0.5]"],
    ["broken JSON", (release) => [(release.write("synthetic_data/community_0/eval_info/eval_info_all.json", "[{]"), release.root)], "eval_info_all.json:1:3: expected a key in double quotes"],
    ["a file of another shape", (release) => [(release.json("synthetic_data/community_0/eval_info/eval_info_all.json", [{ Name: 1 }]), release.root)], "[0].Name: expected a string, found a number"],
    ["documents of somebody who is not in the list", (release) => [(release.json("synthetic_data/community_0/private_data/noise_0.0/purchase_history_data_all.json", [{ Name: "Zed", Data: [] }]), release.root)], '"Zed" has documents'],
    ["a missing kind of documents", (release) => [(unlinkSync(join(release.root, "synthetic_data/community_10/private_data/noise_0.5/conversation_data_all.json")), release.root)], "conversation_data_all.json is missing from the release"],
    ["an unknown retriever", (release) => [release.root, "-p", "retrievers=[bm52]"], 'unknown retriever "bm52"; there are bm25, dense, hybrid, gold'],
    ["a k that is none", (release) => [release.root, "-p", "k=0"], "give a whole number from 1"],
  ];
  test.for(mistakes)("says what is wrong: %s", async ([, change, message], { project, release }) => {
    const [directory = "", ...more] = change(release);
    const result = await build(project, "embed", directory, ...more);
    expect(result.code).toBe(1);
    expect(result.text.replaceAll('\\"', '"')).toContain(message);
  });

  test("extra files, people without purchases and questions without evidence are no mistake", async ({ project, release }) => {
    const base = "synthetic_data/community_0";
    release.write("synthetic_data/.DS_Store", "\u0000");
    release.write("README.md", "# not JSON");
    release.write(`${base}/private_data/noise_0.0/Ada Quill/conversation_data.json`, "not read");
    release.json(`${base}/private_data/noise_0.0/purchase_history_data_all.json`, []);
    release.json(`${base}/eval_info/qa_gt_context_all_noise_0.0.json`, []);
    const result = await build(project, "embed", release.root);
    expect(result.code, result.stderr).toBe(0);
    expect(records(project, "documents/noise=0.jsonl").length).toBe(2 * 5 + 2 * 6);
    expect(records(project, "embed/noise=0/retriever=gold.jsonl")[0]).toMatchObject({ retrieved: [] });
    expect(result.text).toContain("16 of 16 questions have no evidence");
  });
});

describe("dag -f pipelines/system.yaml", () => {
  test("a program of one's own is run without the gold, and scored as its predictions score on their own", async ({ project, release }) => {
    const args = ["-f", "pipelines/system.yaml", "-p", `release=${release.root}`, "-p", "noise=[0.5]", "-p", "k=3"];
    const result = await project.dag("run", "--json", ...args);
    expect(result.code, result.stderr).toBe(0);
    const asked = project.read("artifacts/system/ask/noise=0.5.jsonl");
    expect(asked).toContain("Which town do I live in?");
    for (const gold of ["Port Quill", "oolong", "evidence", "outdated"]) expect(asked).not.toContain(gold);
    const [level] = JSON.parse((await project.dag("score", "personabench", "--release", release.root, "--results", "artifacts/system/predict/noise=0.5.json", "--json", "--k", "3")).stdout) as { Statistics: { end2end_eval: Record<string, { Overall: { ave_f1: number } }>; retrieval_eval: Record<string, { Overall: { ave_recall: number } }> } }[];
    const rows = project.read("artifacts/system/evaluate/scores.jsonl").trimEnd().split("\n").map((line) => JSON.parse(line) as { f1: number | null; retrieval_recall: number | null; system: string });
    const f1 = rows.flatMap((row) => (row.f1 === null ? [] : [row.f1]));
    expect(new Set(rows.map(({ system }) => system))).toEqual(new Set(["names+keyword"]));
    expect(level?.Statistics.retrieval_eval["keyword"]?.Overall.ave_recall).toBeGreaterThan(0.3);
    expect(Math.abs((level?.Statistics.end2end_eval["names+keyword"]?.Overall.ave_f1 ?? Number.NaN) - f1.reduce((sum, value) => sum + value, 0) / 28)).toBeLessThan(0.0006);
  });
});
