import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { releasedStatistics, scoreRun, type Answer, type Run, type ScoredQuestion } from "../src/stats/index.ts";

const data = join(import.meta.dirname, "../../shared/data/personabench");
const variants = ["echo", "echo_nospace", "silly", "random", "quirks", "gt_empty"];
const levels = ["0.0", "0.3", "0.5", "0.7"];

interface Result {
  q_id: string;
  answer: Answer;
  prediction: Answer;
  type: string;
  difficulty: string;
  retrieved_segment_ids: string[];
  ground_truth_segment_ids: Record<string, string[]>;
}
type Expected = Record<string, { q_id: string; P: number; R: number; F: number; ret_recall: number | null; ret_ndcg: number | null; outdated_recall: number | null }[]>;

function read<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(data, ...path), "utf8")) as T;
}

describe.skipIf(!existsSync(data))("compat mode on the released community (skipped where ../shared/data is absent)", () => {
  const outdated = new Map<string, Answer>();
  if (existsSync(data)) {
    const people = read<{ Eval_Info: { qa: { q_id: string; outdated_value: Answer }[] } }[]>("synthetic_data/community_0/eval_info/eval_info_all.json");
    for (const person of people) for (const qa of person.Eval_Info.qa) outdated.set(qa.q_id, qa.outdated_value);
  }

  it.each(variants)("equals the released scorer on every question and every mean of %s", (variant) => {
    let compared = 0;
    const statistics = releasedStatistics(
      levels.map((noise) => {
        const expected = read<Expected>("expected", variant, `per_question_noise_${noise}.json`);
        const runs = read<{ Model: string; Results: Result[] }[]>("expected", variant, `result_noise_${noise}.json`).map((model): Run => {
          const questions = model.Results.map((result): ScoredQuestion => ({
            id: result.q_id,
            type: result.type,
            difficulty: result.difficulty,
            answer: result.answer,
            outdated_value: outdated.get(result.q_id) ?? null,
            evidence: Object.entries(result.ground_truth_segment_ids).map(([key, ids]) => ({ key, ids })),
          }));
          const answers = model.Results.map((result, i) => ({ question: questions[i] as ScoredQuestion, prediction: result.prediction, retrieved: result.retrieved_segment_ids }));
          const scores = scoreRun(answers, 5, "compat");
          const scored = model.Results.flatMap((result, i) => (scores[i] === undefined ? [] : [{ id: result.q_id, score: scores[i] }]));
          const rows = expected[model.Model] ?? [];
          expect(scored.map(({ id }) => id)).toEqual(rows.map((row) => row.q_id));
          rows.forEach((row, i) => {
            const score = scored[i]?.score;
            const ours = [score?.precision, score?.recall, score?.f1, score?.retrieval_recall, score?.retrieval_ndcg, score?.outdated_recall ?? -1];
            const theirs = [row.P, row.R, row.F, row.ret_recall, row.ret_ndcg, row.outdated_recall ?? -1];
            theirs.forEach((value, j) => {
              // The gold context's ranking is not scored by the released program.
              if (value === null) return;
              expect(Math.abs((ours[j] ?? Number.NaN) - value), `${row.q_id} value ${j}`).toBeLessThan(1e-9);
              compared += 1;
            });
          });
          return { model: model.Model, results: questions.map((question, i) => ({ question, score: scores[i] })) };
        });
        return { noise: Number(noise), runs };
      }),
      "compat",
    );
    const released = read<typeof statistics>("expected", variant, "statistics_all_noises.json");
    expect(statistics).toEqual(released);
    expect(JSON.stringify(statistics)).toBe(JSON.stringify(released));
    expect(compared).toBeGreaterThan(1800);
  });
});
