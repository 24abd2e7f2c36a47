import type { Model } from "daguerre";
import type { Evidence } from "daguerre/stats";
import { Bm25 } from "./bm25.ts";
import { innerProducts, reciprocalRankFusion } from "./fusion.ts";
import { goldContext } from "./gold.ts";
import { top, type Chunk, type Hit } from "./ranking.ts";

export type { Chunk, Hit } from "./ranking.ts";

/** What a retriever is asked. Only the gold context looks at the evidence. */
export interface Query {
  question: string;
  evidence: readonly Evidence[];
}

export const RETRIEVERS = ["bm25", "dense", "hybrid", "gold"] as const;
export type Retriever = (typeof RETRIEVERS)[number];

export function isRetriever(name: unknown): name is Retriever {
  return (RETRIEVERS as readonly unknown[]).includes(name);
}

/**
 * The k best of one person's sessions for each of that person's questions. `embedder` is asked for by dense and hybrid alone: sessions and questions are
 * embedded as they stand and compared by inner product.
 */
export async function retrieve(retriever: Retriever, chunks: readonly Chunk[], queries: readonly Query[], k: number, embedder: () => Model): Promise<Hit[][]> {
  if (retriever === "gold") return queries.map(({ evidence }) => goldContext(evidence, k));
  if (chunks.length === 0) return queries.map(() => []);
  const lexical = retriever === "dense" ? undefined : new Bm25(chunks);
  const vectors = retriever === "bm25" ? undefined : await embed(embedder(), [...chunks.map(({ text }) => text), ...queries.map(({ question }) => question)]);
  const rows = vectors?.slice(0, chunks.length);
  return queries.map(({ question }, i) => {
    const rankings: Float64Array[] = [];
    if (lexical !== undefined) rankings.push(lexical.scores(question));
    if (vectors !== undefined && rows !== undefined) rankings.push(innerProducts(vectors[chunks.length + i] ?? new Float32Array(), rows));
    return top(chunks, rankings.length === 1 ? (rankings[0] ?? []) : reciprocalRankFusion(rankings), k);
  });
}

async function embed(model: Model, texts: string[]): Promise<Float32Array[]> {
  // One text, one vector: whoever asks first buys it for all stages, people and noise levels.
  const { value, outcome } = await model.embed(texts, { scope: "" });
  if (outcome !== "ok") throw new Error(`${model.model} gave no embeddings: ${outcome}`);
  return value;
}
