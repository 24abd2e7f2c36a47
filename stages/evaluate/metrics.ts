import { bootstrapMean, type Clustered, type Mode } from "daguerre/stats";
import { compare, type Comparison } from "./compare.ts";
import { dimensionValues, type DimensionValue } from "./dimensions.ts";
import { balanced, RESAMPLES, scoredOf, type Scored } from "./scored.ts";
import { bySize, type BySize } from "./sizes.ts";
import { MACRO, METRICS, MODES, OVERALL, type Level, type MetricName, type Study, type System } from "./types.ts";

/** A mean over questions with a 95 % bootstrap interval that resamples people. */
export interface Measured {
  noise: number;
  system: string;
  reader: string;
  retriever: string;
  category: string;
  metric: MetricName;
  mode: Mode;
  /** Null where no question has the metric; then n is 0. */
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  /** People the questions are about. */
  clusters: number;
}

/** metrics.json. */
export interface Metrics {
  version: 1;
  seed: string;
  resamples: number;
  level: number;
  /** Roles whose answers come from the offline provider. */
  simulated: string[];
  k: number[];
  noises: number[];
  metrics: Measured[];
  dimensions: DimensionValue[];
  comparisons: Comparison[];
  by_size: BySize[];
  documents: { noise: number; type: string; sessions: number; utterances: number }[];
  questions: { noise: number; type: string; difficulty: string; n: number; scored: boolean; with_outdated: number }[];
  flags: { noise: number; system: string; mode: Mode; flag: string; n: number }[];
  warnings: string[];
}

export function measure(study: Study, options: { seed: string; simulated: string[] }): Metrics {
  const dims = MODES.flatMap((mode) => dimensionValues(study, mode, options.seed));
  const flat = MODES.flatMap((mode) => flatDimensions(dims.filter((row) => row.mode === mode), mode));
  return {
    version: 1,
    seed: options.seed,
    resamples: RESAMPLES,
    level: 0.95,
    simulated: options.simulated,
    k: [...new Set(study.levels.flatMap(({ systems }) => systems.flatMap(({ results }) => results.map(({ k }) => k))))].sort((a, b) => a - b),
    noises: study.levels.map(({ noise }) => noise),
    metrics: study.levels.flatMap(({ noise, systems }) => systems.flatMap((system) => MODES.flatMap((mode) => measured(noise, system, mode, options.seed)))),
    dimensions: dims,
    comparisons: compare(study, options.seed),
    by_size: bySize(study, options.seed),
    documents: study.levels.flatMap(({ noise, volumes }) => (volumes ?? []).map((volume) => ({ noise, ...volume }))),
    questions: study.levels.flatMap(questionCounts),
    flags: study.levels.flatMap(({ noise, systems }) => systems.flatMap((system) => MODES.flatMap((mode) => flagCounts(system, mode).map(([flag, n]) => ({ noise, system: system.name, mode, flag, n }))))),
    warnings: [...study.warnings, ...stops(study), ...flat],
  };
}

function measured(noise: number, system: System, mode: Mode, seed: string): Measured[] {
  const scored = scoredOf(system, mode);
  const categories = [...new Set(scored.map((one) => one.category))].sort(byCategory);
  const { name, reader, retriever } = system;
  return METRICS.flatMap((metric) => {
    const values = (of: readonly Scored[]): Clustered[] => of.flatMap(({ cluster, score }) => (score[metric] === null ? [] : [{ cluster, value: score[metric] }]));
    const groups = categories.map((one): [string, Clustered[]] => [one, values(scored.filter((score) => score.category === one))]);
    const rows: [string, Clustered[]][] = [[OVERALL, values(scored)], [MACRO, balanced(groups.map(([, group]) => group))], ...groups];
    return rows.map(([label, list]): Measured => {
      const interval = bootstrapMean(list, { seed, resamples: RESAMPLES });
      return {
        noise, system: name, reader, retriever, category: label, metric, mode,
        value: interval?.mean ?? null, low: interval?.low ?? null, high: interval?.high ?? null, n: list.length, clusters: interval?.clusters ?? 0,
      };
    });
  });
}

/** The questions at which the released program itself would stop with an exception, such as a number as the first answer. */
function stops(study: Study): string[] {
  const found = new Set(study.levels.flatMap(({ systems }) => systems.flatMap(({ results }) => results.filter(({ scores }) => scores.compat?.flags.includes("released_scorer_stops")).map(({ question }) => question.id))));
  if (found.size === 0) return [];
  const [first] = [...found].sort();
  return [`compat: the released scorer stops with an error at ${found.size} question${found.size === 1 ? "" : "s"} (${first ?? ""}); statistics.json is what it would say if it went on`];
}

/** Dimensions that have values and no z-scores, in one line. */
function flatDimensions(rows: readonly DimensionValue[], mode: Mode): string[] {
  const flat = [...new Set(rows.filter(({ value, z }) => value !== null && z === null).map(({ dimension }) => dimension))];
  if (flat.length === 0) return [];
  if (new Set(rows.map(({ system }) => system)).size === 1) return [`${mode}: one system without gold context: the six dimensions have no z-scores and there is no radar`];
  return [`${mode}: the systems do not differ in ${flat.join(", ")}: no z-score`];
}

/** The paper's order, then by name. */
export function byCategory(a: string, b: string): number {
  const rank = (name: string): number => ["Basic", "Preference_easy", "Preference", "Social"].findIndex((prefix) => name.startsWith(prefix)) >>> 0;
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function questionCounts({ noise, questions, systems }: Level): Metrics["questions"] {
  const counts = new Map<string, Metrics["questions"][number]>();
  const scored = new Set(systems[0]?.results.filter(({ scores }) => scores.fixed !== undefined).map(({ question }) => question.id));
  for (const { id, type, difficulty, outdated_value } of questions) {
    const key = `${type}\n${difficulty}`;
    const row = counts.get(key) ?? { noise, type, difficulty, n: 0, scored: scored.has(id), with_outdated: 0 };
    row.n += 1;
    if (outdated_value !== null && outdated_value !== undefined) row.with_outdated += 1;
    counts.set(key, row);
  }
  return [...counts].sort(([a], [b]) => byCategory(a.replace("\n", "_"), b.replace("\n", "_"))).map(([, row]) => row);
}

function flagCounts(system: System, mode: Mode): [string, number][] {
  const counts = new Map<string, number>();
  for (const { scores } of system.results) for (const flag of scores[mode]?.flags ?? []) counts.set(flag, (counts.get(flag) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
