import type { Json, Outcome, Usage } from "../stage/index.ts";
import type { WireBody } from "./key.ts";
import type { StructuredOutput } from "./schema.ts";

const isObject = (value: unknown): value is WireBody => typeof value === "object" && value !== null && !Array.isArray(value);
const count = (value: Json | undefined): number => (typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0);

/** Tokens of a response's `usage`; zero where the server does not say. */
export function usageOf(response: WireBody): Usage {
  const usage = isObject(response["usage"]) ? response["usage"] : {};
  const details = isObject(usage["prompt_tokens_details"]) ? usage["prompt_tokens_details"] : {};
  return {
    input: count(usage["prompt_tokens"] ?? usage["input_tokens"]),
    cached_input: count(details["cached_tokens"]),
    output: count(usage["completion_tokens"] ?? usage["output_tokens"]),
  };
}

/** The model's name in a response, or the one asked for. */
export function modelOf(response: WireBody, asked: string): string {
  return typeof response["model"] === "string" && response["model"] !== "" ? response["model"] : asked;
}

/** The text of a chat.completions response; parts are joined. */
export function textOf(response: WireBody): string {
  const message = messageOf(response);
  const content = message?.["content"];
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join("") : "";
}

function choiceOf(response: WireBody): WireBody | undefined {
  const choice = Array.isArray(response["choices"]) ? response["choices"][0] : undefined;
  return isObject(choice) ? choice : undefined;
}

function messageOf(response: WireBody): WireBody | undefined {
  const message = choiceOf(response)?.["message"];
  return isObject(message) ? message : undefined;
}

/** How a chat ended as the wire tells it; `ok` here still has to satisfy its schema. */
export function wireOutcome(response: WireBody): Outcome {
  const choice = choiceOf(response);
  const message = messageOf(response);
  const refusal = message?.["refusal"];
  if (typeof refusal === "string" && refusal !== "") return "refusal";
  if (Array.isArray(message?.["content"]) && message["content"].some((part) => isObject(part) && part["type"] === "refusal")) return "refusal";
  switch (choice?.["finish_reason"]) {
    case "length":
    case "max_tokens":
      return "truncated";
    case "content_filter":
      return "filtered";
    default: {
      const calls = message?.["tool_calls"];
      return textOf(response).trim() === "" && !(Array.isArray(calls) && calls.length > 0) ? "empty" : "ok";
    }
  }
}

/** The outcome with the schema's say: an answer that is no JSON or breaks the schema is invalid, with the reasons. */
export async function judgeChat(response: WireBody, output: StructuredOutput | undefined): Promise<{ outcome: Outcome; problems?: string[] }> {
  const outcome = wireOutcome(response);
  if (outcome !== "ok" || output === undefined) return { outcome };
  const value = jsonIn(textOf(response));
  if (value === undefined) return { outcome: "invalid", problems: ["the answer is not JSON"] };
  const flaw = flawIn(value);
  const problems = flaw === undefined ? await output.problems(value) : [flaw];
  return problems.length === 0 ? { outcome } : { outcome: "invalid", problems };
}

const DEEPEST = 200;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What makes a parsed value no data that an artifact can hold, whatever its schema says. */
function flawIn(value: Json, depth = 0): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "a number in it is out of range";
  if (typeof value === "string") return LONE_SURROGATE.test(value) ? "a text in it has half a surrogate pair" : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === DEEPEST) return `it is nested deeper than ${DEEPEST} levels`;
  for (const [name, member] of Object.entries(value)) {
    const flaw = (LONE_SURROGATE.test(name) ? "a name in it has half a surrogate pair" : undefined) ?? flawIn(member, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

const FENCED = /^\s*```[A-Za-z]*\s*\n([\s\S]*?)\n?\s*```\s*$/;

/** The JSON value a text holds: alone, in one code fence, or with prose around one object or list. Undefined where there is none. */
export function jsonIn(text: string): Json | undefined {
  const plain = parse(text);
  if (plain !== undefined) return plain;
  const fenced = FENCED.exec(text)?.[1];
  if (fenced !== undefined) return parse(fenced);
  const from = text.search(/[{[]/);
  if (from < 0) return undefined;
  const to = text.lastIndexOf(text[from] === "{" ? "}" : "]");
  return to > from ? parse(text.slice(from, to + 1)) : undefined;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
