/** One session of a person's index. */
export interface Chunk {
  id: string;
  text: string;
}

/** A retrieved session with the retriever's score. */
export interface Hit {
  id: string;
  score: number;
}

/** The k best by score, ties in document order. Scores are one per chunk. */
export function top(chunks: readonly Chunk[], scores: ArrayLike<number>, k: number): Hit[] {
  return order(scores).slice(0, k).map((index) => ({ id: chunks[index]?.id ?? "", score: scores[index] ?? 0 }));
}

/** Indices by falling score, ties in document order. */
export function order(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length }, (_, index) => index).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}
