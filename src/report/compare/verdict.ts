import type { ScoreChange } from "./types.ts";

/**
 * `up`, `down`: clear · `weak`: one test alone would say so, not after correction for all that were made · `none`: the interval holds zero ·
 * `same`: equal in every pair · `untested`: single numbers.
 */
export type ScoreVerdict = "up" | "down" | "weak" | "none" | "same" | "untested";

/** A change is clear where its interval excludes zero and its p, corrected for the number of tests, is below 0.05. */
export function verdictOf({ test, moved }: ScoreChange): ScoreVerdict {
  if (test === null) return "untested";
  if (moved === 0) return "same";
  const { difference, low, high, p, p_holm } = test;
  if ((low <= 0 && high >= 0) || p >= 0.05) return "none";
  if (p_holm >= 0.05) return "weak";
  return difference > 0 ? "up" : "down";
}
