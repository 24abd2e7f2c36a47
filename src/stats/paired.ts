import { bootstrapMean, type BootstrapOptions, type Interval } from "./bootstrap.ts";
import { stream } from "./random.ts";

/** One question answered by two systems. */
export interface Pair {
  cluster: string;
  a: number;
  b: number;
}

export interface PairedTest extends Interval {
  /** Two-sided, of "a and b are exchangeable". */
  p: number;
  /** All assignments were counted, instead of a sample of them. */
  exact: boolean;
  /** Units whose signs were flipped: questions, or whole clusters. */
  units: number;
}

export interface PairedOptions extends BootstrapOptions {
  /** Sampled sign assignments, where all are too many. Default 10,000. */
  permutations?: number;
  /** What is exchangeable: single questions (default), or whole clusters, which needs at least six of them to reach p < 0.05. */
  unit?: "question" | "cluster";
}

/** Up to this many units all sign assignments are counted. */
const EXACT = 14;

/**
 * Paired comparison of two systems: mean of b - a with a bootstrap interval clustered like {@link bootstrapMean}, and a sign-flip permutation test
 * (Fisher's randomisation; Smucker et al. 2007 for IR). A sampled p counts the observed assignment, so it is never 0. Null of no pairs.
 */
export function pairedTest(pairs: readonly Pair[], options: PairedOptions = {}): PairedTest | null {
  const differences = pairs.map(({ cluster, a, b }) => ({ cluster, value: b - a }));
  const interval = bootstrapMean(differences, options);
  if (interval === null) return null;
  const { unit = "question", permutations = 10_000, seed = 0 } = options;
  let values = differences.map(({ value }) => value);
  if (unit === "cluster") {
    const sums = new Map<string, number>();
    for (const { cluster, value } of differences) sums.set(cluster, (sums.get(cluster) ?? 0) + value);
    values = [...sums.values()];
  }
  // Zeros keep their sum under every sign.
  const moving = values.filter((value) => value !== 0);
  const test = moving.length <= EXACT ? exactFlips(moving) : sampledFlips(moving, permutations, seed);
  return { ...interval, ...test, units: values.length };
}

/** Sums that differ by rounding alone count as equal. */
function reaches(sum: number, observed: number): boolean {
  return Math.abs(sum) >= observed - 1e-12 * Math.max(1, observed);
}

function exactFlips(values: readonly number[]): { p: number; exact: boolean } {
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  const all = 2 ** values.length;
  let extreme = 0;
  for (let signs = 0; signs < all; signs += 1) {
    const sum = values.reduce((total, value, i) => total + ((signs >>> i) & 1 ? -value : value), 0);
    if (reaches(sum, observed)) extreme += 1;
  }
  return { p: extreme / all, exact: true };
}

function sampledFlips(values: readonly number[], permutations: number, seed: string | number): { p: number; exact: boolean } {
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  const random = stream(`${seed}:flips`);
  let extreme = 1;
  for (let i = 0; i < permutations; i += 1) {
    let sum = 0;
    for (const value of values) sum += random.flip() ? -value : value;
    if (reaches(sum, observed)) extreme += 1;
  }
  return { p: extreme / (permutations + 1), exact: false };
}
