import { readPrompt, type Reading, type Utterance } from "./excerpts.ts";
import { KINDS, ROLE, type Kind } from "./kinds.ts";
import { spansOf, type Span } from "./spans.ts";
import { isCommon } from "./words.ts";
import type { Skill } from "../../skill.ts";

interface Candidate {
  chunk: number;
  text: string;
  score: number;
}

/** Whom a question is about: the asker, or somebody by name or role. */
interface Subject {
  name?: string;
  role?: string;
}

const FIRST_PERSON = /\b(I|my|me|mine|myself|I'm|I've|I'd)\b/;
const ANSWERS_AT_MOST = 5;

/** How much a `skimmer` reads before it answers, and how many things it names. */
const SKIMMED = { excerpts: 2, things: 2 };

/**
 * Reads the excerpts of a prompt the way a hurried reader would: who is speaking, does the sentence look like what is asked, and which words in it could
 * be the answer. It knows the language and some of the world, and nothing about the people; with the wrong excerpts it answers wrong. A model whose name
 * starts with `skimmer` stops after the first excerpts and names few things, so that readers can be compared without a key.
 */
export const readerAnswer: Skill = ({ prompt, model }) => {
  const skims = model.startsWith("skimmer");
  const whole = readPrompt(prompt);
  if (whole === undefined) return undefined;
  const reading = skims ? { ...whole, utterances: whole.utterances.filter(({ chunk }) => chunk < SKIMMED.excerpts) } : whole;
  const choice = /between|options? from/i.test(reading.question) ? choose(reading) : undefined;
  return { answer: choice ?? relationship(reading) ?? things(reading, skims ? SKIMMED.things : ANSWERS_AT_MOST) };
};

/** The thing or things asked for: the best candidate of the best excerpt, or of several where several are asked for. */
function things(reading: Reading, most: number): string {
  const { question } = reading;
  const subject = subjectOf(question, reading.names);
  // The example answers of a question are not what it asks for.
  const kind = KINDS.find(({ asks }) => asks.test(question.replace(/E\.g\..*$/i, "")));
  const best = new Map<number, Candidate>();
  for (const utterance of reading.utterances) {
    const heard = hear(utterance, subject, reading, kind);
    if (heard === undefined) continue;
    for (const span of candidates(utterance)) {
      const score = heard + fits(span, kind, reading);
      const known = best.get(utterance.chunk);
      if (known === undefined || score > known.score) best.set(utterance.chunk, { chunk: utterance.chunk, text: withSlot(span, utterance, kind), score });
    }
  }
  const ranked = [...best.values()].sort((a, b) => b.score - a.score || a.chunk - b.chunk);
  const top = ranked[0];
  if (top === undefined) return "unknown";
  const many = kind?.many === true || (kind === undefined && /^(which|what) \w+s\b/i.test(question));
  const kept = many ? ranked.filter(({ score }) => score >= top.score - 3) : [top];
  return [...new Set(kept.map(({ text }) => text))].slice(0, most).join(", ");
}

/** How much an utterance is about the subject, or undefined where nobody would look. */
function hear({ speaker, text }: Utterance, subject: Subject, { owner, names }: Reading, kind: Kind | undefined): number | undefined {
  if (speaker === "assistant" || spoken(text) === "") return undefined;
  const self = FIRST_PERSON.test(text);
  const mine = speaker === "user" || speaker === "item" || speaker === owner || owner === undefined;
  let score = 0;
  if (subject.name === undefined && subject.role === undefined) {
    score += mine ? 1 : -2;
    score += self ? 2 : speaker === "item" ? 0.5 : -1.5;
  } else {
    const theirs = subject.name !== undefined && speaker === subject.name;
    const mentioned = (subject.name !== undefined && new RegExp(`\\b${escape(firstName(subject.name))}\\b`).test(text)) || (subject.role !== undefined && new RegExp(`\\bmy ${escape(subject.role)}\\b`, "i").test(text));
    score += theirs ? (self ? 3.5 : 0) : mentioned && mine ? 3.5 : mine && /\b(she|he|her|his|him|they|their)\b/i.test(text) ? 0.5 : -2;
    // Somebody asked about by role may be any of those who speak.
    if (subject.name === undefined && !mine && names.includes(speaker) && self) score += 3;
  }
  if (kind !== undefined) {
    if (kind.near.test(text)) score += 1.5;
    if (kind.member?.test(text) === true) score += 1.5;
  }
  return score;
}

/** What a question is about besides the asker. */
function subjectOf(question: string, names: readonly string[]): Subject {
  const spokenOf = names.find((name) => question.includes(name));
  if (spokenOf !== undefined) return { name: spokenOf };
  const full = /\b(\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+)+?)(?:['’]s)?\b/u.exec(question.replace(/^(Which|What|Who|Whose|Where|At|In|For|From|On|Does|How|Under)\b/, ""));
  if (full?.[1] !== undefined) return { name: full[1] };
  const role = /\bmy ([a-z-]+(?: provider)?)(?:['’]s)?\b/.exec(question)?.[1];
  return role !== undefined && ROLE.test(role) ? { role } : {};
}

/** Spans of what was said; of a thing bought, the words its title and description share. */
function candidates({ speaker, text }: Utterance): Span[] {
  if (speaker !== "item") return spansOf(spoken(text));
  const [title = "", description = ""] = splitItem(text);
  const shared = sharedWords(title, description);
  return shared === "" ? [] : [{ text: shared, shape: /\p{Lu}/u.test(shared) ? "name" : "phrase", rare: shared.split(" ").filter((word) => !isCommon(word)).length }];
}

/** Drops sentences that ask, and headlines. */
function spoken(text: string): string {
  return text.replace(/"[^"]*\."/g, " ").split(/(?<=[.!?])\s+/).filter((sentence) => !sentence.trim().endsWith("?")).join(" ");
}

function splitItem(text: string): string[] {
  const at = text.indexOf(". ");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 2)];
}

/** The longest run of words of a description that its title has too. */
function sharedWords(title: string, description: string): string {
  const inTitle = ` ${title.toLowerCase().replace(/[^\p{L}\p{N}'’-]+/gu, " ")} `;
  const words = description.split(/\s+/).map((word) => word.replace(/^[("'“]+|[)"'”,.;:!?]+$/g, ""));
  let best: string[] = [];
  for (let from = 0; from < words.length; from++) {
    for (let to = words.length; to > from + best.length; to--) {
      const run = words.slice(from, to);
      if (inTitle.includes(` ${run.join(" ").toLowerCase()} `) && run.some((word) => !isCommon(word))) { best = run; break; }
    }
  }
  return best.join(" ").replace(/^(for|the|a|an|of|your) /i, "");
}

/** How well a span suits the kind. */
function fits(span: Span, kind: Kind | undefined, { names, question }: Reading): number {
  let score = 0.4 * Math.min(span.rare, 3) - (span.rare === 0 && span.shape !== "number" ? 2 : 0);
  const lower = span.text.toLowerCase();
  if (names.some((name) => name.toLowerCase().includes(lower) || lower.includes(firstName(name).toLowerCase()))) score -= 5;
  if (question.toLowerCase().includes(lower)) score -= 4;
  if (kind === undefined) return score + (span.shape === "name" ? 0.5 : 0);
  const place = kind.shapes.indexOf(span.shape);
  score += place < 0 ? -3 : 1.5 - place * 0.4;
  if (kind.member?.test(span.text) === true) score += 2;
  return score;
}

/** Pets and looks are asked for with what they are: "cat Whiskers", "height 1.80". */
function withSlot(span: Span, { text }: Utterance, kind: Kind | undefined): string {
  if (kind?.member === undefined || kind.many !== true || !/pets|look/.test(kind.asks.source)) return span.text;
  const slot = kind.member.exec(text)?.[0];
  return slot === undefined || span.text.toLowerCase().includes(slot.toLowerCase()) ? span.text : `${slot} ${span.text}`;
}

/** What somebody is to the asker, or who has a role; undefined where that is not asked. */
function relationship(reading: Reading): string | undefined {
  const { question, utterances, names, owner } = reading;
  const asksRole = /(relation\w*|related|connected|to me)\b/i.test(question);
  const role = /\bmy ([a-z-]+(?: provider)?)\b/.exec(question)?.[1];
  if (asksRole && !/\bname of my\b/.test(question)) {
    const { name } = subjectOf(question, names);
    if (name === undefined) return undefined;
    const counts = new Map<string, number>();
    for (const { text, speaker } of utterances) {
      const found = ROLE.exec(text)?.[0]?.toLowerCase();
      if (found === undefined || speaker === "assistant") continue;
      const near = text.includes(firstName(name)) || (/\b(you|your)\b/.test(text) && names.includes(name));
      counts.set(found, (counts.get(found) ?? 0) + (near ? 3 : 0.5) + (FIRST_PERSON.test(text) ? 1 : 0));
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "friend";
  }
  if (role === undefined || !ROLE.test(role) || !/^(who|what is the name|by what name)/i.test(question)) return undefined;
  if (!/(who (is|in)|name)/i.test(question)) return undefined;
  const others = names.filter((name) => name !== owner);
  const said = utterances.filter(({ text }) => new RegExp(`\\b${escape(role)}\\b`, "i").test(text));
  for (const { text, chunk } of said) {
    const named = names.find((name) => name !== owner && new RegExp(`\\b${escape(firstName(name))}\\b`).test(text));
    if (named !== undefined) return named;
    const first = spansOf(text).find(({ shape }) => shape === "name");
    if (first !== undefined) return first.text;
    const present = utterances.find((utterance) => utterance.chunk === chunk && others.includes(utterance.speaker));
    if (present !== undefined) return present.speaker;
  }
  return others[0] ?? "unknown";
}

/** For a choice between lettered options: those whose word is in the excerpts, else the first. */
function choose({ question, utterances }: Reading): string | undefined {
  const options = [...question.matchAll(/\b([A-J]): ([A-Za-z-]+)/g)].map(([, letter = "", word = ""]) => ({ letter, word: word.toLowerCase() }));
  if (options.length === 0) return undefined;
  const wanted = Number(/choose (\d+)/i.exec(question)?.[1] ?? 1);
  const text = utterances.map((utterance) => utterance.text.toLowerCase()).join(" ");
  const scored = options.map((option, index) => ({ ...option, index, hits: text.split(option.word.slice(0, 6)).length - 1 - (/^(un|in|im)/.test(option.word) ? 0.5 : 0) }));
  return scored.sort((a, b) => b.hits - a.hits || a.index - b.index).slice(0, wanted).map(({ letter }) => letter).sort((a, b) => (a < b ? -1 : 1)).join(", ");
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function firstName(name: string): string {
  return name.split(" ")[0] ?? name;
}
