import type { ModelSpec } from "../../pipeline/index.ts";
import type { Clock } from "../clock.ts";
import type { KeyedCall, WireBody } from "../key.ts";
import { CallError } from "../types.ts";
import { keepAliveFetch } from "./http.ts";
import type { Fetch } from "./http.ts";
import { scrub, scrubKey } from "./secret.ts";
import { WireFailure } from "./types.ts";
import type { Provider } from "./types.ts";
import { failureIn, failureOf } from "./wire-error.ts";

export const DEFAULT_BASE_URL = "https://api.openai.com/v1";
export const DEFAULT_KEY_ENV = "OPENAI_API_KEY";
/** A request without an answer for so long is broken. */
const TIMEOUT_MS = 10 * 60_000;

/** Endpoints below base_url. */
export const PATHS: Record<KeyedCall["kind"], string> = { chat: "/chat/completions", embedding: "/embeddings", image: "/images/generations" };

/** The key of a model, read when it is needed. A server of one's own may need none; api.openai.com does. Throws a CallError of kind `auth`. */
export function apiKeyOf(spec: ModelSpec, env: Record<string, string | undefined>): string | undefined {
  const name = spec.api_key_env ?? DEFAULT_KEY_ENV;
  const key = env[name];
  if (key !== undefined && key !== "") return key;
  if (spec.api_key_env === undefined && spec.base_url !== undefined) return undefined;
  throw new CallError("auth", `${spec.model} needs a key: set $${name}, or choose a preset with provider: offline`);
}

/** The official client with retries, environment and log switched off: those are ours. */
export async function openaiClient(spec: ModelSpec, key: string | undefined, fetch: Fetch) {
  const { default: OpenAI } = await import("openai");
  return new OpenAI({
    apiKey: key ?? "none", baseURL: spec.base_url ?? DEFAULT_BASE_URL, organization: null, project: null, adminAPIKey: null, webhookSecret: null,
    maxRetries: 0, timeout: TIMEOUT_MS, logLevel: "off", fetch,
  });
}

/** A client over kept-alive connections; what comes back has the key taken out. */
export async function keepingClient(spec: ModelSpec, key: string | undefined, fetch?: Fetch) {
  return openaiClient(spec, key, fetch ?? (await keepAliveFetch(spec.base_url ?? DEFAULT_BASE_URL, (text) => scrubKey(text, key))).fetch);
}

/** Any OpenAI-compatible server. */
export async function openaiProvider(spec: ModelSpec, env: Record<string, string | undefined>, clock: Clock, fetch?: Fetch): Promise<Provider> {
  const { APIConnectionError, APIError, APIUserAbortError } = await import("openai");
  // What comes back is kept for ever: a server that quotes the key must not get it into the store.
  let key: string | undefined;
  const transport = fetch ?? (await keepAliveFetch(spec.base_url ?? DEFAULT_BASE_URL, (text) => scrubKey(text, key))).fetch;
  const clients = new Map<string | undefined, Awaited<ReturnType<typeof openaiClient>>>();

  // One listener for all requests: thousands on one signal are slow.
  const onWire = new Set<AbortController>();
  const heard = new WeakSet<AbortSignal>();

  async function send(kind: KeyedCall["kind"], body: WireBody, signal: AbortSignal): Promise<WireBody> {
    key = apiKeyOf(spec, env);
    const clean = (text: string): string => scrub(text, [key]);
    let client = clients.get(key);
    if (client === undefined) {
      client = await openaiClient(spec, key, transport);
      clients.set(key, client);
    }
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), TIMEOUT_MS);
    onWire.add(ending);
    if (!heard.has(signal)) {
      heard.add(signal);
      signal.addEventListener("abort", () => {
        for (const one of onWire) one.abort();
      }, { once: true });
    }
    try {
      const response = await client.post<unknown>(PATHS[kind], { body, signal: ending.signal });
      const answer: unknown = typeof response === "string" ? JSON.parse(response) : response;
      const failure = failureIn(answer, clock.now(), clean);
      if (failure !== undefined) throw failure;
      return answer as WireBody;
    } catch (error) {
      if (error instanceof WireFailure || error instanceof CallError) throw error;
      if (error instanceof APIUserAbortError || ending.signal.aborted) throw signal.aborted ? new WireFailure("aborted", "interrupted") : new WireFailure("transport", "no answer in 10 minutes");
      // Also a body that breaks off or is no JSON.
      if (error instanceof APIConnectionError || !(error instanceof APIError)) throw new WireFailure("transport", clean(connectionWords(error)));
      const { status, headers, code, type, param } = error as InstanceType<typeof APIError>;
      const message = (error as Error).message.replace(/^\d{3} /, "");
      throw failureOf({ status, code, type, param, message, header: (name) => headers?.get(name) }, clock.now(), clean);
    } finally {
      clearTimeout(timer);
      onWire.delete(ending);
    }
  }
  return { local: false, send };
}

/** What a broken connection says, with its causes. */
export function connectionWords(error: unknown): string {
  const words: string[] = [];
  for (let at = error; at instanceof Error && words.length < 4; at = at.cause) words.push(at.message);
  return [...new Set(words)].join(": ") || String(error);
}
