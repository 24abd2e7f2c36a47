import { totalSessions } from "../sessions/volume.ts";
import { personalIds, type Dossier, type Finding } from "./material.ts";

/** Ids, session numbers, times and volumes of one person at one level. */
export function* checkIds(dossier: Dossier): Generator<Finding> {
  const { noise, community, person, sessions, questions } = dossier;
  const prefix = [community, person].map((n) => String(n).padStart(3, "0")).join("");
  const found = (check: string, subject: string, detail: string): Finding => ({ check, noise, subject, detail });

  const byId = [...sessions].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const [sequence, { id, time, timeText }] of byId.entries()) {
    const expected = prefix + String(sequence).padStart(6, "0");
    if (id !== expected) yield found("segment-id", id, `expected ${expected}: the owner's number, then places in time without a gap`);
    if (time === undefined) yield found("time", id, `${JSON.stringify(timeText)} is no time`);
    const before = byId[sequence - 1]?.time;
    if (time !== undefined && before !== undefined && time < before) yield found("time-order", id, `${timeText} is before the session numbered before it`);
  }
  const series = new Map<string, number>();
  for (const { id, type, target, session } of byId) {
    const key = target ?? type;
    const number = (series.get(key) ?? 0) + 1;
    series.set(key, number);
    if (session !== `${type}---session---${String(number)}`) yield found("session-number", id, `${session} is number ${String(number)} in time`);
  }
  for (const [index, { id }] of questions.entries()) {
    const expected = prefix + String(index).padStart(3, "0");
    if (id !== expected) yield found("question-id", id, `expected ${expected}`);
  }
  const personal = personalIds(dossier).size;
  const total = totalSessions(personal, noise);
  if (sessions.length !== total) yield found("volume", prefix, `${String(sessions.length)} sessions; floor(${String(personal)} / (1 - ${String(noise)})) is ${String(total)}`);
}

/** Personal sessions stay and noise only grows from level to level; only where sessions carry their plan. */
export function* checkNesting(levels: readonly Dossier[]): Generator<Finding> {
  const ordered = [...levels].sort((a, b) => a.noise - b.noise);
  for (const [index, level] of ordered.entries()) {
    const below = ordered[index - 1];
    if (below === undefined || level.sessions.some(({ truth }) => truth === undefined)) continue;
    const here = new Map(level.sessions.map((session) => [session.truth?.plan, session]));
    for (const { id, truth, line, timeText } of below.sessions) {
      const same = here.get(truth?.plan);
      if (same === undefined || same.line !== line || same.timeText !== timeText) {
        yield { check: "nesting", noise: level.noise, subject: id, detail: `session ${String(truth?.plan)} of noise ${String(below.noise)} is ${same === undefined ? "not there" : "another"} at noise ${String(level.noise)}` };
      }
    }
    const personal = level.sessions.filter(({ truth }) => truth?.personal).length;
    const before = below.sessions.filter(({ truth }) => truth?.personal).length;
    if (personal !== before) yield { check: "nesting", noise: level.noise, subject: level.owner, detail: `${String(personal)} personal sessions, ${String(before)} at noise ${String(below.noise)}` };
  }
}
