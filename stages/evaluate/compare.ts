import { pairedTest, type Pair } from "daguerre/stats";
import { RESAMPLES } from "./scored.ts";
import type { Level, Study, System } from "./types.ts";

/** Sampled sign assignments of a test: the smallest p is 1 / 2001. */
const PERMUTATIONS = 2000;
const COMPARED = ["retrieval_recall", "f1"] as const;

/** Two systems on the questions both were asked, fixed mode: mean of b - a. */
export interface Comparison {
  noise: number;
  metric: (typeof COMPARED)[number];
  a: string;
  b: string;
  difference: number;
  low: number;
  high: number;
  n: number;
  /** Two-sided sign-flip test over questions, and its p after Holm's correction over the comparisons of this metric and level. */
  p: number;
  p_holm: number;
  exact: boolean;
}

/** All pairs of systems that differ in one thing, the retriever or the reader, at every noise level. */
export function compare(study: Study, seed: string): Comparison[] {
  return study.levels.flatMap((level) => COMPARED.flatMap((metric) => holm(pairsOf(level, metric).flatMap(([a, b]) => comparison(level.noise, metric, a, b, seed)))));
}

/** Rankings do not depend on who reads them: retrievers are compared once, with the first reader that has them. */
function pairsOf({ systems }: Level, metric: Comparison["metric"]): [System, System][] {
  const all = systems.flatMap((a, i) => systems.slice(i + 1).map((b): [System, System] => [a, b]));
  const retrievers = all.filter(([a, b]) => a.reader === b.reader);
  if (metric === "f1") return [...retrievers, ...all.filter(([a, b]) => a.retriever === b.retriever)];
  const seen = new Set<string>();
  return retrievers.filter(([a, b]) => {
    const names = JSON.stringify([a.retriever, b.retriever]);
    return !seen.has(names) && seen.add(names);
  });
}

function comparison(noise: number, metric: Comparison["metric"], a: System, b: System, seed: string): Omit<Comparison, "p_holm">[] {
  const pairs = a.results.flatMap(({ question, scores }, place): Pair[] => {
    const [x, y] = [scores.fixed?.[metric] ?? null, b.results[place]?.scores.fixed?.[metric] ?? null];
    return x === null || y === null ? [] : [{ cluster: `${question.community}/${question.person}`, a: x, b: y }];
  });
  const test = pairedTest(pairs, { seed, permutations: PERMUTATIONS, resamples: RESAMPLES });
  if (test === null) return [];
  return [{ noise, metric, a: a.name, b: b.name, difference: test.mean, low: test.low, high: test.high, n: test.n, p: test.p, exact: test.exact }];
}

/** Holm's step-down correction (1979): the i-th smallest of m values times m - i, never below the one before. */
function holm(tests: readonly Omit<Comparison, "p_holm">[]): Comparison[] {
  const order = tests.map((_, place) => place).sort((x, y) => (tests[x]?.p ?? 1) - (tests[y]?.p ?? 1) || x - y);
  const adjusted: number[] = [];
  let least = 0;
  order.forEach((place, rank) => {
    least = Math.max(least, Math.min(1, (tests[place]?.p ?? 1) * (tests.length - rank)));
    adjusted[place] = least;
  });
  return tests.map((test, place) => ({ ...test, p_holm: adjusted[place] ?? 1 }));
}
