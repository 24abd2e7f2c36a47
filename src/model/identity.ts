import type { Json } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import { SIMULATOR_VERSION } from "../offline/version.ts";

/** How often a question is put at most, where the model does not say. */
export const DEFAULT_ATTEMPTS = 3;

/**
 * Fields of a wire request that say how it travels or who is billed, never what is answered. They are not in a key and not in a recipe.
 * `n`: samples are bought one by one. `metadata`, `user`, `safety_identifier`: labels of the sender. `prompt_cache_key`: routing.
 */
export const DENIED: ReadonlySet<string> = new Set([
  "api_key", "authorization", "headers", "extra_headers", "base_url", "timeout", "max_retries", "stream", "stream_options", "n", "user", "metadata", "store",
  "service_tier", "safety_identifier", "prompt_cache_key", "trace_id", "request_id", "span_id", "traceparent", "tracestate", "client_request_id",
]);

/** The provider as it enters keys and recipes; the simulator's with its version, since that is its weights. */
export function providerId(provider: string): string {
  return provider === "offline" ? `offline/${SIMULATOR_VERSION}` : provider;
}

/**
 * What of a model may change the bytes of an artifact: provider, model, request fields, weights, capabilities (they decide how a schema is sent)
 * and the number of attempts. Not limits, price, base_url, api_key_env or mode. Flags at their default are left out.
 */
export function modelIdentity(spec: ModelSpec): Json {
  const request = Object.entries(spec.request ?? {}).filter(([field]) => !DENIED.has(field));
  const lacks = Object.entries(spec.supports ?? {}).filter(([, supported]) => !supported).map(([flag]) => flag).sort();
  return {
    provider: providerId(spec.provider),
    model: spec.model,
    ...(request.length > 0 ? { request: Object.fromEntries(request) } : {}),
    ...(spec.weights === undefined ? {} : { weights: spec.weights }),
    ...(lacks.length > 0 ? { lacks } : {}),
    ...(spec.attempts === undefined || spec.attempts === DEFAULT_ATTEMPTS ? {} : { attempts: spec.attempts }),
  };
}
