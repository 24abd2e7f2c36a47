import { createHash } from "node:crypto";
import type { Blocks } from "./components.ts";
import type { FullName } from "./names.ts";

/** What the writer returns: schemas/persona-draft.schema.json. */
export interface PersonaDraft {
  traits: string[];
  background: string;
  chatting_style: string;
}

/** A record of the bank, with the gender of the given name, profession and life context beside the fields of the Persona Bank. */
export type PersonaRecord = {
  id: string;
  name: string;
  username: string | null;
  age: number;
  gender: string;
  profession: string;
  life_context: string;
  traits: string[];
  background: string;
  chatting_style: string;
  model: string;
};

/** Longest background and chatting style, in characters (Persona Bank, card). */
const LIMITS = { background: 300, chatting_style: 120 };
const TRAITS = { least: 3, most: 5 };

/** What is wrong with a draft; empty where it may be kept. */
export function faults(draft: PersonaDraft, blocks: Blocks): string[] {
  const found: string[] = [];
  const { background, chatting_style, traits } = draft;
  if (background.length > LIMITS.background) found.push(`background has ${background.length} characters, at most ${LIMITS.background}`);
  if (background.trim().length < 30) found.push("background says nothing");
  if (sentences(background).length > 2) found.push("background has more than two sentences");
  if (chatting_style.length > LIMITS.chatting_style) found.push(`chatting_style has ${chatting_style.length} characters, at most ${LIMITS.chatting_style}`);
  if (chatting_style.trim().length < 8) found.push("chatting_style says nothing");
  const distinct = new Set(traits);
  if (distinct.size !== traits.length) found.push("a trait is repeated");
  if (distinct.size < TRAITS.least || distinct.size > TRAITS.most) found.push(`${distinct.size} traits, wanted ${TRAITS.least} to ${TRAITS.most}`);
  const foreign = traits.filter((trait) => !blocks.traits.includes(trait));
  if (foreign.length > 0) found.push(`not among the given traits: ${foreign.join(", ")}`);
  for (const age of statedAges(background)) if (age !== blocks.age) found.push(`background says the age is ${age}, it is ${blocks.age}`);
  return found;
}

/** Makes a faulty draft keepable without asking again: traits from the blocks, texts cut after a sentence. Undefined where a text is missing or lies. */
export function repair(draft: PersonaDraft, blocks: Blocks): PersonaDraft | undefined {
  const kept = [...new Set(draft.traits)].filter((trait) => blocks.traits.includes(trait)).slice(0, TRAITS.most);
  const traits = [...kept, ...blocks.traits.filter((trait) => !kept.includes(trait))].slice(0, Math.max(kept.length, TRAITS.least));
  const repaired = { traits, background: cut(sentences(draft.background).slice(0, 2).join(" "), LIMITS.background), chatting_style: cut(draft.chatting_style, LIMITS.chatting_style) };
  return faults(repaired, blocks).length === 0 ? repaired : undefined;
}

/** The record; its id is the first 32 hex digits of the sha256 of its content. */
export function record(name: FullName, username: string | null, blocks: Blocks, draft: PersonaDraft, model: string): PersonaRecord {
  const traits = [...draft.traits].sort((a, b) => (a < b ? -1 : 1));
  const content = [name.name, username, blocks.age, blocks.profession.value, traits, draft.background.trim(), draft.chatting_style.trim()];
  const id = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
  return {
    id, name: name.name, username, age: blocks.age, gender: name.gender, profession: blocks.profession.value, life_context: blocks.life_context,
    traits, background: draft.background.trim(), chatting_style: draft.chatting_style.trim(), model,
  };
}

function sentences(text: string): string[] {
  return text.trim().split(/(?<=[.!?…])\s+(?=\p{Lu}|["'“(])/u).filter((part) => part !== "");
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit);
  const end = Math.max(head.lastIndexOf(". "), head.lastIndexOf("; "), head.lastIndexOf(", "));
  return `${head.slice(0, end > limit / 2 ? end : head.lastIndexOf(" ")).replace(/[,;:. ]+$/, "")}.`.slice(0, limit);
}

function statedAges(text: string): number[] {
  return [...text.matchAll(/\b(\d{2})[- ]year[- ]old\b|\baged? (\d{2})\b/g)].map((match) => Number(match[1] ?? match[2]));
}
