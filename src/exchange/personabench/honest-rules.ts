import { isUnscored, pythonRepr, type Answered } from "../../stats/index.ts";
import type { PlacedQuestion } from "./questions.ts";
import type { ResultModel } from "./results.ts";

/** An answer that counts. */
export interface HonestAnswer extends Answered {
  cluster: string;
  /** The file gave a ranking; without one retrieval is not scored. */
  ranked: boolean;
}

/**
 * The answers of one model in fixed mode: gold and evidence come from the release, never from the result file; a question of a person the file covers that
 * has no entry counts as unanswered. `warn` gets a line for everything odd.
 */
export function honestAnswers(model: ResultModel, asked: ReadonlyMap<string, PlacedQuestion>, warn: (line: string) => void): HonestAnswer[] {
  const out = new Map<string, HonestAnswer>();
  const unknown: string[] = [];
  const twice: string[] = [];
  const altered: string[] = [];
  for (const entry of model.entries) {
    const question = asked.get(entry.q_id);
    if (question === undefined) unknown.push(entry.q_id);
    else if (out.has(entry.q_id)) twice.push(entry.q_id);
    else {
      if (entry.answer !== undefined && pythonRepr(entry.answer) !== pythonRepr(question.answer)) altered.push(entry.q_id);
      out.set(entry.q_id, { question, cluster: question.cluster, prediction: entry.prediction ?? null, retrieved: entry.retrieved ?? [], ranked: entry.retrieved !== undefined });
    }
  }
  const covered = new Set([...out.values()].map(({ cluster }) => cluster));
  const missing = [...asked.values()].filter((question) => covered.has(question.cluster) && !out.has(question.id) && !isUnscored(question));
  const ranked = [...out.values()].some((answer) => answer.ranked);
  for (const question of missing) out.set(question.id, { question, cluster: question.cluster, prediction: null, retrieved: [], ranked });
  const people = new Set([...asked.values()].map(({ cluster }) => cluster));

  const say = (ids: readonly string[], what: string): void => {
    if (ids.length > 0) warn(`${model.model}: ${ids.length} ${what} (${ids.slice(0, 3).join(", ")}${ids.length > 3 ? ", …" : ""})`);
  };
  say(unknown, "entries are left out: the release does not ask these questions at this noise level");
  say(twice, "entries repeat a question: the first one counts");
  say(altered, "entries carry another gold answer than the release: the release's counts");
  say(missing.map(({ id }) => id), "questions have no entry and count as unanswered");
  if (covered.size < people.size) warn(`${model.model}: answers for ${covered.size} of ${people.size} people`);
  return [...out.values()];
}
