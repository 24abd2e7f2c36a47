import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DOCUMENT_TYPES, pythonJson, releaseFile, ReleaseError, type Answer, type DocumentType, type ReleaseQuestion, type ReleaseSession } from "../../stats/index.ts";
import type { PersonaBenchCommunity, PersonaBenchLevel, PersonaBenchRelease, SocialGraph } from "./types.ts";

/**
 * Writes a release under `<directory>/synthetic_data` in the bytes of the public one: four spaces, ASCII, its order of keys, no newline at the end. Besides the three
 * files of all people per level, each person gets a directory with their own. Throws ReleaseError where the format cannot say it (two people of one name).
 * Returns the paths written, relative to `directory`.
 */
export async function writeRelease(directory: string, release: PersonaBenchRelease): Promise<string[]> {
  const written: string[] = [];
  const put = async (name: string, value: Answer): Promise<void> => {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, pythonJson(value, { indent: 4 }));
    written.push(name);
  };
  for (const community of release.communities) {
    const at = { name: community.name, index: community.index, prefix: `synthetic_data/${pathPart(community.name)}/` };
    checkNames(community);
    if (community.graph !== undefined) await put(releaseFile.graph(at), graphValue(community.graph));
    await put(releaseFile.evalInfo(at), community.people.map(({ name, questions }) => map([["Name", name], ["Eval_Info", map([["qa", questions.map(questionValue)]])]])));
    const questions = new Map(community.people.flatMap((person) => person.questions.map((question) => [question.id, question] as const)));
    for (const level of community.levels) {
      await put(releaseFile.evidence(at, level.noise), evidenceValue(level, questions));
      for (const type of DOCUMENT_TYPES) {
        const file = releaseFile.documents(at, level.noise, type);
        const people = [...level.sessions].map(([name, sessions]) => map([["Name", name], ["Data", documentsValue(type, sessions)]]));
        await put(file, people);
        for (const [index, name] of [...level.sessions.keys()].entries()) await put(`${dirname(file)}/${pathPart(name)}/${type}_data.json`, people[index] ?? null);
      }
    }
  }
  return written;
}

function map(entries: [string, Answer][]): Answer {
  return new Map(entries);
}

function checkNames(community: PersonaBenchCommunity): void {
  const seen = new Set<string>();
  for (const { name } of community.people) {
    if (seen.has(name)) throw new ReleaseError(`${community.name}: two people are named ${JSON.stringify(name)}, and this format tells people apart by name`);
    seen.add(name);
  }
}

/** A name as one part of a path: what is not a plain letter, digit, space, dot, comma, apostrophe or hyphen is percent-encoded. */
function pathPart(name: string): string {
  const safe = name.replace(/[^\p{L}\p{M}\p{N} .,'_-]|^[. ]|[. ]$/gu, (char) => [...new TextEncoder().encode(char)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
  return safe === "" ? "%00" : safe.slice(0, 120);
}

function graphValue({ nodes, edges }: SocialGraph): Answer {
  return map([
    ["nodes", nodes.map(({ node, name, persona }) => map([["node", node], ["properties", map([["name", name], ["persona", persona]])]]))],
    ["edges", edges.map(({ source, target, relationship, description }) =>
      map([["source", source], ["target", target], ["properties", map([["relationship", relationship], ["description", description]])]]))],
  ]);
}

function questionValue({ id, question, answer, type, difficulty, outdated_value }: ReleaseQuestion): Answer {
  return map([["q_id", id], ["question", question], ["answer", answer], ["type", type], ["difficulty", difficulty], ["outdated_value", outdated_value]]);
}

function evidenceValue({ evidence }: PersonaBenchLevel, questions: ReadonlyMap<string, ReleaseQuestion>): Answer {
  return [...evidence].map(([id, keys]) => {
    const question = questions.get(id);
    if (question === undefined) throw new ReleaseError(`evidence for question ${JSON.stringify(id)}, which nobody is asked`);
    return map([["q_id", id], ["question", question.question], ["answer", question.answer], ["segment_id", map(keys.map(({ key, ids }) => [key, [...ids]]))]]);
  });
}

/** Order of the keys of turns and of bought items; what else they carry follows. */
const KEYS: Record<DocumentType, string[]> = {
  conversation: ["role", "content"],
  user_ai_interaction: ["role", "content"],
  purchase_history: ["title", "description", "brand", "categories"],
};

function documentsValue(type: DocumentType, sessions: readonly ReleaseSession[]): Answer {
  const own = sessions.filter((session) => session.type === type);
  if (type !== "conversation") return own.map((session) => sessionValue(session));
  const targets = new Map<string, ReleaseSession[]>();
  for (const session of own) {
    const target = session.target_name ?? "";
    const list = targets.get(target);
    if (list === undefined) targets.set(target, [session]);
    else list.push(session);
  }
  return [...targets].map(([target, list]) => map([["Target_name", target], ["Conversations", list.map((session) => sessionValue(session))]]));
}

function sessionValue({ type, session, time, target_name, content, id }: ReleaseSession): Answer {
  const parts = content.map((part) => inOrder(part as Answer, KEYS[type]));
  return map([["session", session], ["time", time], ...(target_name === undefined ? [] : [["target_name", target_name] as [string, Answer]]), [type, parts], ["segment_id", id]]);
}

function inOrder(value: Answer, keys: readonly string[]): Answer {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = new Map(value instanceof Map ? (value as ReadonlyMap<string, Answer>) : Object.entries(value));
  const known = keys.filter((key) => entries.has(key));
  return new Map([...known, ...[...entries.keys()].filter((key) => !known.includes(key))].map((key) => [key, entries.get(key) ?? null]));
}
