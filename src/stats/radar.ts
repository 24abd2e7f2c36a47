import type { Aggregate } from "./aggregate.ts";
import type { LevelStatistics } from "./released.ts";

/** The six dimensions of PersonaBench (section 4.3), in the order of its radar. */
export const DIMENSIONS = ["noise_robustness", "social", "basic", "info_updating", "preference_completeness", "preference_precision"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Larger is better on every axis; null where the questions for it are missing. */
export type Dimensions = Record<Dimension, number | null>;

/**
 * Fixed mode: from unrounded means at the lowest noise level, with F1 for the social and basic axes as the paper says. `lowest` and `highest` are one model's
 * aggregates in fixed mode; robustness is 1 - (F1 at the lowest - F1 at the highest), null with one level.
 */
export function dimensions(lowest: Aggregate, highest: Aggregate | undefined): Dimensions {
  const of = (prefix: string, metric: "precision" | "recall" | "f1"): number | null => {
    const found = [...lowest.categories].filter(([name]) => name === prefix || name.startsWith(`${prefix}_`)).map(([, means]) => means);
    const n = found.reduce((sum, means) => sum + means.n, 0);
    return n === 0 ? null : found.reduce((sum, means) => sum + (means[metric] ?? 0) * means.n, 0) / n;
  };
  const both = (metric: "precision" | "recall"): number | null => middle(of("Preference_easy", metric), of("Preference_hard", metric));
  const outdated = lowest.micro.outdated_recall;
  const [first, last] = [lowest.micro.f1, highest?.micro.f1 ?? null];
  return {
    noise_robustness: first === null || last === null ? null : 1 - (first - last),
    social: of("Social", "f1"),
    basic: of("Basic_information", "f1"),
    info_updating: outdated === null ? null : 1 - outdated,
    preference_completeness: both("recall"),
    preference_precision: both("precision"),
  };
}

/**
 * Compat mode: from the rounded means of the statistics, with recall for the social and basic axes, as the released scorer draws them. Models whose name
 * contains "gt" in any case are left out, as there. Levels may come in any order.
 */
export function compatDimensions(statistics: readonly LevelStatistics[]): Map<string, Dimensions> {
  const levels = [...statistics].sort((a, b) => a.Noise - b.Noise);
  const [lowest, highest] = [levels[0], levels.length > 1 ? levels.at(-1) : undefined];
  const out = new Map<string, Dimensions>();
  for (const [model, categories] of Object.entries(lowest?.Statistics.end2end_eval ?? {})) {
    if (model.toLowerCase().includes("gt")) continue;
    const at = (rows: Rows | undefined, name: string, field: "ave_precision" | "ave_recall" | "ave_f1"): number | null => {
      const row: Partial<Record<typeof field, number | null | undefined>> | undefined = rows?.[name];
      return row?.[field] ?? null;
    };
    const first = at(categories, "Overall", "ave_f1");
    const last = at(highest?.Statistics.end2end_eval[model], "Overall", "ave_f1");
    const outdated = at(categories, "outdated_information", "ave_recall");
    const both = (field: "ave_precision" | "ave_recall"): number | null => middle(at(categories, "Preference_easy", field), at(categories, "Preference_hard", field));
    out.set(model, {
      noise_robustness: first === null || last === null ? null : 1 - (first - last),
      social: at(categories, "Social_easy", "ave_recall"),
      basic: at(categories, "Basic_information_easy", "ave_recall"),
      info_updating: outdated === null ? null : 1 - outdated,
      preference_completeness: both("ave_recall"),
      preference_precision: both("ave_precision"),
    });
  }
  return out;
}

type Rows = LevelStatistics["Statistics"]["end2end_eval"][string];

function middle(x: number | null, y: number | null): number | null {
  return x === null || y === null ? (x ?? y) : (x + y) / 2;
}

/** z-scores with the axes that have no spread, which are null for every model. */
export interface Standardised {
  scores: Map<string, Dimensions>;
  flat: Dimension[];
}

/**
 * z-scores per axis over all models given, with the population standard deviation (ddof 0). An axis without spread, where the released scorer gets NaN, is null
 * and named in `flat`; missing values stay null and do not count.
 */
export function standardise(models: ReadonlyMap<string, Dimensions>): Standardised {
  const scores = new Map([...models.keys()].map((model) => [model, Object.fromEntries(DIMENSIONS.map((axis) => [axis, null])) as unknown as Dimensions]));
  const flat: Dimension[] = [];
  for (const axis of DIMENSIONS) {
    const values = [...models.values()].map((one) => one[axis]).filter((value) => value !== null);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    // A spread below the rounding error of the mean is none.
    if (!(deviation > 1e-12 * Math.max(1, Math.abs(mean)))) {
      flat.push(axis);
      continue;
    }
    for (const [model, one] of models) {
      const value = one[axis];
      const row = scores.get(model);
      if (value !== null && row !== undefined) row[axis] = (value - mean) / deviation;
    }
  }
  return { scores, flat };
}
