import type { CallResult, Usage } from "../stage/index.ts";
import { DEFAULT_ATTEMPTS, providerId } from "./identity.ts";
import type { KeyedCall, WireBody } from "./key.ts";
import type { Asked, Judged, Obtained, Purchases } from "./purchase.ts";
import { fieldsOf, sampleOf, scopeOf } from "./request.ts";
import type { Role } from "./request.ts";
import type { Sources } from "./source.ts";
import { CallError } from "./types.ts";
import type { Caller } from "./types.ts";
import type { ImageRequest } from "../stage/index.ts";

/** Of an answer without the picture itself: asked again it would be the same. */
const ADDRESS = "the server gave an address instead of the picture";

const nothing: Usage = { input: 0, cached_input: 0, output: 0 };

/** The PNG of a prompt; `attributes` of the request are facts the offline renderer draws from (a real server gets the prompt only). */
export async function image(role: Role, call: { request: ImageRequest }, caller: Caller, purchases: Purchases, sources: Sources, count: (obtained: Obtained) => void): Promise<CallResult<Uint8Array>> {
  const { spec } = role;
  const { prompt } = call.request;
  if (typeof prompt !== "string" || prompt === "") throw new CallError("request", `models.${role.name}: an image needs a \`prompt\``);
  const { attributes, ...fields } = fieldsOf(role, call.request);
  const body: WireBody = { ...fields, ...(spec.provider === "offline" && attributes !== undefined ? { attributes } : {}), prompt };
  const attempts = Math.max(1, spec.attempts ?? DEFAULT_ATTEMPTS);
  for (let attempt = 0; ; attempt++) {
    const keyed: KeyedCall = {
      kind: "image", provider: providerId(spec.provider), weights: spec.weights, body,
      scope: scopeOf(role, call.request, caller), sample: sampleOf(role, call.request), attempt,
    };
    const asked: Asked = {
      keyed, role: role.name, spec, caller, late: count,
      local: spec.provider === "offline",
      send: (key) => sources.send(spec, { stage: caller.stage, role: role.name, signal: caller.signal }, "image", wireBody(keyed), () => Promise.resolve(nothing), key),
      judge: (response) => Promise.resolve(judge(response)),
      // Billed by the piece, or by tokens that only the model's limit bounds.
      worst: () => (spec.price?.image === undefined && spec.limits?.output === undefined ? undefined : { ...nothing, input: Buffer.byteLength(prompt), output: spec.limits?.output ?? 0 }),
    };
    const got = await purchases.obtain(asked);
    count(got);
    const { answer } = got;
    if (answer.problems?.[0] === ADDRESS) throw new CallError("request", `models.${role.name}: ${ADDRESS}, which may change or go; ask for its bytes with models.${role.name}.request: { response_format: b64_json }`);
    if (answer.outcome === "ok" || attempt + 1 >= attempts) {
      const value = answer.outcome === "ok" ? bytesOf(answer.response) : undefined;
      return { value: value as Uint8Array, outcome: answer.outcome, usage: answer.usage, cached: got.cached, model: answer.model, key: answer.key };
    }
  }
}

function wireBody({ provider, body, sample, scope }: KeyedCall): WireBody {
  return provider.startsWith("offline/") ? { ...body, metadata: { sample: String(sample), scope } } : body;
}

function judge(response: WireBody): Judged {
  const bytes = bytesOf(response);
  if (bytes === undefined) return typeof firstOf(response)?.["url"] === "string" ? { outcome: "invalid", problems: [ADDRESS] } : { outcome: "empty" };
  return isPng(bytes) ? { outcome: "ok" } : { outcome: "invalid", problems: ["the image is not a PNG"] };
}

const firstOf = (response: WireBody): WireBody | undefined => (Array.isArray(response["data"]) ? (response["data"] as WireBody[])[0] : undefined);

function bytesOf(response: WireBody): Uint8Array | undefined {
  const text = firstOf(response)?.["b64_json"];
  return typeof text === "string" && text !== "" ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

const isPng = (bytes: Uint8Array): boolean => [0x89, 0x50, 0x4e, 0x47].every((byte, i) => bytes[i] === byte);
