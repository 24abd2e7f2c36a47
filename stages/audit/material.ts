import type { JsonRecord } from "daguerre";
import { truthOf, type Truth } from "../sessions/evidence.ts";
import { isObject, partsOf } from "../sessions/person.ts";
import { parseTime, wordLine } from "../sessions/text.ts";
import type { SessionType } from "../sessions/volume.ts";

/** Something a data check found: see CHECKS for how sure it is. */
export interface Finding {
  check: string;
  /** Noise level, or null where it is the same at all. */
  noise: number | null;
  /** What it is about: a segment id, a question id, a person or an edge. */
  subject: string;
  detail: string;
}

export interface Session {
  id: string;
  type: SessionType;
  session: string;
  target: string | undefined;
  /** Milliseconds, or undefined where the text is no time. */
  time: number | undefined;
  timeText: string;
  /** The words said or bought, without who says them. */
  line: string;
  /** The same with the names of the speakers. */
  lineWithNames: string;
  titles: string[];
  truth: Truth | undefined;
}

export interface Question {
  id: string;
  question: string;
  type: string;
  difficulty: string;
  /** The values of the answer, one by one. */
  values: string[];
  objects: boolean;
  list: boolean;
  outdated: string[];
  evidence: { key: string; ids: string[] }[];
}

/** One person's documents and questions at one noise level. */
export interface Dossier {
  noise: number;
  community: number;
  person: number;
  owner: string;
  sessions: Session[];
  questions: Question[];
}

/** Sorts the records of one noise level by person, in order of appearance. */
export function dossiers(noise: number, documents: readonly JsonRecord[], questions: readonly JsonRecord[]): Dossier[] {
  const byPerson = new Map<string, Dossier>();
  const dossier = (record: JsonRecord): Dossier => {
    const community = Number(record["community"]), person = Number(record["person"]);
    const key = `${String(community)}/${String(person)}`;
    const known = byPerson.get(key) ?? { noise, community, person, owner: String(record["owner"]), sessions: [], questions: [] };
    byPerson.set(key, known);
    return known;
  };
  for (const record of documents) dossier(record).sessions.push(readSession(record));
  for (const record of questions) dossier(record).questions.push(readQuestion(record));
  return [...byPerson.values()];
}

function readSession(record: JsonRecord): Session {
  const type = record["type"] as SessionType;
  const entries = (Array.isArray(record[type]) ? record[type] : []).filter(isObject);
  const said = entries.map((entry) => Object.entries(entry).filter(([key]) => key !== "role").map(([, value]) => (Array.isArray(value) ? value.join(" . ") : String(value))).join(" . "));
  return {
    id: record.id, type, session: String(record["session"]), target: typeof record["target_name"] === "string" ? record["target_name"] : undefined,
    time: parseTime(String(record["time"])), timeText: String(record["time"]), line: wordLine(said.join(" . ")),
    lineWithNames: wordLine([...said, ...entries.map((entry) => String(entry["role"] ?? ""))].join(" . ")),
    titles: entries.flatMap((entry) => (typeof entry["title"] === "string" ? [entry["title"]] : [])), truth: truthOf(record),
  };
}

function readQuestion(record: JsonRecord): Question {
  const answer = record["answer"] ?? null;
  return {
    id: record.id, question: String(record["question"]), type: String(record["type"]), difficulty: String(record["difficulty"]),
    values: partsOf(answer).map(({ text }) => text), objects: Array.isArray(answer) && answer.some(isObject), list: Array.isArray(answer),
    outdated: partsOf(record["outdated_value"] ?? null).map(({ text }) => text),
    evidence: (Array.isArray(record["evidence"]) ? record["evidence"] : []).filter(isObject).map(({ key, ids }) => ({ key: String(key), ids: Array.isArray(ids) ? ids.map(String) : [] })),
  };
}

/** Whether a session counts as personal: by its truth, else by being evidence. */
export function personalIds({ sessions, questions }: Dossier): Set<string> {
  const known = sessions.some(({ truth }) => truth !== undefined);
  return new Set(known ? sessions.filter(({ truth }) => truth?.personal === true).map(({ id }) => id) : questions.flatMap(({ evidence }) => evidence.flatMap(({ ids }) => ids)));
}

/** Subjective questions have letters for answers: no text can be searched for them. */
export function searchable({ type }: Question): boolean {
  return type !== "Subjective";
}
