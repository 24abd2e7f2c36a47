import { asciiWords, entriesOf, pythonStr } from "./python.ts";
import { WholeFloat } from "./json.ts";
import type { Answer } from "./types.ts";

/** Scripts written without spaces: each character is a word. */
const UNSPACED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}";
const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, "gu");

/** Fixed mode: lower-cased runs of Unicode letters, marks and digits (NFKC); everything else separates. */
export function textWords(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(WORD) ?? [];
}

/** Fixed mode: words of any answer; of an object only the values, as slot names are not part of the answer. */
export function answerWords(answer: Answer): Set<string> {
  return new Set(leaves(answer).flatMap((leaf) => textWords(leaf)));
}

/** Fixed mode: words of the slot names of an answer (`Eye color`): neither asked for nor wrong to say. */
export function slotWords(answer: Answer): Set<string> {
  const words = new Set<string>();
  const visit = (value: Answer): void => {
    if (Array.isArray(value)) for (const part of value as readonly Answer[]) visit(part);
    for (const [key, part] of entriesOf(value)) {
      for (const word of textWords(key)) words.add(word);
      visit(part);
    }
  };
  visit(answer);
  return words;
}

/** Texts at the leaves of an answer, in order; null has none. */
export function leaves(answer: Answer): string[] {
  if (answer === null) return [];
  if (Array.isArray(answer)) return (answer as readonly Answer[]).flatMap(leaves);
  if (typeof answer === "object" && !(answer instanceof WholeFloat)) return entriesOf(answer).flatMap(([, part]) => leaves(part));
  return [answer instanceof WholeFloat ? String(answer.value) : pythonStr(answer)];
}

/**
 * Compat mode: the word set the released scorer makes of a gold answer or outdated value.
 * `"stale"` where it keeps the set of the question before (integers, booleans), undefined where it raises.
 */
export function compatWords(answer: Answer): Set<string> | "stale" | undefined {
  if (typeof answer === "string") return new Set(asciiWords(answer));
  if (Array.isArray(answer)) return unionOf(answer as readonly Answer[]);
  if (typeof answer === "boolean" || typeof answer === "bigint" || (typeof answer === "number" && Number.isInteger(answer))) return "stale";
  return undefined;
}

/** Compat mode: words of a prediction; undefined where the released scorer raises (numbers, null). An object gives its keys. */
export function compatPredictionWords(prediction: Answer): Set<string> | undefined {
  if (typeof prediction === "string") return new Set(asciiWords(prediction));
  if (Array.isArray(prediction)) return unionOf(prediction as readonly Answer[]);
  if (prediction !== null && typeof prediction === "object" && !(prediction instanceof WholeFloat)) return unionOf(entriesOf(prediction).map(([key]) => key));
  return undefined;
}

function unionOf(parts: readonly Answer[]): Set<string> {
  return new Set(parts.flatMap((part) => asciiWords(pythonStr(part))));
}
