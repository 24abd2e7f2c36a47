import { basename } from "node:path";
import { type Answered, type Answer, type ScoredQuestion } from "../../stats/index.ts";
import type { ResultEntry, ResultFile, ResultModel } from "./results.ts";

/** Where the released scorer stops with an error instead of a number. */
export class ReleasedScorerStops extends Error {
  override name = "ReleasedScorerStops";
}

/** The level as the released scorer finds it: `noise_<d>.<d>` in the file name. */
export function releasedNoise(file: ResultFile): number {
  const level = /noise_([0-9]+\.[0-9]+)/.exec(basename(file.path))?.[1];
  if (level === undefined) throw new ReleasedScorerStops(`${file.path}: the file name holds no noise_<d.d>`);
  return Number(level);
}

/** Checks a model's name as the released scorer does: exactly one plus sign, not met before. */
export function checkReleasedModel(model: string, seen: ReadonlySet<string>, path: string): void {
  if (model.split("+").length !== 2) throw new ReleasedScorerStops(`${path}: model ${JSON.stringify(model)} does not hold exactly one "+"`);
  if (seen.has(model)) throw new ReleasedScorerStops(`${path}: model ${JSON.stringify(model)} stands twice`);
}

/**
 * The answers of one model as the released scorer takes them: answer, type, difficulty and evidence from the result file itself, outdated values
 * from the release. Throws ReleasedScorerStops where a field or question is missing.
 */
export function releasedAnswers(model: ResultModel, outdated: ReadonlyMap<string, Answer>): Answered[] {
  return model.entries.map((entry): Answered => {
    const type = field(entry, "type", entry.type);
    const scored = type !== "Subjective";
    if (scored && !outdated.has(entry.q_id)) throw new ReleasedScorerStops(`${entry.where}: question ${JSON.stringify(entry.q_id)} is not in the release`);
    const question: ScoredQuestion = {
      id: entry.q_id,
      type,
      difficulty: type === "Preference" ? field(entry, "difficulty", entry.difficulty) : (entry.difficulty ?? "easy"),
      answer: field(entry, "answer", entry.answer),
      outdated_value: outdated.get(entry.q_id) ?? null,
      evidence: field(entry, "ground_truth_segment_ids", entry.evidence),
    };
    return { question, prediction: field(entry, "prediction", entry.prediction), retrieved: field(entry, "retrieved_segment_ids", entry.retrieved) };
  });
}

function field<T>(entry: ResultEntry, name: string, value: T | undefined): T {
  if (value === undefined) throw new ReleasedScorerStops(`${entry.where}: ${name} is missing`);
  return value;
}
