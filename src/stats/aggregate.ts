import type { Score } from "./types.ts";

/** Means over questions; a metric nobody has is null. `n` counts questions, the others count those the mean is over. */
export interface Means {
  n: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  retrieval_recall: number | null;
  retrieval_ndcg: number | null;
  outdated_recall: number | null;
  n_retrieval: number;
  n_outdated: number;
}

/** Means per category in order of first appearance, over all questions (micro) and over the categories (macro). */
export interface Aggregate {
  categories: Map<string, Means>;
  micro: Means;
  macro: Means;
}

/** Arithmetic mean, summed left to right; null of nothing. */
export function mean(values: readonly number[]): number | null {
  let total = 0;
  for (const value of values) total += value;
  return values.length === 0 ? null : total / values.length;
}

/** Aggregates scored questions. Unscored ones do not belong in the list. */
export function aggregate(scores: readonly { category: string; score: Score }[]): Aggregate {
  const members = new Map<string, Score[]>();
  for (const { category, score } of scores) {
    const list = members.get(category);
    if (list === undefined) members.set(category, [score]);
    else list.push(score);
  }
  const categories = new Map([...members].map(([name, list]) => [name, meansOf(list)]));
  return { categories, micro: meansOf(scores.map(({ score }) => score)), macro: macroOf([...categories.values()]) };
}

const METRICS = ["precision", "recall", "f1", "retrieval_recall", "retrieval_ndcg", "outdated_recall"] as const;

function present(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function meansOf(scores: readonly Score[]): Means {
  const means = Object.fromEntries(METRICS.map((metric) => [metric, mean(present(scores.map((score) => score[metric])))]));
  return {
    ...(means as Record<(typeof METRICS)[number], number | null>),
    n: scores.length,
    n_retrieval: present(scores.map((score) => score.retrieval_recall)).length,
    n_outdated: present(scores.map((score) => score.outdated_recall)).length,
  };
}

function macroOf(categories: readonly Means[]): Means {
  const means = Object.fromEntries(METRICS.map((metric) => [metric, mean(present(categories.map((one) => one[metric])))]));
  const total = (name: "n" | "n_retrieval" | "n_outdated"): number => categories.reduce((sum, one) => sum + one[name], 0);
  return { ...(means as Record<(typeof METRICS)[number], number | null>), n: total("n"), n_retrieval: total("n_retrieval"), n_outdated: total("n_outdated") };
}
