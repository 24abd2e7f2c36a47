import { firstName, type Part, type Person } from "./person.ts";

/** Who says it: the person themself, or somebody else about them. */
export type Voice = "own" | "other";

const FORMS = {
  own: { I: "I", my: "my", me: "me", mine: "mine", myself: "myself", am: "am", was: "was", have: "have", do: "do", s: "", es: "" },
  she: { I: "she", my: "her", me: "her", mine: "hers", myself: "herself", am: "is", was: "was", have: "has", do: "does", s: "s", es: "es" },
  he: { I: "he", my: "his", me: "him", mine: "his", myself: "himself", am: "is", was: "was", have: "has", do: "does", s: "s", es: "es" },
  they: { I: "they", my: "their", me: "them", mine: "theirs", myself: "themself", am: "are", was: "were", have: "have", do: "do", s: "", es: "" },
} as const;
type Word = keyof (typeof FORMS)["own"];

/** A cue, filled in: what is said, and what may follow. */
export interface Cue {
  say: string;
  more?: string;
}

export interface Said {
  voice: Voice;
  person: Person;
  /** How the person is spoken of by somebody else: a first name, or "my sister". */
  called?: string;
  part: Part;
  old?: Part;
  label?: string;
  name?: string;
}

/** Fills in a cue. Words in braces agree with the voice; the first mention of another person names them. Sentences start with capitals. */
export function speak(cue: string, said: Said): Cue {
  const [say = "", more] = cue.split(" ~ ").map((text) => fill(text, said));
  return more === undefined ? { say } : { say, more };
}

function fill(text: string, said: Said): string {
  const forms = said.voice === "own" ? FORMS.own : FORMS[pronoun(said.person.gender)];
  const called = said.called ?? firstName(said.person.name);
  let named = said.voice === "own" || !/\{(a )?value\}|\{old\}/.test(text);
  const filled = text.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const lower = name.toLowerCase();
    switch (lower) {
      case "value": return said.part.text;
      case "a value": return capitalAs(name, withArticle(said.part.text));
      case "key": return slotWord(said.part);
      case "a key": return capitalAs(name, withArticle(slotWord(said.part)));
      case "old": return said.old?.text ?? "";
      case "label": return said.label ?? "";
      case "name": return said.name ?? "";
      case "who": return capitalAs(name, called);
      case "whose": return capitalAs(name, `${called}'s`);
      case "i": case "my": case "me": case "mine": case "myself": case "am": case "was": case "have": case "do": case "s": case "es": break;
      default: throw new Error(`a cue holds ${whole}, which is no placeholder: ${JSON.stringify(text)}`);
    }
    if (said.voice === "other" && !named && (lower === "i" || lower === "my" || lower === "me")) {
      named = true;
      return capitalAs(name, lower === "my" ? `${called}'s` : called);
    }
    const word = forms[(lower === "i" ? "I" : lower) as Word];
    return name === "My" || name === "Me" ? capitalise(word) : word;
  });
  return sentences(filled);
}

/** A slot is a label, "Eye color"; in a sentence it is a word. */
function slotWord({ slot = "" }: Part): string {
  return slot.charAt(0).toLowerCase() + slot.slice(1);
}

/** Pronouns by what the profile says; whoever is neither is they. */
function pronoun(gender: string): "she" | "he" | "they" {
  const word = gender.toLowerCase();
  return /^(f|female|woman|she)\b/.test(word) ? "she" : /^(m|male|man|he)\b/.test(word) ? "he" : "they";
}

/** "a nurse", "an actor"; what brings its own article keeps it. */
export function withArticle(text: string): string {
  if (/^(a|an|the|my|one)\s/i.test(text) || text === "") return text;
  return `${/^([aeio]|u(?!ni|s[aeu]|k))/i.test(text) ? "an" : "a"} ${text}`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function capitalAs(name: string, text: string): string {
  return /^[A-Z]/.test(name) ? capitalise(text) : text;
}

function sentences(text: string): string {
  return text.replace(/(^['"]?|[.!?]['"]? +)(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
}
