import type { Chunk } from "./ranking.ts";

/** Term saturation and length normalisation. */
const K1 = 1.2;
const B = 0.75;

/** Lower-cased maximal runs of ASCII letters and digits. */
export function tokens(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/**
 * Okapi BM25 over one person's sessions (Robertson and Zaragoza 2009), idf = ln(1 + (N - n + 0.5) / (n + 0.5)). A word the question repeats counts
 * each time; sums run over the question's words left to right, so that equal bytes come out everywhere.
 */
export class Bm25 {
  private readonly postings = new Map<string, { index: number; count: number }[]>();
  private readonly lengths: number[];
  private readonly average: number;

  constructor(chunks: readonly Chunk[]) {
    this.lengths = chunks.map((chunk, index) => {
      const counts = new Map<string, number>();
      const words = tokens(chunk.text);
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const [word, count] of counts) {
        const list = this.postings.get(word);
        if (list === undefined) this.postings.set(word, [{ index, count }]);
        else list.push({ index, count });
      }
      return words.length;
    });
    this.average = this.lengths.reduce((sum, length) => sum + length, 0) / this.lengths.length;
  }

  /** One score per chunk, in document order. */
  scores(question: string): Float64Array {
    const scores = new Float64Array(this.lengths.length);
    for (const word of tokens(question)) {
      const list = this.postings.get(word) ?? [];
      const idf = Math.log(1 + (this.lengths.length - list.length + 0.5) / (list.length + 0.5));
      for (const { index, count } of list) {
        const norm = K1 * (1 - B + (B * (this.lengths[index] ?? 0)) / this.average);
        scores[index] = (scores[index] ?? 0) + (idf * count * (K1 + 1)) / (count + norm);
      }
    }
    return scores;
  }
}
