import { overlap } from "./overlap.ts";
import { compatRanking, fixedRanking } from "./ranking.ts";
import type { Answer, Flag, Mode, Score, ScoredQuestion } from "./types.ts";
import { answerWords, compatPredictionWords, compatWords, leaves, slotWords } from "./words.ts";

/**
 * What the released scorer drags from question to question: the word sets of the last answer and the last outdated value.
 * One fresh object per model and result file, questions in file order; only compat reads it.
 */
export interface Carry {
  gold?: ReadonlySet<string>;
  outdated?: ReadonlySet<string>;
}

/** True for the questions that are counted but have no score: the choice questions (type Subjective). */
export function isUnscored(question: { type: string }): boolean {
  return question.type === "Subjective";
}

/**
 * Scores one prediction and one ranking (PersonaBench section 4.2).
 * `k` is the number of sessions asked for; compat ignores it and takes the length of the list. Compat needs the same `carry` for all questions of a
 * run, in order (see {@link scoreRun}). Throws RangeError for Subjective questions, which have no score.
 */
export function scoreQuestion(question: ScoredQuestion, prediction: Answer, retrieved: readonly string[], k: number, mode: Mode, carry: Carry = {}): Score {
  if (isUnscored(question)) throw new RangeError(`question ${question.id} is Subjective and has no score`);
  return mode === "fixed" ? fixed(question, prediction, retrieved, k) : compat(question, prediction, retrieved, carry);
}

/** One answered question of a run. */
export interface Answered {
  question: ScoredQuestion;
  prediction: Answer;
  retrieved: readonly string[];
}

/** Scores the answers of one model at one noise level, in the order of its result file; Subjective questions give undefined. */
export function scoreRun(answers: readonly Answered[], k: number, mode: Mode): (Score | undefined)[] {
  const carry: Carry = {};
  return answers.map(({ question, prediction, retrieved }) =>
    isUnscored(question) ? undefined : scoreQuestion(question, prediction, retrieved, k, mode, carry),
  );
}

function fixed(question: ScoredQuestion, prediction: Answer, retrieved: readonly string[], k: number): Score {
  const flags: Flag[] = [];
  const gold = answerWords(question.answer);
  const said = answerWords(prediction);
  if (said.size === 0) flags.push("empty_prediction");
  const slots = slotWords(question.answer);
  const counted = new Set([...said].filter((word) => gold.has(word) || !slots.has(word)));
  let answer = overlap(gold, counted);
  if (gold.size === 0) {
    flags.push("empty_gold");
    const equal = leaves(question.answer).join(" ").trim() === leaves(prediction).join(" ").trim() ? 1 : 0;
    answer = { precision: equal, recall: equal, f1: equal };
  }

  const outdated = question.outdated_value ?? null;
  const former = new Set([...answerWords(outdated)].filter((word) => !gold.has(word)));
  const ranking = fixedRanking(retrieved, question.evidence, k);
  if (ranking === undefined) flags.push("no_evidence");
  const distinct = new Set(retrieved).size;
  if (distinct < retrieved.length) flags.push("duplicates");
  if (retrieved.length > k) flags.push("over_k");
  if (distinct < k) flags.push("short");
  return {
    ...answer,
    retrieval_recall: ranking?.recall ?? null,
    retrieval_ndcg: ranking?.ndcg ?? null,
    outdated_recall: former.size === 0 ? null : overlap(former, said).recall,
    flags,
  };
}

function compat(question: ScoredQuestion, prediction: Answer, retrieved: readonly string[], carry: Carry): Score {
  const flags = new Set<Flag>();
  const gold = carried(compatWords(question.answer), carry.gold, flags);
  carry.gold = gold;
  const said = compatPredictionWords(prediction);
  if (said === undefined) flags.add("released_scorer_stops");
  const predicted = said ?? new Set<string>();
  if (predicted.size === 0) flags.add("empty_prediction");
  let outdated: number | null = null;
  if (question.outdated_value !== undefined && question.outdated_value !== null) {
    carry.outdated = carried(compatWords(question.outdated_value), carry.outdated, flags);
    outdated = overlap(carry.outdated, predicted).recall;
  }
  const ranking = compatRanking(retrieved, question.evidence);
  return { ...overlap(gold, predicted), retrieval_recall: ranking.recall, retrieval_ndcg: ranking.ndcg, outdated_recall: outdated, flags: [...flags] };
}

/** The set the released scorer works with: its own, the one before it, or none, where it would stop. */
function carried(own: ReadonlySet<string> | "stale" | undefined, before: ReadonlySet<string> | undefined, flags: Set<Flag>): ReadonlySet<string> {
  if (own === "stale") flags.add("stale_gold");
  const set = own === "stale" ? before : own;
  if (set === undefined) flags.add("released_scorer_stops");
  return set ?? new Set();
}
