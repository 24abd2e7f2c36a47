import { seededRandom } from "./random.ts";
import type { WireObject } from "./wire.ts";

/** How the loopback server is to misbehave: shares of requests from 0 to 1, drawn in the order of arrival from `seed`. */
export interface Misbehaviour {
  /** Milliseconds before every answer. */
  latency?: number;
  /** 429, with `retryAfter` seconds where given. */
  limited?: number;
  retryAfter?: number;
  /** 500 or 503. */
  broken?: number;
  /** The connection is cut without an answer. */
  reset?: number;
  /** The answer stops in the middle with finish_reason "length". */
  truncated?: number;
  refused?: number;
  /** The content is cut so that it is no JSON, with finish_reason "stop". */
  invalid?: number;
  /** Milliseconds between the pieces of a stream. */
  stream?: number;
  seed?: number;
}

/** What happens to one request. */
export type Fate = "fine" | "limited" | "broken" | "reset" | "truncated" | "refused" | "invalid";
const FATES = ["limited", "broken", "reset", "truncated", "refused", "invalid"] as const;

/** Decides the fate of each next request. */
export function fates(misbehaviour: Misbehaviour): () => Fate {
  const random = seededRandom(`fates ${misbehaviour.seed ?? 0}`);
  return () => {
    let left = random.next();
    for (const fate of FATES) {
      left -= misbehaviour[fate] ?? 0;
      if (left < 0) return fate;
    }
    return "fine";
  };
}

/** A completion as its fate wants it. */
export function spoiled(response: WireObject, fate: Fate): WireObject {
  if (!Array.isArray(response["choices"])) return response;
  const choices = (response["choices"] as WireObject[]).map((choice) => {
    const message = choice["message"] as WireObject;
    const content = String(message["content"]);
    if (fate === "truncated") return { ...choice, message: { ...message, content: content.slice(0, content.length / 2) }, finish_reason: "length" };
    if (fate === "invalid") return { ...choice, message: { ...message, content: content.slice(0, content.length - 2) } };
    if (fate === "refused") return { ...choice, message: { ...message, content: null, refusal: "I cannot help with that." } };
    return choice;
  });
  return { ...response, choices };
}
