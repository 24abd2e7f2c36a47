import type { Json } from "../stage/index.ts";
import type { Answer } from "./entry.ts";
import type { KeyedCall, WireBody } from "./key.ts";
import { textOf } from "./outcome.ts";

/** A stored answer and what was asked, as a reader wants to see them. Both are untrusted text. */
export interface StoredCall {
  key: string;
  kind: KeyedCall["kind"];
  provider: string;
  /** As asked for, and as answered. */
  model: string;
  snapshot: string;
  outcome: Answer["outcome"];
  attempt: number;
  sample: number;
  usage: Answer["usage"];
  /** Milliseconds since the epoch; 0 where an import left it out. */
  answered: number;
  /** What was asked, message by message; of an image or an embedding one text. */
  prompt: { role: string; text: string }[];
  /** Text of a chat (or its refusal), in words what an image or an embedding is. */
  answer: string;
  /** Of an invalid answer: what is wrong with it. */
  problems?: string[];
}

export function storedCall(answer: Answer, request: KeyedCall): StoredCall {
  const { kind, provider, body, attempt, sample } = request;
  const { key, outcome, model: snapshot, usage, problems, times } = answer;
  return {
    key, kind, provider, model: String(body["model"]), snapshot, outcome, attempt, sample, usage, answered: times.answered,
    prompt: promptOf(kind, body), answer: answerOf(kind, answer.response), ...(problems === undefined ? {} : { problems }),
  };
}

function promptOf(kind: KeyedCall["kind"], body: WireBody): StoredCall["prompt"] {
  if (kind !== "chat") return [{ role: "user", text: plain(body[kind === "image" ? "prompt" : "input"]) }];
  const messages = Array.isArray(body["messages"]) ? (body["messages"] as WireBody[]) : [];
  return messages.map((message) => ({ role: String(message["role"]), text: plain(message["content"]) }));
}

function answerOf(kind: KeyedCall["kind"], response: WireBody): string {
  const [first] = Array.isArray(response["data"]) ? (response["data"] as WireBody[]) : [];
  if (kind === "embedding") return `a vector of ${Math.floor(bytesOf(first?.["embedding"]) / 4)} numbers`;
  if (kind === "image") return first?.["b64_json"] === undefined ? "" : `an image of ${bytesOf(first["b64_json"])} bytes`;
  const text = textOf(response);
  if (text !== "") return text;
  const [choice] = Array.isArray(response["choices"]) ? (response["choices"] as WireBody[]) : [];
  const message = choice?.["message"] as WireBody | undefined;
  const { refusal, tool_calls: tools } = message ?? {};
  return typeof refusal === "string" ? refusal : tools === undefined || tools === null ? "" : JSON.stringify(tools);
}

/** A message's text; of other parts than text their JSON. */
function plain(content: Json | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined ? "" : JSON.stringify(content);
  return content.map((part) => (typeof part === "object" && part !== null && typeof (part as WireBody)["text"] === "string" ? (part as WireBody)["text"] : JSON.stringify(part))).join("\n");
}

const bytesOf = (base64: Json | undefined): number => (typeof base64 === "string" ? Buffer.byteLength(base64, "base64") : 0);
