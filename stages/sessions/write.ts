import type { Json, Model, Prompt } from "daguerre";
import { allowedLines, factsFor, newsOf, type Setting } from "./facts.ts";
import { isObject } from "./person.ts";
import type { Planned } from "./plan.ts";
import { wordLine } from "./text.ts";
import type { SessionType } from "./volume.ts";

/** What one session says: the turns or items, as the release has them. */
export type Content = { [key: string]: Json }[];

const KEYS: Readonly<Record<SessionType, readonly string[]>> = {
  conversation: ["role", "content"],
  user_ai_interaction: ["role", "content"],
  purchase_history: ["title", "description", "brand", "categories"],
};
const FILES: Readonly<Record<SessionType, string>> = { conversation: "conversation", user_ai_interaction: "user-ai", purchase_history: "purchase" };
const ATTEMPTS = 5;

/**
 * Has a session written and reads it back: the value it is to give away must be in it, and no other value of anybody around may be.
 * A draft that fails is asked for again, with other small talk and the reason. Throws when none of five drafts will do.
 */
export async function writeSession(session: Planned, setting: Setting, prompts: Record<string, Prompt>, writer: Model): Promise<Content> {
  const name = FILES[session.type];
  const prompt = prompts[session.disclosure === undefined ? `noise-${name}` : name];
  if (prompt === undefined) throw new Error(`declare the prompts ${name} and noise-${name}`);
  let avoid = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const facts = factsFor(session, setting, attempt);
    const { value, outcome } = await writer.chat<Json>({ prompt: prompt.render({ facts: JSON.stringify(facts, null, 2), avoid }), schema: `schemas/${name}.schema.json` });
    const content = outcome === "ok" && isObject(value) && Array.isArray(value[session.type]) ? (value[session.type] as Json[]).filter(isObject).map((entry) => inOrder(entry, KEYS[session.type])) : undefined;
    const fault = content === undefined ? `it came back as "${outcome}".` : faultOf(content, session, setting);
    if (content !== undefined && fault === undefined) return content;
    avoid = fault ?? "";
  }
  throw new Error(`${setting.owner.id}, session ${session.key}: no draft of ${String(ATTEMPTS)} was usable; of the last one: ${avoid} Give the writer another model, or loosen its seeds.`);
}

/** What makes a draft unusable, in words for the next prompt. */
export function faultOf(content: Content, session: Planned, setting: Setting): string | undefined {
  const { owner, finder } = setting;
  if (session.type === "conversation") {
    const names = [owner.name, session.target?.name];
    const stranger = content.find((turn) => !names.includes(String(turn["role"])));
    if (stranger !== undefined) return `"${String(stranger["role"])}" is not one of the two.`;
  }
  const said = content.map((entry) => Object.entries(entry).filter(([key]) => key !== "role").map(([, text]) => (Array.isArray(text) ? text.join(" ") : String(text))).join(" ")).join(" . ");
  const line = wordLine(said);
  const { disclosure } = session;
  const own = disclosure === undefined ? [] : [disclosure.part.text, ...(disclosure.replaces === undefined ? [] : [disclosure.replaces.text])];
  const missing = own.find((text) => !line.includes(wordLine(text)));
  if (missing !== undefined) return `it never says "${missing}".`;
  // What the disclosed value contains, and the names of those present, are no leak.
  const about = disclosure === undefined ? undefined : setting.others.get(disclosure.about) ?? owner;
  const role = owner.relations.find(({ person }) => person === about?.id)?.relationship ?? "";
  const allowed = disclosure === undefined || about === undefined ? [] : [...allowedLines(disclosure, about), wordLine(role)];
  const given = [...allowed, ...[owner.name, session.target?.name ?? "", newsOf(session, setting)?.headline ?? ""].map(wordLine)].join("|");
  const leak = finder.in(said).find((secret) => !given.includes(secret.line));
  return leak === undefined ? undefined : `it says "${leak.text}", which must not occur.`;
}

function inOrder(entry: { [key: string]: Json }, keys: readonly string[]): { [key: string]: Json } {
  return Object.fromEntries(keys.flatMap((key): [string, Json][] => (entry[key] === undefined ? [] : [[key, entry[key]]])));
}
