import type { Random } from "daguerre";
import { Dealer, SHARES, totalSessions } from "./volume.ts";
import type { SessionType } from "./volume.ts";
import { chooseDisclosures } from "./choose.ts";
import type { Disclosure, Wanted } from "./choose.ts";
import type { Person, Relation } from "./person.ts";
import { Clock } from "./clock.ts";

/** A session before it is written: all that must not depend on the noise level. */
export interface Planned {
  /** Stable name within the person: `p` personal, `n` noise, and a number. */
  key: string;
  type: SessionType;
  /** The other party of a conversation. */
  target?: Relation;
  /** Minutes since the window's first day. */
  minute: number;
  /** What it gives away; noise gives nothing. */
  disclosure?: Disclosure;
  /** Place in a matter that runs through several sessions of one pair. */
  chapter?: Chapter;
  /** Utterances or items to write. */
  length: number;
  /** Number among the person's purchases, personal ones first: no two buy the same thing. */
  order?: number;
}

/** Step `step` of the pair's matter number `thread`; `since` is the minute of the session before. */
export interface Chapter {
  thread: number;
  step: number;
  since?: number;
}

/** How many sessions and attributes a person gets; the params of the documents stage. */
export interface Sizes extends Wanted {
  /** Mean number of further sessions per disclosed value. */
  alternatives: number;
  /** Preference changes per personal session. */
  updates: number;
}

type Draw = (...labels: (string | number)[]) => Random;

const THREAD_LENGTH = 3;
/** Threads of noise sessions are counted on from here: personal ones come first and are the same at every level. */
const AFTER_PERSONAL = 10;
const LENGTHS = {
  personal: { conversation: [10, 10, 11, 11, 12], user_ai_interaction: [10, 12, 12, 12, 14], purchase_history: [2, 3, 3, 4] },
  noise: { conversation: [10, 11, 12, 12, 13], user_ai_interaction: [8, 8, 10, 10, 10], purchase_history: [2, 3, 3, 4, 5] },
} as const;

/**
 * Every session of a person at a noise level, in order of time. Personal sessions are the same at every level, and the noise of a lower level
 * is part of the noise of a higher one: a session's plan depends on the person and its number, never on how many there are.
 */
export function planSessions(person: Person, others: ReadonlyMap<string, Person>, sizes: Sizes, pools: (attribute: string) => readonly string[], noise: number, draw: Draw): Planned[] {
  const clock = new Clock();
  const personal = planPersonal(person, chooseDisclosures(person, others, sizes, pools, draw), clock, draw);
  const extra = totalSessions(personal.length, noise) - personal.length;
  const all = [...personal, ...planNoise(person, extra, clock, draw)];
  all.filter(({ type }) => type === "purchase_history").forEach((session, order) => { session.order = order; });
  return all.sort((a, b) => a.minute - b.minute);
}

function planPersonal(person: Person, disclosures: Disclosure[], clock: Clock, draw: Draw): Planned[] {
  const random = draw("personal");
  const dealer = new Dealer(SHARES.personal, random);
  const planned = disclosures.map((disclosure, index): Planned => {
    const type = dealer.next(kindsFor(person, disclosure));
    const target = type === "conversation" ? partner(person, disclosure, random) : undefined;
    return {
      key: `p${String(index).padStart(3, "0")}`, type, ...(target === undefined ? {} : { target }),
      minute: clock.any(random), disclosure, length: random.pick(LENGTHS.personal[type]),
    };
  });
  inOrder(planned);
  for (const relation of person.relations) {
    const pair = planned.filter((session) => session.target?.person === relation.person).sort((a, b) => a.minute - b.minute);
    for (let at = 0; at + 1 < pair.length; at += THREAD_LENGTH) addThread(pair.slice(at, at + THREAD_LENGTH), at / THREAD_LENGTH, draw("thread", relation.person, at));
  }
  return planned;
}

/** An old value is told before the one that replaces it. */
function inOrder(planned: Planned[]): void {
  for (const session of planned) {
    const successor = session.disclosure?.successor;
    const later = planned.find((other) => successor !== undefined && other.disclosure === successor);
    if (later !== undefined && later.minute < session.minute) [session.minute, later.minute] = [later.minute, session.minute];
  }
}

function planNoise(person: Person, count: number, clock: Clock, draw: Draw): Planned[] {
  const dealer = new Dealer(SHARES.noise, draw("noise"));
  const pairs = new Map<string, Planned[]>();
  const planned: Planned[] = [];
  for (let rank = 0; rank < count; rank++) {
    const random = draw("noise", rank);
    const type = dealer.next(person.relations.length > 0 ? ["conversation", "user_ai_interaction", "purchase_history"] : ["user_ai_interaction", "purchase_history"]);
    const session: Planned = { key: `n${String(rank).padStart(4, "0")}`, type, minute: 0, length: random.pick(LENGTHS.noise[type]) };
    if (type === "conversation") {
      const target = random.pick(person.relations);
      const pair = pairs.get(target.person) ?? [];
      pairs.set(target.person, [...pair, session]);
      session.target = target;
      // Three sessions share a thread on three days drawn ahead, so a later one never comes before an earlier one, however many there are.
      const group = Math.floor(pair.length / THREAD_LENGTH), place = pair.length % THREAD_LENGTH;
      const days = clock.days(THREAD_LENGTH, draw("days", target.person, group));
      session.minute = clock.on(days[place] ?? 0, random);
      addThread([...pair.slice(pair.length - place), session], AFTER_PERSONAL + group, draw("noise thread", target.person, group));
    } else session.minute = clock.any(random);
    planned.push(session);
  }
  return planned;
}

/** Half of the runs of sessions of a pair carry a small matter on from one to the next. */
function addThread(sessions: Planned[], thread: number, random: Random): void {
  if (!random.chance(0.5)) return;
  sessions.forEach((session, step) => {
    const since = sessions[step - 1]?.minute;
    session.chapter = { thread, step, ...(since === undefined ? {} : { since }) };
  });
}

function kindsFor(person: Person, disclosure: Disclosure): SessionType[] {
  const kinds: SessionType[] = person.relations.length > 0 ? ["conversation", "user_ai_interaction"] : ["user_ai_interaction"];
  if (disclosure.purchasable && disclosure.about === person.id) kinds.push("purchase_history");
  return kinds;
}

/** Half of what a related person gives away, they say themselves. */
function partner(person: Person, disclosure: Disclosure, random: Random): Relation {
  const self = person.relations.find((relation) => relation.person === disclosure.about);
  const rest = person.relations.filter((relation) => relation.person !== disclosure.about);
  if (self === undefined || rest.length === 0) return self ?? random.pick(rest);
  return random.chance(0.5) ? self : random.pick(rest);
}

