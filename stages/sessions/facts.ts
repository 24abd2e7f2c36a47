import type { Json, Random } from "daguerre";
import { RELATIONSHIP, type Disclosure } from "./choose.ts";
import { WINDOW } from "./clock.ts";
import type { Cues, Material, News } from "./material.ts";
import { firstName, partsOf, type Person, type Relation } from "./person.ts";
import type { Planned } from "./plan.ts";
import type { Finder } from "./secrets.ts";
import type { Taxonomy } from "./taxonomy.ts";
import { dateText, timeText, weekday, wordLine } from "./text.ts";
import { vary } from "./vary.ts";
import { speak, type Cue, type Voice } from "./voice.ts";

type Facts = { [key: string]: Json };
type Draw = (...labels: (string | number)[]) => Random;

/** What is known when the facts of one person's sessions are put together. */
export interface Setting {
  owner: Person;
  others: ReadonlyMap<string, Person>;
  taxonomy: Taxonomy;
  cues: Cues;
  /** Everyday matter that gives nobody away. */
  material: Material;
  /** Finds values of the owner and of the people around. */
  finder: Finder;
  /** Share of conversations that touch on the news. */
  news: number;
  draw: Draw;
}

const NEWS_DAYS = 4;

/** The facts a session is written from: they hold one value if it is personal, else none. Attempts differ in all that is free. */
export function factsFor(session: Planned, setting: Setting, attempt: number): Facts {
  const random = setting.draw("facts", session.key, attempt);
  const time = timeText(WINDOW.start, session.minute);
  const secret = session.disclosure === undefined ? {} : { disclose: disclosureFacts(session, session.disclosure, setting, random, attempt) };
  switch (session.type) {
    case "conversation":
      return {
        speakers: [setting.owner.name, session.target?.name ?? ""], time, utterances: session.length, ...secret,
        small_talk: random.sample(setting.material.topics, 2).map(({ subject, situation, question, views }) => ({
          subject, situation: vary(situation, random), question: vary(question, random), views: random.shuffle(views).map((view) => vary(view, random)),
        })),
        ...newsFacts(session, setting, random), ...chapterFacts(session, setting),
      };
    case "user_ai_interaction":
      return {
        time, utterances: session.length, ...secret,
        requests: random.sample(setting.material.requests, 2).map(({ subject, request, answer, followups }) => ({
          subject, request: vary(request, random), answer: vary(answer, random), followups: random.shuffle(followups).map((pair) => pair.map((text) => vary(text, random))),
        })),
      };
    case "purchase_history": {
      const everyday = session.disclosure === undefined ? session.length : Math.max(0, session.length - 2);
      return { time, items: session.length, ...secret, everyday: everydayItems(session, setting, everyday) };
    }
  }
}

/** The news item a conversation touches on, if it does; the same in every attempt and at every level. */
export function newsOf(session: Planned, setting: Setting): News | undefined {
  if (session.type !== "conversation" || !setting.draw("news", session.key).chance(setting.news)) return undefined;
  const today = dateText(WINDOW.start, session.minute);
  const oldest = dateText(WINDOW.start, session.minute - NEWS_DAYS * 1440);
  const recent = setting.material.news.filter(({ date }) => date <= today && date >= oldest);
  return recent.length === 0 ? undefined : setting.draw("news item", session.key).pick(recent);
}

function newsFacts(session: Planned, setting: Setting, random: Random): Facts {
  const news = newsOf(session, setting);
  if (news === undefined) return {};
  const { date, headline, detail, question } = news;
  return { news: { date, headline, detail, question: vary(question, random) } };
}

function chapterFacts(session: Planned, { material, draw }: Setting): Facts {
  const { chapter, target } = session;
  if (chapter === undefined || material.threads.length === 0) return {};
  // Each pair has the threads in an order of its own, so that no two runs of sessions tell the same matter.
  const thread = draw("threads", target?.person ?? "").shuffle(material.threads)[chapter.thread % material.threads.length];
  const now = thread?.steps[chapter.step];
  const before = chapter.step === 0 ? undefined : thread?.steps[chapter.step - 1];
  if (thread === undefined || now === undefined) return {};
  return { matter: { subject: thread.matter, now, ...(before === undefined || chapter.since === undefined ? {} : { before, when: agoText(chapter.since, session.minute) }) } };
}

/** "on Friday" within a week, then vaguer: a date might be somebody's birthday. */
function agoText(since: number, now: number): string {
  const days = (now - since) / 1440;
  return days < 6 ? `on ${weekday(WINDOW.start, since)}` : days < 13 ? "last week" : "a few weeks ago";
}

/** Household things nobody has ordered before: each session takes its own stretch of the shuffled list. */
function everydayItems(session: Planned, { material, draw }: Setting, count: number): Json[] {
  const shuffled = draw("items").shuffle(material.items);
  // Five places for each purchase session: the most it can take.
  const start = (session.order ?? 0) * 5;
  return Array.from({ length: count }, (_, index) => {
    const place = start + index;
    const item = shuffled[place % shuffled.length];
    const round = Math.floor(place / shuffled.length);
    return item === undefined ? {} : { title: round === 0 ? item.title : `${item.title} (${SIZES[round - 1] ?? `Size ${String(round)}`})`, description: item.description, brand: item.brand, categories: item.categories };
  });
}

const SIZES = ["Large", "Twin Pack", "Refill", "Value Edition", "Compact", "Family Size"];

function disclosureFacts(session: Planned, disclosure: Disclosure, setting: Setting, random: Random, attempt: number): Facts {
  const { owner, others, taxonomy } = setting;
  const about = disclosure.about === owner.id ? owner : others.get(disclosure.about) ?? owner;
  const relation = owner.relations.find(({ person }) => person === about.id);
  const related = disclosure.attribute.startsWith(`${RELATIONSHIP}.`);
  // Somebody present speaks for themself; of the absent the owner speaks.
  const self = !related && (about.id === owner.id || session.target?.person === about.id);
  const voice: Voice = self ? "own" : "other";
  const hint = related
    ? relationshipCue(session, disclosure, setting, about, random)
    : valueCue(disclosure, setting, about, voice, called(session, relation, owner, random), attempt);
  const category = taxonomy.byPath.get(disclosure.attribute);
  return {
    who: about.name, told_by: self ? about.name : owner.name, kind: related ? "relationship" : (category?.label ?? disclosure.attribute.split(".").at(-1) ?? ""), value: disclosure.part.text,
    ...(disclosure.part.slot === undefined ? {} : { key: disclosure.part.slot }),
    ...(disclosure.replaces === undefined ? {} : { replaces: disclosure.replaces.text }),
    hint: hint.say, ...(hint.more === undefined ? {} : { and_then: hint.more }),
  };
}

/** How the owner speaks of somebody absent: by name, or by a role that only one person has. */
function called(session: Planned, relation: Relation | undefined, owner: Person, random: Random): string | undefined {
  if (relation === undefined || session.target?.person === relation.person) return undefined;
  const unique = owner.relations.filter(({ relationship }) => relationship === relation.relationship).length === 1;
  return unique && random.chance(0.35) ? `my ${relation.relationship}` : firstName(relation.name);
}

function valueCue(disclosure: Disclosure, { taxonomy, cues, finder, draw }: Setting, about: Person, voice: Voice, name: string | undefined, attempt: number): Cue {
  const said = { voice, person: about, part: disclosure.part, ...(name === undefined ? {} : { called: name }), ...(disclosure.replaces === undefined ? {} : { old: disclosure.replaces }) };
  const category = taxonomy.byPath.get(disclosure.attribute);
  const own = category === undefined ? [] : [...category.cues[voice], ...(cues.categories[category.id] ?? [])];
  const list = disclosure.replaces !== undefined ? cues.changed : own.length > 0 ? own : cues.former;
  const spoken = list.map((cue) => speak(cue, said));
  // A cue may hold another value by accident: better one that does not.
  const allowed = [...allowedLines(disclosure, about), wordLine(name ?? "")].join("|");
  const clean = spoken.filter((cue) => finder.in(`${cue.say} ${cue.more ?? ""}`).every((secret) => allowed.includes(secret.line)));
  // In turn: the values of one list, and one value told twice, come up in different ways.
  const shuffled = draw("cues", about.id, disclosure.attribute).shuffle(clean.length > 0 ? clean : spoken);
  const values = partsOf(about.attributes[disclosure.attribute] ?? null);
  const place = Math.max(0, values.findIndex(({ text }) => text === disclosure.part.text)) + (disclosure.again === true ? values.length : 0) + attempt;
  return shuffled[place % shuffled.length] ?? { say: disclosure.part.text };
}

/** What a session may say without giving anything else away: its value, what that replaces, and what the person is to the owner. */
export function allowedLines(disclosure: Disclosure, about: Person): string[] {
  const roles = disclosure.attribute.startsWith(`${RELATIONSHIP}.`) ? [disclosure.part.text, ...about.relations.map(({ relationship }) => relationship)] : [];
  return [disclosure.part.text, disclosure.part.slot ?? "", disclosure.replaces?.text ?? "", ...roles].map(wordLine);
}

function relationshipCue(session: Planned, disclosure: Disclosure, { taxonomy, cues, owner }: Setting, about: Person, random: Random): Cue {
  const label = disclosure.part.text;
  const inverse = about.relations.find(({ person }) => person === owner.id)?.relationship ?? label;
  const present = session.target?.person === about.id;
  const cue = random.pick(present ? cues.present : [...taxonomy.social.cues, ...cues.relationship])
    .replaceAll("{inverse}", inverse).replaceAll("{plural}", `${label} and ${inverse}`.replace(/^(\w+) and \1$/, "$1s"));
  return speak(cue, { voice: "own", person: owner, part: disclosure.part, label, name: firstName(about.name) });
}
