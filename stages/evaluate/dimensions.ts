import {
  aggregate, bootstrapMean, compatDimensions, dimensions, DIMENSIONS, GOLD_CONTEXT, releasedStatistics, standardise, type Clustered, type Dimension, type Dimensions, type Mode, type Score,
} from "daguerre/stats";
import { balanced, RESAMPLES, scoredOf, type Scored } from "./scored.ts";
import type { Level, Study, System } from "./types.ts";

/** A model on one of the six dimensions (the paper's radar), raw and standardised over the models without gold context. */
export interface DimensionValue {
  system: string;
  reader: string;
  retriever: string;
  mode: Mode;
  dimension: Dimension;
  value: number | null;
  z: number | null;
  /** 95 % interval of the value; compat values are of rounded means, their intervals are not. */
  low: number | null;
  high: number | null;
  n: number;
}

/** Standardised over all systems but those with gold context, which no retriever can reach. */
export function dimensionValues(study: Study, mode: Mode, seed: string): DimensionValue[] {
  const [lowest, highest] = [study.levels[0], study.levels.length > 1 ? study.levels.at(-1) : undefined];
  if (lowest === undefined) return [];
  const systems = lowest.systems.filter(({ retriever }) => retriever !== GOLD_CONTEXT);
  const values = mode === "fixed" ? fixedDimensions(systems, highest) : compatDimensions(compatStatistics(study));
  const { scores } = standardise(values);
  return systems.flatMap((system) => {
    const { name, reader, retriever } = system;
    const samples = samplesOf(scoredOf(system, mode), last(system, highest, mode), mode);
    return DIMENSIONS.map((dimension): DimensionValue => {
      const value = values.get(name)?.[dimension] ?? null;
      const interval = value === null ? null : bootstrapMean(samples[dimension], { seed, resamples: RESAMPLES });
      return {
        system: name, reader, retriever, mode, dimension, value, z: scores.get(name)?.[dimension] ?? null,
        low: interval?.low ?? null, high: interval?.high ?? null, n: interval?.n ?? 0,
      };
    });
  });
}

function last(system: System, highest: Level | undefined, mode: Mode): Scored[] | undefined {
  const same = highest?.systems.find(({ name }) => name === system.name);
  return same === undefined ? undefined : scoredOf(same, mode);
}

function fixedDimensions(systems: readonly System[], highest: Level | undefined): Map<string, Dimensions> {
  return new Map(
    systems.map((system) => {
      const noisy = last(system, highest, "fixed");
      return [system.name, dimensions(aggregate(scoredOf(system, "fixed")), noisy === undefined ? undefined : aggregate(noisy))];
    }),
  );
}

function compatStatistics(study: Study): ReturnType<typeof releasedStatistics> {
  const runs = (systems: readonly System[]) => systems.map(({ name, results }) => ({ model: name, results: results.map(({ question, scores }) => ({ question, score: scores.compat })) }));
  return releasedStatistics(study.levels.map(({ noise, systems }) => ({ noise, runs: runs(systems) })), "compat");
}

/** Per dimension the values, one for each question, whose mean it is. */
function samplesOf(scored: readonly Scored[], noisy: readonly Scored[] | undefined, mode: Mode): Record<Dimension, Clustered[]> {
  const values = (keep: (category: string) => boolean, of: (score: Score) => number | null): Clustered[] =>
    scored.flatMap(({ cluster, category, score }) => {
      const value = keep(category) ? of(score) : null;
      return value === null ? [] : [{ cluster, value }];
    });
  const answer = mode === "fixed" ? (score: Score) => score.f1 : (score: Score) => score.recall;
  const preference = (of: (score: Score) => number): Clustered[] => balanced(["Preference_easy", "Preference_hard"].map((name) => values((category) => category === name, of)));
  const at = new Map(noisy?.map((one) => [one.id, one.score.f1]));
  return {
    noise_robustness: scored.flatMap(({ id, cluster, score }) => (at.has(id) ? [{ cluster, value: 1 - (score.f1 - (at.get(id) ?? 0)) }] : [])),
    social: values((category) => category.startsWith("Social"), answer),
    basic: values((category) => category.startsWith("Basic"), answer),
    info_updating: values(() => true, (score) => (score.outdated_recall === null ? null : 1 - score.outdated_recall)),
    preference_completeness: preference((score) => score.recall),
    preference_precision: preference((score) => score.precision),
  };
}
