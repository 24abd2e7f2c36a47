import type { Liquid } from "liquidjs";

/** What Liquid found wrong with a prompt, and where, both counted from 1. */
export interface PromptMistake {
  line: number;
  column: number;
  message: string;
}

const SHOWN = 60;

/** Parses a prompt; undefined where it is well formed. */
export function promptMistake(engine: Liquid, text: string): PromptMistake | undefined {
  try {
    engine.parse(text);
    return undefined;
  } catch (error) {
    return mistakeIn(error);
  }
}

/** Liquid's error in one line. It points at the tag; an unknown filter has a place of its own in it. */
export function mistakeIn(error: unknown): PromptMistake {
  const { message, token } = error as { message: string; token?: { input?: string; begin?: number; end?: number; getPosition?: () => [number, number] } };
  const plain = message.replace(/,? (?:file:.*?, )?line:\d+, col:\d+$/s, "").replace(/(?:\s|\\n)+(?=" not closed$)/, "").replace(/\s+/g, " ").trim();
  const words = plain.replace(/^(output|tag) "(.*)" not closed$/, (_, kind: string, open: string) => `${kind} "${open.length > SHOWN ? `${open.slice(0, SHOWN)}…` : open}" is not closed`);
  const [line, column] = token?.getPosition?.() ?? [1, 1];
  const [, filter] = /^undefined filter: (\S+)$/.exec(plain) ?? [];
  if (filter === undefined || token?.input === undefined || token.begin === undefined) return { line, column, message: words };
  const tag = token.input.slice(token.begin, token.end);
  const pipe = new RegExp(`\\|\\s*(?=${filter.replace(/\W/g, "\\$&")}(?![\\w-]))`).exec(tag);
  const before = tag.slice(0, pipe === null ? 0 : pipe.index + pipe[0].length).split("\n");
  const last = before.at(-1) ?? "";
  return { line: line + before.length - 1, column: before.length > 1 ? last.length + 1 : column + last.length, message: `there is no filter ${JSON.stringify(filter)}` };
}
