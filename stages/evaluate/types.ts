import type { Answer, Evidence, Mode, Score } from "daguerre/stats";

/** A question with what its stage knows of it. */
export interface Question {
  id: string;
  community: number;
  person: number;
  owner: string;
  question: string;
  answer: Answer;
  type: string;
  difficulty: string;
  outdated_value: Answer;
  evidence: Evidence[];
  hops?: number;
}

/** One question answered by one system, with its score in both modes; undefined for questions that are not scored. */
export interface Result {
  question: Question;
  /** A text from our own readers; whatever a foreign program answered from others. */
  prediction: Answer;
  retrieved: string[];
  /** Sessions asked for. */
  k: number;
  outcome: string;
  scores: Record<Mode, Score | undefined>;
}

/** A reader with a retriever, at one noise level. */
export interface System {
  /** `<reader>+<retriever>`, as the public release writes it. */
  name: string;
  reader: string;
  /** `gt-context` for the gold context. */
  retriever: string;
  results: Result[];
}

/** Sessions of one type: their number, and the turns or items in them. */
export interface Volume {
  type: string;
  sessions: number;
  utterances: number;
}

export interface Level {
  noise: number;
  questions: Question[];
  /** Undefined where the stage is given no documents. */
  volumes: Volume[] | undefined;
  systems: System[];
}

/** Everything that is evaluated: noise levels in ascending order. */
export interface Study {
  levels: Level[];
  warnings: string[];
}

/** The metrics of a question, in the order of tables. */
export const METRICS = ["precision", "recall", "f1", "retrieval_recall", "retrieval_ndcg", "outdated_recall"] as const;
export type MetricName = (typeof METRICS)[number];

export const MODES: readonly Mode[] = ["fixed", "compat"];

/** Mean over all questions, and mean of the categories' means. */
export const OVERALL = "Overall";
export const MACRO = "Overall_macro";
