import { canonicalText } from "./canonical.ts";
import { hash } from "node:crypto";
import type { Json } from "../stage/index.ts";

/** Version of what a key is made of. Another one makes other keys: then `cache migrate` renames what is stored. */
export const KEY_VERSION = 1;

/**
 * Fields of a wire request that say how it travels or who is billed, never what is answered. They are not in a key and not in a recipe.
 * `n`: samples are bought one by one. `metadata`, `user`, `safety_identifier`: labels of the sender. `prompt_cache_key`: routing.
 */
export const DENIED: ReadonlySet<string> = new Set([
  "api_key", "authorization", "headers", "extra_headers", "base_url", "timeout", "max_retries", "stream", "stream_options", "n", "user", "metadata", "store",
  "service_tier", "safety_identifier", "prompt_cache_key", "trace_id", "request_id", "span_id", "traceparent", "tracestate", "client_request_id",
]);

/** `sha256:` and 64 hex digits; made here only. */
export type CallKey = string & { readonly __brand: "CallKey" };

export type WireBody = { [field: string]: Json };

/** Everything a key is made of. */
export interface KeyedCall {
  /** One text can be asked of several endpoints. */
  kind: "chat" | "embedding" | "image";
  /** Provider and, for the simulator, its version: another provider is another model of the same name. */
  provider: string;
  /** Self-hosted weights behind one name change. */
  weights?: string | undefined;
  /** The wire request; see DENIED for the fields that do not count. */
  body: WireBody;
  /** Who may share the answer. */
  scope: string;
  /** Independent answers to one request. */
  sample: number;
  /** Repetitions after a refused, cut-off, empty or invalid answer. */
  attempt: number;
}

/**
 * The text whose SHA-256 is the key: canonical JSON (RFC 8785), but JSON Schemas and tool parameters, whose key order a model sees, stand in it as text in
 * the order they are sent, and media as the hash of their bytes. Throws what canonicalText throws for a value JSON cannot hold.
 */
export function keyText(call: KeyedCall): string {
  const { kind, provider, weights, scope, sample, attempt } = call;
  // The members in their canonical order, written out: this runs for every stored answer.
  const self = weights === undefined ? "" : `,"weights":${JSON.stringify(weights)}`;
  return `{"attempt":${attempt},"body":${canonicalText(countedBody(call.body))},"kind":"${kind}","provider":${JSON.stringify(provider)},"sample":${sample},"scope":${JSON.stringify(scope)},"v":${KEY_VERSION}${self}}`;
}

/** The key of a text keyText made. */
export function keyOf(text: string): CallKey {
  return `sha256:${hash("sha256", text, "hex")}` as CallKey;
}

export function callKey(call: KeyedCall): CallKey {
  return keyOf(keyText(call));
}

/** What of a wire body counts; schemas and tool parameters as text in their order. */
export function countedBody(body: WireBody): WireBody {
  const counted: WireBody = {};
  for (const field in body) {
    if (DENIED.has(field)) continue;
    const value = body[field] as Json;
    if (field === "response_format") counted[field] = withOrderedSchema(value);
    else if (SCHEMAS.has(field)) counted[field] = isObject(value) ? { schema: orderedText(value) } : value;
    else if (field === "tools" || field === "functions") counted[field] = Array.isArray(value) ? value.map(withOrderedParameters) : value;
    else if (field === "messages" || field === "input") counted[field] = Array.isArray(value) ? value.map(withHashedMedia) : value;
    else counted[field] = value;
  }
  return counted;
}

/** Fields in which servers of open models take a schema (vLLM, llama.cpp, Ollama). */
const SCHEMAS: ReadonlySet<string> = new Set(["guided_json", "json_schema", "format"]);

const schemaTexts = new WeakMap<object, string>();

/** A schema's text in its own order; remembered, since one schema serves thousands of calls. */
function orderedText(schema: object): string {
  let text = schemaTexts.get(schema);
  if (text === undefined) {
    text = JSON.stringify(schema);
    schemaTexts.set(schema, text);
  }
  return text;
}

const isObject = (value: Json | undefined): value is WireBody => typeof value === "object" && value !== null && !Array.isArray(value);

function withOrderedSchema(format: Json): Json {
  if (!isObject(format)) return format;
  // llama.cpp and others: { type: "json_object", schema }.
  if (isObject(format["schema"])) return { ...format, schema: orderedText(format["schema"]) };
  if (!isObject(format["json_schema"]) || !isObject(format["json_schema"]["schema"])) return format;
  return { ...format, json_schema: { ...format["json_schema"], schema: orderedText(format["json_schema"]["schema"]) } };
}

function withOrderedParameters(tool: Json): Json {
  if (!isObject(tool)) return tool;
  if (isObject(tool["function"])) return { ...tool, function: withOrderedParameters(tool["function"]) };
  return isObject(tool["parameters"]) ? { ...tool, parameters: orderedText(tool["parameters"]) } : tool;
}

const DATA_URL = /^data:([^,]*);base64,/;

function hashBase64(data: string): string {
  return `sha256:${hash("sha256", Buffer.from(data, "base64"), "hex")}`;
}

/** A content part with its bytes replaced by their hash, so that no megabyte of base64 lies in the store twice. */
function withHashedMedia(message: Json): Json {
  if (!isObject(message) || !Array.isArray(message["content"])) return message;
  return { ...message, content: message["content"].map(hashedPart) };
}

function hashedPart(part: Json): Json {
  if (!isObject(part)) return part;
  const image = part["image_url"], audio = part["input_audio"], file = part["file"];
  if (isObject(image) && typeof image["url"] === "string") {
    const head = DATA_URL.exec(image["url"]);
    return head === null ? part : { ...part, image_url: { ...image, url: { media: head[1] ?? "", hash: hashBase64(image["url"].slice(head[0].length)) } } };
  }
  if (isObject(audio) && typeof audio["data"] === "string") return { ...part, input_audio: { ...audio, data: { hash: hashBase64(audio["data"]) } } };
  if (isObject(file) && typeof file["file_data"] === "string") {
    const data = file["file_data"].replace(DATA_URL, "");
    return { ...part, file: { ...file, file_data: { hash: hashBase64(data) } } };
  }
  return part;
}
