import { wordLine } from "../sessions/text.ts";
import type { Dossier, Finding, Session } from "./material.ts";

/** A value that was replaced: told in some session, and before the one that replaces it. */
export function* checkUpdates({ noise, sessions, questions }: Dossier): Generator<Finding> {
  const found = (check: string, subject: string, detail: string): Finding => ({ check, noise, subject, detail });
  const byId = new Map(sessions.map((session) => [session.id, session]));
  for (const { id, outdated, evidence, values } of questions) {
    for (const value of outdated) {
      const line = wordLine(value);
      if (values.some((current) => wordLine(current) === line)) yield found("update-current", id, `${JSON.stringify(value)} is outdated and current`);
      const told = sessions.filter((session) => session.line.includes(line));
      if (told.length === 0) {
        yield found("update-absent", id, `the outdated ${JSON.stringify(value)} is in no session`);
        continue;
      }
      const latest = Math.max(...evidence.flatMap(({ ids }) => ids.map((segment) => byId.get(segment)?.time ?? -Infinity)));
      if (told.every(({ time }) => time !== undefined && time > latest)) yield found("update-order", id, `the outdated ${JSON.stringify(value)} is told only after all evidence for what replaced it`);
    }
  }
  for (const session of sessions) yield* orderOfTruth(session, sessions, noise);
}

function* orderOfTruth({ id, time, truth }: Session, sessions: readonly Session[], noise: number): Generator<Finding> {
  const former = truth?.former;
  if (former === undefined) return;
  const successors = sessions.filter((other) => other.truth?.reveals.some(({ person, attribute, value }) => person === former.person && attribute === former.attribute && value === former.until));
  if (successors.length === 0) yield { check: "update-order", noise, subject: id, detail: `nothing tells that ${JSON.stringify(former.value)} was replaced` };
  for (const later of successors) {
    if (time !== undefined && later.time !== undefined && later.time <= time) yield { check: "update-order", noise, subject: id, detail: `session ${later.id} tells ${JSON.stringify(former.until)} before ${JSON.stringify(former.value)} was told` };
  }
}
