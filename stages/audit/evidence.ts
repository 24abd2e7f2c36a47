import { Finder, type Secret } from "../sessions/secrets.ts";
import { wordLine } from "../sessions/text.ts";
import { personalIds, searchable, type Dossier, type Finding, type Session } from "./material.ts";

/** Whether evidence says what it is for, whether other sessions do, and whether noise gives anybody away. */
export function* checkEvidence(dossier: Dossier, secrets: readonly Secret[]): Generator<Finding> {
  const { noise, sessions, questions } = dossier;
  const found = (check: string, subject: string, detail: string): Finding => ({ check, noise, subject, detail });
  const byId = new Map(sessions.map((session) => [session.id, session]));

  for (const question of questions) {
    if (!searchable(question)) continue;
    const { id, evidence, values } = question;
    for (const value of values) {
      if (!evidence.some(({ key }) => covers(key, value)) && question.type !== "Social") yield found("evidence-missing", id, `no evidence key for ${JSON.stringify(value)}`);
    }
    for (const { key, ids } of evidence) {
      if (ids.length === 0) yield found("evidence-missing", id, `no session for ${JSON.stringify(key)}`);
      for (const segment of ids) {
        const session = byId.get(segment);
        if (session === undefined) yield found("evidence-unknown", id, `session ${segment} does not exist`);
        else if (!says(session, key)) yield found("evidence-unsupported", id, `session ${segment} says no word of ${JSON.stringify(key)}`);
      }
    }
    // A role says something only where the person is named or present.
    const [{ key: whose = "" } = { key: "" }] = evidence;
    const name = question.type === "Social" && evidence.length === 1 && !values.some((value) => covers(whose, value)) ? wordLine(whose.split(" ")[0] ?? "") : " ";
    for (const [value, where] of unlabelled(dossier, values, evidence.flatMap(({ ids }) => ids), name)) {
      const more = where.length > SHOWN ? `, and ${String(where.length - SHOWN)} more` : "";
      yield found("evidence-unlabelled", id, `${JSON.stringify(value)} is said, and not listed, in ${where.slice(0, SHOWN).join(", ")}${more}`);
    }
  }

  const personal = personalIds(dossier);
  const finder = new Finder(secrets);
  const names = wordLine(`${dossier.owner} ${sessions.map(({ target }) => target ?? "").join(" ")}`);
  for (const session of sessions) {
    if (personal.has(session.id)) continue;
    const leak = finder.in(session.line).find(({ line }) => !names.includes(line));
    if (leak !== undefined) yield found("noise-leak", session.id, `says ${JSON.stringify(leak.text)} (${leak.attribute} of ${leak.person})`);
  }
}

/** Sessions named in one finding. */
const SHOWN = 3;

/** Values of an answer with the sessions that hold them, word for word, and are not listed. Short words prove nothing. */
function* unlabelled({ sessions }: Dossier, values: readonly string[], listed: readonly string[], name: string): Generator<[value: string, sessions: string[]]> {
  const known = new Set(listed);
  for (const value of values) {
    const line = wordLine(value);
    if (line.trim().length < 4 || /^[\d ]+$/.test(line)) continue;
    // A session written for another value that holds this one, of somebody else maybe, is explained by its truth.
    const where = sessions.filter((session) => !known.has(session.id) && session.line.includes(line) && session.lineWithNames.includes(name) && !explained(session, line));
    if (where.length > 0) yield [value, where.map(({ id }) => id)];
  }
}

function explained({ truth }: Session, line: string): boolean {
  if (truth === undefined) return false;
  const told = [...truth.reveals.map(({ value, attribute }) => `${value} ${attribute}`), truth.former?.value ?? "", truth.replaces ?? ""];
  return told.some((text) => wordLine(text).includes(line));
}

/** A session supports a key if it holds a word of it; wording is free, so more cannot be asked of it. */
function says(session: Session, key: string): boolean {
  const words = wordLine(key).trim().split(" ").filter((word) => word.length > 2 || /\d/.test(word));
  return words.length === 0 || words.some((word) => session.lineWithNames.includes(` ${word.slice(0, 5)}`));
}

function covers(key: string, value: string): boolean {
  // Python source escapes quotes.
  const line = wordLine(key.replaceAll("\\", ""));
  return line.includes(wordLine(value)) || wordLine(value).includes(line);
}
