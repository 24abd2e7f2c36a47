import { bootstrapMean, type Clustered } from "daguerre/stats";
import { RESAMPLES } from "./scored.ts";
import type { Result, Study } from "./types.ts";

const SHOWN = ["retrieval_recall", "f1"] as const;

/** A mean over the questions whose answer has a given number of parts, each with evidence of its own; fixed mode. */
export interface BySize {
  noise: number;
  system: string;
  retriever: string;
  /** Parts of the answer that have evidence. */
  size: number;
  metric: (typeof SHOWN)[number];
  mode: "fixed";
  value: number;
  low: number;
  high: number;
  n: number;
}

/** How scores depend on how much must be found: systems × sizes at every noise level. */
export function bySize(study: Study, seed: string): BySize[] {
  return study.levels.flatMap(({ noise, systems }) =>
    systems.flatMap(({ name, retriever, results }) =>
      sizesOf(results).flatMap(([size, own]) =>
        SHOWN.flatMap((metric): BySize[] => {
          const values = own.flatMap(({ question, scores }): Clustered[] => {
            const value = scores.fixed?.[metric] ?? null;
            return value === null ? [] : [{ cluster: `${question.community}/${question.person}`, value }];
          });
          const interval = bootstrapMean(values, { seed, resamples: RESAMPLES });
          return interval === null ? [] : [{ noise, system: name, retriever, size, metric, mode: "fixed", value: interval.mean, low: interval.low, high: interval.high, n: interval.n }];
        }),
      ),
    ),
  );
}

function sizesOf(results: readonly Result[]): [number, Result[]][] {
  const groups = new Map<number, Result[]>();
  for (const result of results) {
    const size = result.question.evidence.filter(({ ids }) => ids.length > 0).length;
    if (result.scores.fixed === undefined || size === 0) continue;
    groups.set(size, [...(groups.get(size) ?? []), result]);
  }
  return [...groups].sort(([a], [b]) => a - b);
}
