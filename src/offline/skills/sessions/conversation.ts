import type { Json, Random } from "../../../stage/index.ts";
import type { Skill, SkillRequest } from "../../skill.ts";
import { countOf, factsObject, isObject, objectsOf, permitted, textOf, textsOf } from "./facts.ts";
import * as remarks from "./remarks.ts";

type Facts = { [key: string]: Json };

/** A conversation in the making: speakers take turns, so whoever did not speak last is next. */
class Talk {
  readonly turns: { by: number; content: string }[] = [];
  readonly #names: readonly string[];
  readonly #request: SkillRequest;
  readonly #said = new Set<string>();
  next: number;

  constructor(names: readonly string[], request: SkillRequest) {
    this.#names = names;
    this.#request = request;
    this.next = request.random.int(0, 1);
  }

  get random(): Random {
    return this.#request.random;
  }

  /** One of the remarks, spoken to the other. */
  remark(lines: readonly string[], fill: Readonly<Record<string, string>> = {}): string {
    const other = this.#names[1 - this.next]?.split(" ")[0] ?? "";
    const allowed = permitted(lines, this.#request.prompt);
    // Nobody says the same thing twice in one talk while there is something else to say.
    const fresh = allowed.filter((line) => !this.#said.has(line));
    const line = this.random.pick(fresh.length > 0 ? fresh : allowed);
    this.#said.add(line);
    return line.replace(/\{(\w+)\}/g, (_, key: string) => (key === "name" ? other : fill[key] ?? ""));
  }

  say(content: string): void {
    this.turns.push({ by: this.next, content });
    this.next = 1 - this.next;
  }
}

/** Writes a session of two people: greeting, matters old and new, news, small talk, and the one fact somewhere among them. */
export const writeConversation: Skill = (request) => {
  const facts = factsObject(request);
  const names = facts === undefined ? [] : textsOf(facts, "speakers");
  if (facts === undefined || names.length !== 2) return undefined;
  const talk = new Talk(names, request);
  const length = countOf(facts, "utterances", 12);
  const { random } = talk;

  talk.say(talk.remark(remarks.GREETINGS[partOfDay(textOf(facts, "time"))]));
  talk.say(talk.remark(remarks.REPLIES));

  const topics = objectsOf(facts, "small_talk").map((topic) => ({ topic, views: [...textsOf(topic, "views")] }));
  const parts: (() => void)[] = [];
  if (isObject(facts["matter"])) parts.push(() => { aMatter(talk, facts["matter"] as Facts); });
  if (isObject(facts["news"])) parts.push(() => { theNews(talk, facts["news"] as Facts); });
  if (isObject(facts["disclose"])) parts.push(() => { theFact(talk, facts["disclose"] as Facts, names); });
  const order = random.shuffle(parts);
  const [first, second] = topics;
  // Small talk comes in between, in stretches; what is still free at the end is more of it.
  const rest = (): number => length - 2 - talk.turns.length;
  if (first !== undefined && random.chance(order.length === 0 ? 1 : 0.6)) smallTalk(talk, first, order.length > 0 ? 3 : 5);
  for (const part of order) part();
  for (const stretch of [second, first, second, first]) {
    // A subject is not opened for a sentence and a question.
    if (stretch !== undefined && (rest() > 2 || (rest() > 0 && textOf(stretch.topic, "question") === ""))) smallTalk(talk, stretch, Math.min(rest(), 5));
  }
  while (rest() > 0) talk.say(talk.remark(rest() % 2 === 0 ? remarks.REACTIONS : remarks.AFTERS));
  talk.say(talk.remark(remarks.FAREWELLS));
  talk.say(talk.remark(remarks.LAST_WORDS));
  return { conversation: talk.turns.map(({ by, content }) => ({ role: names[by] ?? "", content })) };
};

/** A few turns about nothing: what happened, a question, opinions about the world. */
function smallTalk(talk: Talk, stretch: { topic: Facts; views: string[] }, turns: number): void {
  const { topic, views } = stretch;
  for (let turn = 0; turn < turns; turn++) {
    const situation = textOf(topic, "situation"), question = textOf(topic, "question");
    if (situation !== "") {
      talk.say(`${talk.remark(remarks.TURNS)} ${situation}`);
      topic["situation"] = "";
    } else if (question !== "") {
      talk.say(talk.random.chance(0.5) ? `${talk.remark(remarks.REACTIONS)} ${question}` : question);
      topic["question"] = "";
    } else {
      const view = views.shift();
      if (view === undefined) return;
      talk.say(talk.random.chance(0.65) ? `${talk.remark(remarks.AGREE)} ${view}` : view);
    }
  }
}

function theNews(talk: Talk, news: Facts): void {
  talk.say(talk.remark(remarks.NEWS_OPENERS, { headline: textOf(news, "headline") }));
  talk.say(talk.remark(remarks.NEWS_REPLIES, { detail: textOf(news, "detail") }));
  talk.say(textOf(news, "question"));
  talk.say(talk.remark(remarks.NEWS_ENDINGS));
}

function aMatter(talk: Talk, matter: Facts): void {
  const fill = { matter: textOf(matter, "subject"), now: textOf(matter, "now"), Now: capital(textOf(matter, "now")), When: capital(textOf(matter, "when")), before: textOf(matter, "before"), when: textOf(matter, "when") };
  talk.say(talk.remark(fill.before === "" ? remarks.MATTER_OPENERS : remarks.MATTER_SEQUELS, fill));
  talk.say(talk.remark(remarks.REACTIONS));
}

/** The fact comes from whoever may tell it, in passing; the other is amused. */
function theFact(talk: Talk, disclose: Facts, names: readonly string[]): void {
  const teller = Math.max(0, names.indexOf(textOf(disclose, "told_by")));
  const absent = !names.includes(textOf(disclose, "who"));
  const hint = textOf(disclose, "hint"), then = textOf(disclose, "and_then");
  if (talk.next !== teller) {
    talk.say(talk.remark(absent ? remarks.LEADS_OTHER : remarks.LEADS));
    talk.say(talk.random.chance(0.4) ? `${talk.remark(["Well.", "Nothing much.", "Oh, you know.", "Do not laugh.", "Since you ask."])} ${hint}` : hint);
  } else talk.say(talk.random.chance(0.5) ? `${talk.remark(remarks.TURNS)} ${hint}` : hint);
  talk.say(talk.remark(remarks.REACTIONS));
  talk.say(then !== "" && talk.random.chance(0.8) ? then : talk.remark(remarks.AFTERS));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** By the clock of `2024/Oct/14/09:14 AM`. */
function partOfDay(time: string): keyof typeof remarks.GREETINGS {
  const [, hour = "12", half] = /(\d\d):\d\d (AM|PM)/.exec(time) ?? [];
  if (half === "AM") return Number(hour) < 11 ? "morning" : "day";
  return Number(hour) % 12 < 5 ? "day" : "evening";
}
