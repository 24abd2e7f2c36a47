import { mean } from "./aggregate.ts";
import { category } from "./category.ts";
import { isUnscored } from "./question.ts";
import { pythonRound } from "./python.ts";
import type { Mode, Score } from "./types.ts";

/** One model's scored answers at one noise level, in the order of its result file. */
export interface Run {
  /** `<reader>+<retriever>` in the release's files. */
  model: string;
  results: readonly RunResult[];
}

/** A scored question; `score` is undefined for Subjective ones. */
export interface RunResult {
  question: { id: string; type: string; difficulty: string };
  score: Score | undefined;
}

export type AnswerMeans = { ave_precision: number | null; ave_recall: number | null; ave_f1: number | null; n?: number };
export type OutdatedMeans = { ave_recall: number | null; n?: number };
export type RetrievalMeans = { ave_recall: number | null; ave_ndcg: number | null; n?: number };

/** One noise level of what the released scorer writes as statistics_all_noises.json. */
export interface LevelStatistics {
  Noise: number;
  Statistics: {
    end2end_eval: { [model: string]: { [category: string]: AnswerMeans | OutdatedMeans } };
    retrieval_eval: { [retriever: string]: { [category: string]: RetrievalMeans } };
  };
}

/** Name under which the release writes the gold context. */
export const GOLD_CONTEXT = "gt-context";

/** Reader and retriever of a model name, split at its last plus sign; without one the retriever is empty. */
export function splitModel(model: string): { reader: string; retriever: string } {
  const plus = model.lastIndexOf("+");
  return plus < 0 ? { reader: model, retriever: "" } : { reader: model.slice(0, plus), retriever: model.slice(plus + 1) };
}

/**
 * The structure of the released statistics_all_noises.json, means rounded to 3 decimals as Python does.
 *
 * Compat equals the released program's output on every value: categories in order of first appearance after Overall (and outdated_information), retrieval once
 * per retriever from the first model that uses it, none for the gold context. A mean over nothing, where the released program divides by zero, is null.
 * Fixed adds `n` everywhere, `Overall_macro` (mean of the categories), scores the gold context as a retriever, and files retrieval under the model's name
 * where two models of one retriever name were given different rankings.
 */
export function releasedStatistics(levels: readonly { noise: number; runs: readonly Run[] }[], mode: Mode): LevelStatistics[] {
  return levels.map(({ noise, runs }) => ({
    Noise: noise,
    Statistics: {
      end2end_eval: record(runs.map((run) => [run.model, answers(run, mode)])),
      retrieval_eval: record(retrievers(runs, mode).map(([name, run]) => [name, retrieval(run, mode)])),
    },
  }));
}

/** A plain object whose members cannot meet the prototype's. */
function record<V>(entries: readonly (readonly [string, V])[]): { [key: string]: V } {
  const out: { [key: string]: V } = {};
  for (const [key, value] of entries) Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true });
  return out;
}

interface Counted {
  category: string;
  score: Score;
}

function counted(run: Run, mode: Mode): Counted[] {
  return run.results.flatMap(({ question, score }) => (score === undefined || isUnscored(question) ? [] : [{ category: category(question, mode), score }]));
}

function byCategory(scored: readonly Counted[]): Map<string, Score[]> {
  const out = new Map<string, Score[]>();
  for (const { category: name, score } of scored) {
    const list = out.get(name);
    if (list === undefined) out.set(name, [score]);
    else list.push(score);
  }
  return out;
}

type Metric = "precision" | "recall" | "f1" | "retrieval_recall" | "retrieval_ndcg" | "outdated_recall";

function average(scores: readonly Score[], metric: Metric): number | null {
  return mean(scores.map((score) => score[metric]).filter((value) => value !== null));
}

function rounded(value: number | null): number | null {
  return value === null ? null : pythonRound(value, 3);
}

function answers(run: Run, mode: Mode): { [category: string]: AnswerMeans | OutdatedMeans } {
  const scored = counted(run, mode);
  const all = scored.map(({ score }) => score);
  const former = all.filter((score) => score.outdated_recall !== null);
  const groups = byCategory(scored);
  const row = (scores: readonly Score[]): AnswerMeans => ({
    ave_precision: rounded(average(scores, "precision")),
    ave_recall: rounded(average(scores, "recall")),
    ave_f1: rounded(average(scores, "f1")),
    ...(mode === "fixed" ? { n: scores.length } : {}),
  });
  const macro = (metric: Metric): number | null => rounded(mean([...groups.values()].map((scores) => average(scores, metric) ?? 0)));
  return record<AnswerMeans | OutdatedMeans>([
    ["Overall", row(all)],
    ["outdated_information", { ave_recall: rounded(average(former, "outdated_recall")), ...(mode === "fixed" ? { n: former.length } : {}) }],
    ...[...groups].map(([name, scores]) => [name, row(scores)] as const),
    ...(mode === "fixed"
      ? [["Overall_macro", { ave_precision: macro("precision"), ave_recall: macro("recall"), ave_f1: macro("f1"), n: all.length }] as const]
      : []),
  ]);
}

function retrieval(run: Run, mode: Mode): { [category: string]: RetrievalMeans } {
  const scored = counted(run, mode).filter(({ score }) => score.retrieval_recall !== null);
  const all = scored.map(({ score }) => score);
  const groups = byCategory(scored);
  const row = (scores: readonly Score[]): RetrievalMeans => ({
    ave_recall: rounded(average(scores, "retrieval_recall")),
    ave_ndcg: rounded(average(scores, "retrieval_ndcg")),
    ...(mode === "fixed" ? { n: scores.length } : {}),
  });
  const macro = (metric: Metric): number | null => rounded(mean([...groups.values()].map((scores) => average(scores, metric) ?? 0)));
  return record([
    ["Overall", row(all)],
    ...[...groups].map(([name, scores]) => [name, row(scores)] as const),
    ...(mode === "fixed"
      ? [["Overall_macro", { ave_recall: macro("retrieval_recall"), ave_ndcg: macro("retrieval_ndcg"), n: all.length }] as const]
      : []),
  ]);
}

/** The runs whose rankings are reported, with the name they are reported under. */
function retrievers(runs: readonly Run[], mode: Mode): [string, Run][] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const { retriever } = splitModel(run.model);
    if (mode === "compat" && retriever === GOLD_CONTEXT) continue;
    const name = retriever === "" ? run.model : retriever;
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups].flatMap(([name, members]): [string, Run][] => {
    const first = members[0];
    if (first === undefined) return [];
    if (mode === "compat" || members.every((run) => rankingKey(run) === rankingKey(first))) return [[name, first]];
    return members.map((run) => [run.model, run]);
  });
}

/** Equal for runs with equal retrieval scores on equal questions. */
function rankingKey(run: Run): string {
  const rows = run.results.map(({ question, score }) => [question.id, score?.retrieval_recall ?? null, score?.retrieval_ndcg ?? null] as const);
  return JSON.stringify(rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
