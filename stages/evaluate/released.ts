import { releasedStatistics, statisticsText } from "daguerre/stats";
import type { Level, Result, Study } from "./types.ts";

/** Noise as the release's file names have it: one decimal at least. */
export function noiseText(noise: number): string {
  return Number.isInteger(noise) ? noise.toFixed(1) : String(noise);
}

/** What the released scorer would write as statistics_all_noises.json: compat mode, levels sorted as its file names are. */
export function statisticsFile(study: Study): string {
  const levels = [...study.levels].sort((a, b) => (fileOf(a) < fileOf(b) ? -1 : 1));
  const statistics = releasedStatistics(
    levels.map(({ noise, systems }) => ({
      noise,
      runs: systems.map(({ name, results }) => ({ model: name, results: results.map(({ question, scores }) => ({ question, score: scores.compat })) })),
    })),
    "compat",
  );
  // In the bytes of the released scorer's file: its order of categories, its floats, no newline at the end.
  return statisticsText(statistics);
}

/** `results/result_noise_<r>.json`: predictions in the release's result format, one file per noise level. */
export function resultFiles(study: Study): Record<string, string> {
  return Object.fromEntries(study.levels.map((level) => [`results/${fileOf(level)}`, resultFile(level)]));
}

function fileOf(level: Level): string {
  return `result_noise_${noiseText(level.noise)}.json`;
}

function resultFile(level: Level): string {
  const models = level.systems.map(({ name, results }) => `{"Model":${JSON.stringify(name)},"Results":[\n${results.map(resultLine).join(",\n")}\n]}`);
  return `[${models.join(",\n")}]\n`;
}

function resultLine({ question, prediction, retrieved }: Result): string {
  // Written by hand: the order of evidence keys matters to the gold retriever, and a JS object would sort keys that look like numbers.
  const evidence = question.evidence.map(({ key, ids }) => `${JSON.stringify(key)}:${JSON.stringify(ids)}`);
  const fields: [string, string][] = [
    ["q_id", JSON.stringify(question.id)],
    ["question", JSON.stringify(question.question)],
    ["answer", JSON.stringify(question.answer)],
    ["prediction", JSON.stringify(prediction)],
    ["type", JSON.stringify(question.type)],
    ["difficulty", JSON.stringify(question.difficulty)],
    ["retrieved_segment_ids", JSON.stringify(retrieved)],
    ["ground_truth_segment_ids", `{${evidence.join(",")}}`],
  ];
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}
