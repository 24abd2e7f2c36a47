import type { ScoreChange } from "./types.ts";

/**
 * `up`, `down`: clear · `weak`: one test alone would say so, not after correction for all that were made · `none`: the interval holds zero ·
 * `few`: so few people (or records) that no outcome could be clear · `same`: equal in every pair · `untested`: single numbers.
 */
export type ScoreVerdict = "up" | "down" | "weak" | "none" | "few" | "same" | "untested";

/** What p must be below. */
const LEVEL = 0.05;

/** Sign flips of so many people or records can give no smaller p: two of all ways to flip them are as far out as can be. */
const leastP = (units: number): number => 2 ** (1 - units);

/** People, or records, that it takes for one of so many tests to be clear. */
export function unitsNeeded(tests: number): number {
  let units = 1;
  while (leastP(units) * tests >= LEVEL) units++;
  return units;
}

/** A change is clear where its interval excludes zero and its p, corrected for the number of tests, is below 0.05: both over people, where records name them. */
export function verdictOf({ test, moved }: ScoreChange): ScoreVerdict {
  if (test === null) return "untested";
  if (moved === 0) return "same";
  const { difference, low, high, p, p_holm, clusters } = test;
  if (leastP(clusters) >= LEVEL) return "few";
  if ((low <= 0 && high >= 0) || p >= LEVEL) return "none";
  if (p_holm >= LEVEL) return "weak";
  return difference > 0 ? "up" : "down";
}
