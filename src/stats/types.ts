import type { WholeFloat } from "./json.ts";

/** A gold answer or a prediction as it stands in JSON. Objects may be Maps where key order must survive. */
export type Answer = null | boolean | number | bigint | WholeFloat | string | readonly Answer[] | { readonly [key: string]: Answer } | ReadonlyMap<string, Answer>;

/** Sessions that support one part of an answer; any one of `ids` suffices. */
export interface Evidence {
  key: string;
  ids: readonly string[];
}

/** What scoring must know of a question. */
export interface ScoredQuestion {
  id: string;
  type: string;
  difficulty: string;
  answer: Answer;
  /** Former values of the attribute; null where it never changed. */
  outdated_value?: Answer;
  /** In the order of the source: the gold retriever depends on it. */
  evidence: readonly Evidence[];
}

/** `compat` reproduces the released PersonaBench scorer number for number; `fixed` is the honest reading. A report names the one it used. */
export type Mode = "fixed" | "compat";

/**
 * Things a reader of the scores should know about one question.
 * `empty_prediction` nothing was answered · `empty_gold` the answer has no words, so equality of the texts decides ·
 * `no_evidence` nothing to retrieve, so retrieval is unscored · `duplicates` the ranking repeats an id · `over_k`, `short` the ranking is not k long ·
 * `stale_gold` compat: a number was scored against the question before it · `released_scorer_stops` compat: the released program raises here.
 */
export type Flag = "empty_prediction" | "empty_gold" | "no_evidence" | "duplicates" | "over_k" | "short" | "stale_gold" | "released_scorer_stops";

/** Scores of one question, in [0, 1] except compat nDCG, which repeats may raise above 1. `null` means not applicable, never zero. */
export interface Score {
  precision: number;
  recall: number;
  f1: number;
  retrieval_recall: number | null;
  retrieval_ndcg: number | null;
  /** Share of the outdated words found in the prediction (less is better). */
  outdated_recall: number | null;
  flags: Flag[];
}
