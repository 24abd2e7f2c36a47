import { wordLine } from "../sessions/text.ts";
import { searchable, type Dossier, type Finding, type Question } from "./material.ts";

const TUPLE = /^\(\(.*\),?\)$/s;
const HARD_ENTRIES = 5;
/** Asks what somebody is to the asker, or who has a role; "who is my sister's employer" goes one step further. */
const ONE_HOP = /\b(relation|related|relationship|connected|to me|what is the name of my|by what name)\b|\bwho (is|in)\b(?!.*['’]s? )/i;

/** What can be said of questions alone: labels, the form of evidence keys, repetitions. The same at every level, so one level is enough. */
export function* checkQuestions({ questions }: Dossier): Generator<Finding> {
  const found = (check: string, subject: string, detail: string): Finding => ({ check, noise: null, subject, detail });
  const texts = new Map<string, string>();
  for (const question of questions) {
    const expected = difficulty(question);
    if (expected !== undefined && question.difficulty !== expected) {
      yield found("difficulty", question.id, `${question.type} with ${String(question.values.length)} ${question.values.length === 1 ? "entry" : "entries"} is ${expected}, not ${question.difficulty}`);
    }
    const first = texts.get(question.question);
    if (first !== undefined) yield found("duplicate-question", question.id, `same words as ${first}`);
    texts.set(question.question, question.id);
    for (const { key } of question.evidence) if (TUPLE.test(key)) yield found("key-form", question.id, `evidence key ${key} is Python source, not a value`);
    const empty = question.values.length === 0 || question.values.some((value) => value.trim() === "" || /^(n\/?a|none|null|unknown)$/i.test(value));
    if (empty) yield found("answer", question.id, `the answer ${JSON.stringify(question.values)} says nothing`);
    const twice = question.values.find((value, index) => question.values.findIndex((other) => wordLine(other) === wordLine(value)) < index);
    if (twice !== undefined && searchable(question) && !question.objects) yield found("answer", question.id, `${JSON.stringify(twice)} is in the answer twice`);
  }
}

/** Paper, section 4: a preference with fewer than five entries is easy; one hop is easy, two are hard. */
function difficulty({ type, values, question, list }: Question): "easy" | "hard" | undefined {
  switch (type) {
    case "Basic information": return "easy";
    case "Preference": return values.length < HARD_ENTRIES ? "easy" : "hard";
    case "Social": return !list && ONE_HOP.test(question) ? "easy" : "hard";
    default: return undefined;
  }
}
