import type { Json } from "../stage/index.ts";
import { isObject } from "./wire.ts";
import type { WireObject } from "./wire.ts";

const FENCE = /^[ \t]*(`{3,}|~{3,})[ \t]*json[ \t]*\r?\n([\s\S]*?)^[ \t]*\1[ \t]*$/gim;

/** The JSON values in the ```json blocks of a prompt, in order; a block that does not parse is no fact. */
export function factsOf(prompt: string): Json[] {
  if (!prompt.includes("json") && !/json/i.test(prompt)) return [];
  const facts: Json[] = [];
  for (const match of prompt.matchAll(FENCE)) {
    try {
      facts.push(JSON.parse(match[2] ?? "") as Json);
    } catch {
      // Prose that only looks like JSON.
    }
  }
  return facts;
}

/** The text of a message: its content, or the text parts of it. */
export function messageText(message: WireObject): string {
  const content = message["content"];
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join("");
}
