import type { Evidence } from "../types.ts";
import type { ReleaseQuestion } from "./questions.ts";
import { plainAnswer } from "./questions.ts";
import type { ReleaseSession } from "./sessions.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Whose record it is: the community's number, the person's place in it, and their name. */
export interface Owner {
  community: number;
  person: number;
  owner: string;
}

/** The record of a session, as schemas/document.schema.json has it. */
export function documentRecord({ id, type, session, time, target_name, content, text }: ReleaseSession, owner: Owner): { id: string; [field: string]: Json } {
  return { id, ...owner, type, session, time, ...(target_name === undefined ? {} : { target_name }), [type]: content as Json[], text };
}

/** The record of a question with the evidence of one noise level, as schemas/question.schema.json has it. */
export function questionRecord(asked: ReleaseQuestion, evidence: readonly Evidence[], owner: Owner): { id: string; [field: string]: Json } {
  const { id, question, answer, type, difficulty, outdated_value } = asked;
  return {
    id, ...owner, question, type, difficulty,
    answer: plainAnswer(answer) as Json,
    outdated_value: plainAnswer(outdated_value) as Json,
    evidence: evidence.map(({ key, ids }) => ({ key, ids: [...ids] })),
  };
}
