import { CALENDAR, isCommon, LINKS } from "./words.ts";

/** The forms in which an answer can stand in a sentence. */
export type Shape = "title" | "name" | "phrase" | "number" | "date";

export interface Span {
  text: string;
  shape: Shape;
  /** Words that are not everyday words. */
  rare: number;
}

const MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)";
const DATE = new RegExp(`\\b(?:\\d{1,2}(?:st|nd|rd|th)? (?:of )?${MONTH}|${MONTH} \\d{1,2}(?:st|nd|rd|th)?)\\b`, "g");
const QUOTED = /(?:^|[\s(,:])(?:'([^']+(?:'[a-z]+[^']*)*)'|"([^"]+)"|‘([^’]+)’|“([^”]+)”)(?=[\s).,;:!?]|$)/g;
const MAX_WORDS = 7;

/** Everything in a text that could be an answer. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  const add = (found: string, shape: Shape): void => {
    const clean = found.replace(/^[\s'"“‘(]+|[\s'"”’),.;:!?]+$/g, "");
    if (clean !== "" && !spans.some((span) => span.text === clean)) spans.push({ text: clean, shape, rare: clean.split(/\s+/).filter((word) => !isCommon(word)).length });
  };
  for (const match of text.matchAll(DATE)) add(match[0], "date");
  for (const match of text.matchAll(/\b\d+\b/g)) add(match[0], "number");
  for (const match of text.matchAll(QUOTED)) {
    const quoted = match[1] ?? match[2] ?? match[3] ?? match[4] ?? "";
    // A headline ends with a full stop, a title does not.
    if (!/[.!?]$/.test(quoted) && quoted.split(" ").length <= MAX_WORDS) add(quoted, "title");
  }
  for (const sentence of text.split(/(?<=[.!?:])\s+/)) {
    for (const run of runs(sentence, isNameWord)) {
      // One capital at the start of a sentence is no name.
      if (run.includes(" ") || !sentence.startsWith(run)) add(run, "name");
    }
    for (const run of runs(sentence, (word, at) => !isCommon(word) && !isNameWord(word, at))) add(run, "phrase");
  }
  return spans;
}

/** Words in a row that hold, joined by small words between two of them; cut at punctuation. */
function runs(sentence: string, holds: (word: string, at: number) => boolean): string[] {
  const found: string[] = [];
  const tokens = sentence.split(/\s+/);
  let run: string[] = [];
  let pending: string[] = [];
  const end = (): void => {
    if (run.length > 0 && run.length <= MAX_WORDS) found.push(run.join(" "));
    run = [];
    pending = [];
  };
  tokens.forEach((token, at) => {
    const word = token.replace(/^[("'“‘]+|[)"'”’,.;:!?]+$/g, "");
    if (holds(word, at)) {
      run.push(...pending, word);
      pending = [];
    } else if (run.length > 0 && pending.length < 2 && LINKS.has(word.toLowerCase())) pending.push(word);
    else end();
    if (/[,.;:!?]["')”’]*$/.test(token)) end();
  });
  end();
  return found;
}

/** Capitalised, and not only because it starts the sentence or names a day. */
function isNameWord(word: string, at: number): boolean {
  return /^\p{Lu}/u.test(word) && !/^I('|’|$)/.test(word) && !/^(Yeah|Plus)$/.test(word) && !CALENDAR.test(word) && !(isCommon(word) && at === 0) && !/^(Oh|Hi|Hey|Ha|Well|Yes|No|Mr|Mrs)$/.test(word);
}
