import { order } from "./ranking.ts";

/** Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): per chunk the sum over rankings of 1 / (60 + rank), ranks from 1. */
export function reciprocalRankFusion(rankings: readonly ArrayLike<number>[]): Float64Array {
  const fused = new Float64Array(rankings[0]?.length ?? 0);
  for (const scores of rankings) order(scores).forEach((index, place) => (fused[index] = (fused[index] ?? 0) + 1 / (60 + place + 1)));
  return fused;
}

/** Inner product of the query with every row, summed in double precision, left to right. Throws RangeError where lengths differ. */
export function innerProducts(query: Float32Array, rows: readonly Float32Array[]): Float64Array {
  return Float64Array.from(rows, (row) => {
    if (row.length !== query.length) throw new RangeError(`embeddings of ${query.length} and ${row.length} dimensions cannot be compared`);
    let sum = 0;
    for (let i = 0; i < row.length; i += 1) sum += (row[i] ?? 0) * (query[i] ?? 0);
    return sum;
  });
}
