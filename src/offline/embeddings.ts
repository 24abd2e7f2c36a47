import { WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";
import { isCommon } from "./skills/reader/words.ts";
import { countTokens } from "./tokens.ts";

/** Dimensions where the request names none; a request may ask for 8 to 4096. */
export const DIMENSIONS = 2048;

/** A word that stands in every text tells little of any: what an idf would say, without a corpus. */
const COMMON_WEIGHT = 0.2;
/** Keys of the JSON in which sessions are embedded. */
const STRUCTURE = new Set(["role", "content", "target", "interaction"]);

// FNV-1a with a final mix: cheap, and equal on every machine.
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return h >>> 0;
}

function add(vector: Float64Array, feature: string, weight: number): void {
  const h = hash(feature);
  const at = (h >>> 1) % vector.length;
  vector[at] = (vector[at] ?? 0) + (h & 1 ? weight : -weight);
}

/**
 * A text as a unit vector of hashed features (feature hashing with signs, Weinberger et al. 2009): each different lower-cased word weighs 1, its
 * character 4- and 5-grams share 1 (sub-word units, Bojanowski et al. 2017: inflections are near), pairs of neighbouring words 0.5. Everyday words and
 * those of the documents' own structure weigh a fifth, and a repeated word counts once, or whoever speaks most would outweigh what is said. A text
 * without words is the zero vector's stand-in, the first axis. Another `salt` throws features on other axes: models of two names rank a little
 * differently, as two real ones would. No model: similar wording is near, similar meaning is not.
 */
export function embedText(text: string, dimensions: number = DIMENSIONS, salt = ""): number[] {
  const words = text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const vector = new Float64Array(dimensions);
  for (const word of new Set(words)) {
    const weight = weightOf(word);
    add(vector, `${salt}w:${word}`, weight);
    const padded = `<${word}>`;
    const grams: string[] = [];
    for (let n = 4; n <= 5; n++) for (let i = 0; i + n <= padded.length; i++) grams.push(padded.slice(i, i + n));
    for (const gram of grams) add(vector, `${salt}g:${gram}`, weight / Math.sqrt(grams.length));
  }
  for (let i = 1; i < words.length; i++) {
    const [first = "", second = ""] = words.slice(i - 1, i + 1);
    add(vector, `${salt}p:${first} ${second}`, 0.5 * Math.min(weightOf(first), weightOf(second)));
  }
  let square = 0;
  for (const x of vector) square += x * x;
  if (square === 0) {
    vector[0] = 1;
    square = 1;
  }
  const norm = Math.sqrt(square);
  return Array.from(vector, (x) => Math.fround(x / norm) || 0);
}

function weightOf(word: string): number {
  return word.length <= 2 || STRUCTURE.has(word) || isCommon(word) ? COMMON_WEIGHT : 1;
}

/** Answers an embeddings request (`input` a text or a list of texts; `encoding_format` float or base64). */
export function answerEmbeddings(body: WireObject): WireObject {
  const input = typeof body["input"] === "string" ? [body["input"]] : body["input"];
  if (!Array.isArray(input) || input.length === 0 || !input.every((text) => typeof text === "string")) {
    throw new WireError(400, "'input' must be a text or a non-empty list of texts", { param: "input" });
  }
  const dimensions = body["dimensions"] ?? DIMENSIONS;
  if (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 8 || dimensions > 4096) {
    throw new WireError(400, "'dimensions' must be an integer from 8 to 4096", { param: "dimensions" });
  }
  const model = typeof body["model"] === "string" ? body["model"] : "offline";
  const tokens = input.reduce((sum, text) => sum + countTokens(text as string), 0);
  return {
    object: "list",
    model,
    data: input.map((text, index) => {
      const embedding = embedText(text as string, dimensions, model);
      return { object: "embedding", index, embedding: body["encoding_format"] === "base64" ? base64(embedding) : embedding };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function base64(embedding: number[]): string {
  const bytes = Buffer.alloc(embedding.length * 4);
  for (const [i, x] of embedding.entries()) bytes.writeFloatLE(x, i * 4);
  return bytes.toString("base64");
}
