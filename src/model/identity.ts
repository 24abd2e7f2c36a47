import type { Json } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import { SIMULATOR_VERSION } from "../offline/version.ts";
import { countedBody } from "./key.ts";
import type { WireBody } from "./key.ts";

/** How often a question is put at most, where the model does not say. */
export const DEFAULT_ATTEMPTS = 3;

/** The provider as it enters keys and recipes; the simulator's with its version, since that is its weights. */
export function providerId(provider: string): string {
  return provider === "offline" ? `offline/${SIMULATOR_VERSION}` : provider;
}

/**
 * What of a model may change the bytes of an artifact: provider, model, request fields, weights, capabilities (they decide how a schema is sent)
 * and the number of attempts. Not limits, price, base_url, api_key_env or mode. Flags at their default are left out.
 */
export function modelIdentity(spec: ModelSpec): Json {
  // As a key has it: where the order of a schema makes another call, it makes another recipe.
  const request = countedBody((spec.request ?? {}) as WireBody);
  // Asked for in words, a schema may travel with this mode or without.
  const json = spec.supports?.["json_schema"] === false && spec.supports["json_object"] === true;
  const lacks = Object.entries(spec.supports ?? {}).filter(([, supported]) => !supported).map(([flag]) => flag).sort();
  return {
    provider: providerId(spec.provider),
    model: spec.model,
    ...(Object.keys(request).length > 0 ? { request } : {}),
    ...(spec.weights === undefined ? {} : { weights: spec.weights }),
    ...(lacks.length > 0 ? { lacks } : {}),
    ...(json ? { has: ["json_object"] } : {}),
    ...(spec.attempts === undefined || spec.attempts === DEFAULT_ATTEMPTS ? {} : { attempts: spec.attempts }),
  };
}
