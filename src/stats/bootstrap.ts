import { stream } from "./random.ts";

/** A value and the unit it was sampled with, e.g. a question's score and its person. */
export interface Clustered {
  cluster: string;
  value: number;
}

export interface Interval {
  mean: number;
  /** Ends of the percentile interval. */
  low: number;
  high: number;
  n: number;
  clusters: number;
}

export interface BootstrapOptions {
  seed?: string | number;
  /** Default 2,000. */
  resamples?: number;
  /** Coverage, default 0.95. */
  level?: number;
}

/**
 * Mean with a percentile bootstrap interval that resamples whole clusters (Davison and Hinkley 1997, section 3.8): questions about one person are not
 * independent. With one cluster the interval is resampled over its values instead, as there is nothing else. Null of no values.
 */
export function bootstrapMean(values: readonly Clustered[], options: BootstrapOptions = {}): Interval | null {
  const groups = new Map<string, { sum: number; n: number }>();
  for (const { cluster, value } of values) {
    const group = groups.get(cluster) ?? { sum: 0, n: 0 };
    groups.set(cluster, { sum: group.sum + value, n: group.n + 1 });
  }
  const units = groups.size > 1 ? [...groups.values()] : values.map(({ value }) => ({ sum: value, n: 1 }));
  const estimate = ratio(units);
  if (estimate === null) return null;
  const { seed = 0, resamples = 2000, level = 0.95 } = options;
  const random = stream(seed);
  const draws: number[] = [];
  for (let i = 0; i < resamples; i += 1) {
    let sum = 0;
    let n = 0;
    for (let j = 0; j < units.length; j += 1) {
      const unit = units[random.below(units.length)];
      sum += unit?.sum ?? 0;
      n += unit?.n ?? 0;
    }
    draws.push(sum / n);
  }
  draws.sort((a, b) => a - b);
  const total = values.reduce((sum, { value }) => sum + value, 0) / values.length;
  return { mean: total, low: quantile(draws, (1 - level) / 2), high: quantile(draws, (1 + level) / 2), n: values.length, clusters: groups.size };
}

function ratio(units: readonly { sum: number; n: number }[]): number | null {
  const n = units.reduce((total, unit) => total + unit.n, 0);
  return n === 0 ? null : units.reduce((total, unit) => total + unit.sum, 0) / n;
}

/** Quantile of sorted values by linear interpolation (Hyndman and Fan 1996, type 7, numpy's default). NaN of nothing. */
export function quantile(sorted: readonly number[], p: number): number {
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, p));
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) return Number.NaN;
  return low === high ? low : low + (high - low) * (at - Math.floor(at));
}
