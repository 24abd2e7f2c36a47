import type { Json, JsonRecord } from "daguerre";
import { WINDOW } from "./clock.ts";
import { newsOf, type Setting } from "./facts.ts";
import { partKey } from "./person.ts";
import type { Planned } from "./plan.ts";
import { asciiJson, timeText } from "./text.ts";
import { SHARES, type SessionType } from "./volume.ts";
import type { Content } from "./write.ts";

/**
 * The records of one person at one noise level: segment ids count the sessions by time, session numbers count within the pair or the kind, and
 * the records stand in reference order: conversations target by target, then user-AI, then purchases.
 */
export function sessionRecords(setting: Setting, sessions: readonly Planned[], contents: ReadonlyMap<string, Content>): JsonRecord[] {
  const { owner } = setting;
  const numbers = new Map<string, number>();
  const byTime = [...sessions].sort((a, b) => a.minute - b.minute);
  const records = byTime.map((session, sequence) => {
    const series = session.target?.person ?? session.type;
    const number = (numbers.get(series) ?? 0) + 1;
    numbers.set(series, number);
    const time = timeText(WINDOW.start, session.minute);
    const target = session.target === undefined ? {} : { target_name: session.target.name };
    const content: Json = contents.get(session.key) ?? [];
    const record: JsonRecord = {
      id: `${digits(owner.community, 3)}${digits(owner.person, 3)}${digits(sequence, 6)}`,
      community: owner.community, person: owner.person, owner: owner.name, type: session.type, session: `${session.type}---session---${String(number)}`, time, ...target,
      [session.type]: content, text: asciiJson({ time, ...target, [session.type]: content }), truth: truthOf(session, setting),
    };
    return { record, session };
  });
  const targets = owner.relations.map(({ person }) => person);
  const place = ({ type, target }: Planned): number => (target === undefined ? targets.length + TYPES.indexOf(type) : targets.indexOf(target.person));
  // The sort is stable: within a series the order of time stays.
  return records.sort((a, b) => place(a.session) - place(b.session)).map(({ record }) => record);
}

const TYPES = Object.keys(SHARES.personal) as SessionType[];

/** What a session gives away, for questions and audits. A former value is told as such; it is no evidence for an answer. */
function truthOf(session: Planned, setting: Setting): Json {
  const { disclosure } = session;
  const news = newsOf(session, setting);
  return {
    plan: session.key, personal: disclosure !== undefined,
    reveals: disclosure === undefined || disclosure.successor !== undefined ? [] : [{ person: disclosure.about, attribute: disclosure.attribute, value: partKey(disclosure.part) }],
    ...(disclosure?.successor === undefined ? {} : { former: { person: disclosure.about, attribute: disclosure.attribute, value: partKey(disclosure.part), until: partKey(disclosure.successor.part) } }),
    ...(disclosure?.replaces === undefined ? {} : { replaces: partKey(disclosure.replaces) }),
    ...(news === undefined ? {} : { news: news.id }),
  };
}

function digits(n: number, width: number): string {
  return String(n).padStart(width, "0");
}
