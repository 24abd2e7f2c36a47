import { nearest } from "./nearest.ts";

/** Part of a command: text as it is, or something the runner puts in. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "output" | "item" }
  | { kind: "needs" | "files" | "prompts" | "params" | "axis"; name: string }
  /** Looks like a placeholder and is none: a mistake in the pipeline. */
  | { kind: "unknown"; text: string };

export type PlacedPart = Part & { start: number; end: number };

const GROUPS = new Set(["needs", "files", "prompts", "params", "axis"]);
const WHOLE = new Set(["output", "item"]);
/** `{word}` or `{word.more}`; `${word}` belongs to the shell. */
const BRACES = /\{([A-Za-z_][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_-]+)*)\}/g;

/**
 * Splits one argument (or the script) of a `cmd` at its placeholders. Offsets are in UTF-16 code units.
 * `{{output}}` is the literal `{output}`; braces that are no placeholder (JSON, `awk '{print $1}'`, `${HOME}`) stay as they are.
 */
export function parsePlaceholders(text: string): PlacedPart[] {
  const parts: PlacedPart[] = [];
  let done = 0;
  const literal = (end: number, replacement = text.slice(done, end)) => {
    if (replacement !== "") parts.push({ kind: "text", text: replacement, start: done, end });
    done = end;
  };
  for (const match of text.matchAll(BRACES)) {
    const start = match.index;
    const end = start + match[0].length;
    const part = classify(match[1] ?? "", (match[2] ?? "").slice(1), match[0]);
    if (!part || text[start - 1] === "$") continue;
    if (text[start - 1] === "{" && text[end] === "}" && start - 1 >= done) {
      literal(start - 1);
      literal(end + 1, match[0]);
      continue;
    }
    literal(start);
    parts.push({ ...part, start, end });
    done = end;
  }
  literal(text.length);
  return parts;
}

function classify(word: string, name: string, text: string): Part | undefined {
  if (WHOLE.has(word) && name === "") return { kind: word as "output" | "item" };
  if (GROUPS.has(word) && name !== "") return { kind: word as "needs", name };
  if (name !== "" || GROUPS.has(word) || SLIPS.has(word) || nearest(word, ["output"]) !== undefined) return { kind: "unknown", text };
  return undefined;
}

/** Single words that can only be a slip: `{print}` or `{id}` of another language must pass. */
const SLIPS = new Set(["input", "inputs", "out", "items", "need", "file", "prompt", "param", "axes", "artifact"]);
