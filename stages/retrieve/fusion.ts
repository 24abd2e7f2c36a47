import { order } from "./ranking.ts";

/** Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): per chunk the sum over rankings of 1 / (60 + rank), ranks from 1. */
export function reciprocalRankFusion(rankings: readonly ArrayLike<number>[]): Float64Array {
  const fused = new Float64Array(rankings[0]?.length ?? 0);
  for (const scores of rankings) order(scores).forEach((index, place) => (fused[index] = (fused[index] ?? 0) + 1 / (60 + place + 1)));
  return fused;
}

/** Inner product of the query with every row, summed in double precision. */
export function innerProducts(query: Float32Array, rows: readonly Float32Array[]): Float64Array {
  return Float64Array.from(rows, (row) => row.reduce((sum, value, i) => sum + value * (query[i] ?? 0), 0));
}
