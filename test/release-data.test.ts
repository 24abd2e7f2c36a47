import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonRecord } from "../src/stage/index.ts";
import { aggregate, category, pythonRound, scoreRun, type ScoredQuestion } from "../src/stats/index.ts";
import documentsStage from "../stages/release-documents.ts";
import embedStage from "../stages/embed.ts";
import questionsStage from "../stages/release-questions.ts";
import { filesOf, needOf, runStage } from "./release/context.ts";

const data = join(import.meta.dirname, "../../shared/data/personabench");
const release = join(data, "synthetic_data");

async function level(noise: number, retriever: string): Promise<{ documents: JsonRecord[]; questions: JsonRecord[]; retrieved: JsonRecord[] }> {
  const files = { release: filesOf(release) };
  const documents = await runStage(documentsStage, { files, axis: { noise } });
  const questions = await runStage(questionsStage, { files, axis: { noise } });
  const needs = { documents: needOf(documents), questions: needOf(questions) };
  const retrieved = await runStage(embedStage, { needs, axis: { noise, retriever }, params: { k: null } });
  return { documents, questions, retrieved };
}

describe.skipIf(!existsSync(release))("the released community (skipped where ../shared/data is absent)", () => {
  const table = {
    "0.0": [264, [0.193, 0.139], [0.345, 0.387], [0.223, 0.204], [0.271, 0.214], [0.226, 0.185]],
    "0.3": [376, [0.114, 0.095], [0.345, 0.372], [0.192, 0.22], [0.24, 0.217], [0.174, 0.167]],
    "0.5": [528, [0.175, 0.138], [0.369, 0.34], [0.154, 0.121], [0.242, 0.237], [0.197, 0.169]],
    "0.7": [958, [0.14, 0.097], [0.083, 0.123], [0.215, 0.216], [0.108, 0.102], [0.146, 0.126]],
  };

  it.each(Object.entries(table))("gives the reference retrieval table of BM25 at noise %s", async (noise, [sessions, ...expected]) => {
    const { documents, questions, retrieved } = await level(Number(noise), "bm25");
    expect(documents.length).toBe(sessions);
    expect(questions.length).toBe(133);
    expect(new Set(retrieved.map((record) => record["k"]))).toEqual(new Set([5]));
    const scores = scoreRun(
      retrieved.map((record, i) => ({ question: questions[i] as unknown as ScoredQuestion, prediction: "", retrieved: record["retrieved"] as string[] })),
      5,
      "compat",
    );
    const rows = scores.flatMap((score, i) => (score === undefined ? [] : [{ category: category(questions[i] as unknown as ScoredQuestion, "compat"), score }]));
    expect(rows.length).toBe(116);
    const { categories, micro } = aggregate(rows);
    const order = ["Basic_information_easy", "Preference_easy", "Preference_hard", "Social_easy"].map((name) => categories.get(name));
    const ours = [...order, micro].map((means) => [pythonRound(means?.retrieval_recall ?? Number.NaN, 3), pythonRound(means?.retrieval_ndcg ?? Number.NaN, 3)]);
    expect(ours).toEqual(expected);

    // Not only the means: every ranking, id by id.
    const [model] = JSON.parse(readFileSync(join(data, `expected/echo/result_noise_${noise}.json`), "utf8")) as { Results: { q_id: string; retrieved_segment_ids: string[] }[] }[];
    expect(retrieved.map(({ id, retrieved }) => [id, retrieved])).toEqual(model?.Results.map((result) => [result.q_id, result.retrieved_segment_ids]));
  });

  it("gives the gold context as the released runner does", async () => {
    for (const noise of ["0.0", "0.7"]) {
      const { retrieved } = await level(Number(noise), "gold");
      const [model] = JSON.parse(readFileSync(join(data, `expected/gt_empty/result_noise_${noise}.json`), "utf8")) as { Results: { q_id: string; retrieved_segment_ids: string[] }[] }[];
      expect(retrieved.map(({ id, retrieved }) => [id, retrieved])).toEqual(model?.Results.map((result) => [result.q_id, result.retrieved_segment_ids]));
    }
  });

  it("reads the same from the data root, the set of communities and one community", async () => {
    const read = (directory: string) => runStage(documentsStage, { files: { release: filesOf(directory) }, axis: { noise: 0 } });
    const whole = await read(release);
    expect(await read(data)).toEqual(whole);
    expect(await read(join(release, "community_0"))).toEqual(whole);
  });
});
