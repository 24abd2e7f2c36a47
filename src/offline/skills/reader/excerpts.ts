import type { Json } from "../../../stage/index.ts";
import { isObject } from "../sessions/facts.ts";

/** One thing said, or one thing bought. */
export interface Utterance {
  chunk: number;
  /** A name, `user`, `assistant`, or `item`. */
  speaker: string;
  text: string;
}

/** What a reader has in front of it: the question, and the excerpts as somebody reads them. */
export interface Reading {
  question: string;
  utterances: Utterance[];
  /** Everybody who speaks, by full name. */
  names: string[];
  /** The name that is in most conversations: whoever the documents belong to. */
  owner: string | undefined;
}

/** Takes a prompt apart: lines that hold a JSON session, and the line after `Question:`. Undefined where there is no question. */
export function readPrompt(prompt: string): Reading | undefined {
  const question = /^Question:\s*(.+)$/m.exec(prompt)?.[1]?.trim();
  if (question === undefined) return undefined;
  const utterances: Utterance[] = [];
  const counts = new Map<string, number>();
  let chunk = 0;
  for (const line of prompt.split("\n")) {
    const start = line.indexOf("{");
    if (start < 0 || start > 8) continue;
    const session = parse(line.slice(start));
    if (session === undefined) continue;
    const speakers = new Set<string>();
    for (const key of ["conversation", "user_ai_interaction", "purchase_history"]) {
      for (const entry of Array.isArray(session[key]) ? session[key] : []) {
        if (!isObject(entry)) continue;
        if (typeof entry["content"] === "string") {
          const speaker = String(entry["role"] ?? "");
          speakers.add(speaker);
          utterances.push({ chunk, speaker, text: entry["content"] });
        } else if (typeof entry["title"] === "string") {
          const description = typeof entry["description"] === "string" ? entry["description"] : "";
          utterances.push({ chunk, speaker: "item", text: `${entry["title"]}. ${description}` });
        }
      }
    }
    for (const speaker of speakers) if (speaker !== "user" && speaker !== "assistant") counts.set(speaker, (counts.get(speaker) ?? 0) + 1);
    chunk++;
  }
  const names = [...counts.keys()];
  const most = Math.max(0, ...counts.values());
  const first = names.filter((name) => counts.get(name) === most);
  return { question, utterances, names, owner: first.length === 1 || chunk === 1 ? first[0] : undefined };
}

function parse(text: string): { [key: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
