import type { CallResult, Json, Usage } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import { DEFAULT_ATTEMPTS, providerId } from "./identity.ts";
import type { KeyedCall, WireBody } from "./key.ts";
import { jsonIn, judgeChat, textOf } from "./outcome.ts";
import type { Asked, Obtained, Purchases } from "./purchase.ts";
import { fieldsOf, messagesOf, sampleOf, scopeOf, withRepair, withSchema } from "./request.ts";
import type { Role } from "./request.ts";
import { structuredOutput } from "./schema.ts";
import type { Sources } from "./source.ts";
import type { Caller, ChatCall } from "./types.ts";

/** Output tokens the rate limit reckons with where a request sets no bound. */
const ASSUMED_OUTPUT = 4096;

/** Tokens of one picture at most: 2,833 and 5,667 for each of eight tiles, gpt-4o-mini's at full detail (OpenAI, "Images and vision"). Its bytes say nothing: it may be a web address. */
const MOST_OF_A_PICTURE = 48_169;

/** The wire body of a chat's first attempt: what is keyed and sent. Throws a CallError for a request that cannot be sent. */
export function chatBody(role: Role, call: ChatCall): WireBody {
  const body = fieldsOf(role, call.request);
  body["messages"] = messagesOf(role, call.request);
  return call.schema === undefined ? body : withSchema(role, body, structuredOutput(call.schema.name, call.schema.schema));
}

/** Asks until an answer is ok or the attempts are used up; then the last answer's outcome stands. */
export async function chat(role: Role, call: ChatCall, caller: Caller, purchases: Purchases, sources: Sources, count: (obtained: Obtained) => void): Promise<CallResult<Json | undefined>> {
  const { spec } = role;
  const output = call.schema === undefined ? undefined : structuredOutput(call.schema.name, call.schema.schema);
  const first = chatBody(role, call);
  const provider = providerId(spec.provider), { weights } = spec, scope = scopeOf(role, call.request, caller), sample = sampleOf(role, call.request);
  const attempts = Math.max(1, spec.attempts ?? DEFAULT_ATTEMPTS);
  let body = first;
  for (let attempt = 0; ; attempt++) {
    // Written out: spread objects cost a stored answer a tenth of its time.
    const keyed: KeyedCall = { kind: "chat", provider, weights, body, scope, sample, attempt };
    const asked: Asked = {
      keyed, role: role.name, spec, caller, late: count,
      local: spec.provider === "offline",
      async send(key) {
        await output?.ready();
        return sources.send(spec, { stage: caller.stage, role: role.name, signal: caller.signal }, "chat", wireBody(keyed), () => estimateChat(keyed.body), key);
      },
      judge: (response) => judgeChat(response, output),
      worst: () => worstChat(keyed.body, spec),
    };
    const got = await purchases.obtain(asked);
    count(got);
    const { answer } = got;
    if (answer.outcome === "ok" || attempt + 1 >= attempts) {
      const text = answer.outcome === "ok" ? wellFormed(textOf(answer.response)) : undefined;
      const value = text === undefined || output === undefined ? text : jsonIn(text);
      return { value, outcome: answer.outcome, usage: answer.usage, cached: got.cached, model: answer.model, key: answer.key };
    }
    body = answer.outcome === "invalid" ? withRepair(first, textOf(answer.response), answer.problems ?? []) : first;
  }
}

/** Half a surrogate pair, which no file can hold, becomes U+FFFD as in String.prototype.toWellFormed. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** What travels: for the simulator with the labels that tell equal requests apart, as a real model's chance would. */
function wireBody({ provider, body, scope, sample, attempt }: KeyedCall): WireBody {
  return provider.startsWith("offline/") ? { ...body, metadata: { scope, sample: String(sample), attempt: String(attempt) } } : body;
}

/** Tokens a chat will take, for the rate limit: the input by estimate, the output by its bound. */
export async function estimateChat(body: WireBody): Promise<Usage> {
  const { countMessageTokens, countTokens } = await import("../offline/tokens.ts");
  const input = countMessageTokens(textsOf(body)) + (body["response_format"] === undefined ? 0 : countTokens(JSON.stringify(body["response_format"])));
  return { input, cached_input: 0, output: outputBound(body) ?? ASSUMED_OUTPUT };
}

/** Tokens a chat can take at most, for the budget: no byte-level tokenizer makes more tokens than bytes. Undefined where nothing bounds the answer. */
function worstChat(body: WireBody, spec: ModelSpec): Usage | undefined {
  const output = outputBound(body) ?? spec.limits?.output;
  if (output === undefined) return undefined;
  const pictures = (body["messages"] as WireBody[]).flatMap(({ content }) => (Array.isArray(content) ? content : [])).filter((part) => (part as WireBody)["type"] === "image_url").length;
  return { input: Buffer.byteLength(JSON.stringify(body)) + pictures * MOST_OF_A_PICTURE, cached_input: 0, output };
}

function outputBound(body: WireBody): number | undefined {
  const bound = body["max_completion_tokens"] ?? body["max_tokens"];
  return typeof bound === "number" ? bound : undefined;
}

function textsOf(body: WireBody): string[] {
  return (body["messages"] as WireBody[]).map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content)));
}
