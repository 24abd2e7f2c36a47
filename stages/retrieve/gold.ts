import type { Evidence } from "daguerre/stats";
import type { Hit } from "./ranking.ts";

/**
 * The gold context: the first alternative of each evidence key, in the source's order, repeated cyclically to k as the released runner does. A scorer or
 * reader that counts an id once sees each session once, so the same list serves both ways of scoring. Empty where there is no evidence.
 */
export function goldContext(evidence: readonly Evidence[], k: number): Hit[] {
  const firsts = evidence.flatMap(({ ids }) => ids.slice(0, 1));
  return Array.from({ length: firsts.length === 0 ? 0 : k }, (_, i) => ({ id: firsts[i % firsts.length] ?? "", score: 1 }));
}
