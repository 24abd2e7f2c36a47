import type { Json } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import type { WireBody } from "./key.ts";
import type { StructuredOutput } from "./schema.ts";
import { CallError } from "./types.ts";

/** Fields of a stage's call that are the tool's own, not the wire's. */
const OWN: ReadonlySet<string> = new Set(["prompt", "messages", "schema", "sample", "scope"]);

/** What to write instead of a field some models do not take. */
const INSTEAD: Record<string, string> = { max_tokens: "max_completion_tokens", max_completion_tokens: "max_tokens" };

export interface Role {
  name: string;
  spec: ModelSpec;
}

function bad(role: Role, message: string): CallError {
  return new CallError("request", `models.${role.name}: ${message}`);
}

/** The wire fields of a call: those of the model, overlaid with the call's own. Undefined ones are left out. */
export function fieldsOf(role: Role, request: { [field: string]: unknown }): WireBody {
  const body: WireBody = { model: role.spec.model };
  for (const [field, value] of Object.entries(role.spec.request ?? {})) if (value !== undefined) body[field] = value;
  for (const field in request) if (!OWN.has(field) && request[field] !== undefined) body[field] = request[field] as Json;
  if (body["stream"] === true) throw bad(role, "answers are not streamed; remove `stream`");
  if (body["n"] !== undefined && body["n"] !== 1) throw bad(role, "one call is one answer; ask for more with `sample: 0`, `sample: 1` … instead of `n`");
  if (body["messages"] !== undefined) throw bad(role, "`messages` in its request would reach no call; put them into the stage's call, a system prompt too");
  checkCapabilities(role, body);
  return body;
}

function checkCapabilities(role: Role, body: WireBody): void {
  const { supports } = role.spec;
  if (supports === undefined) return;
  const format = body["response_format"] as { type?: unknown } | null | undefined;
  if (supports["json_schema"] === false && format?.type === "json_schema") {
    throw new CallError("capability", `models.${role.name}: ${role.spec.model} has no JSON Schema mode (supports: { json_schema: false }); give the schema as the call's \`schema\` instead of response_format`);
  }
  for (const [flag, supported] of Object.entries(supports)) {
    if (supported || !(flag in body)) continue;
    const instead = INSTEAD[flag];
    const fix = instead === undefined ? `remove it from models.${role.name}.request or from the stage's call` : `write \`${instead}\` instead`;
    throw new CallError("capability", `models.${role.name}: ${role.spec.model} does not take \`${flag}\` (supports: { ${flag}: false }); ${fix}`);
  }
}

/** The messages of a call: `messages`, then `prompt` as the user's. */
export function messagesOf(role: Role, request: { prompt?: unknown; messages?: unknown }): WireBody[] {
  const { prompt, messages } = request;
  if (prompt !== undefined && typeof prompt !== "string") throw bad(role, `\`prompt\` is ${typeof prompt}, not text`);
  if (messages !== undefined && !Array.isArray(messages)) throw bad(role, "`messages` is not a list");
  const all = [...((messages ?? []) as WireBody[]), ...(prompt === undefined ? [] : [{ role: "user", content: prompt }])];
  if (all.length === 0) throw bad(role, "the call has neither `prompt` nor `messages`");
  for (const message of all) {
    if (message["role"] === "system" && role.spec.supports?.["system"] === false) {
      throw new CallError("capability", `models.${role.name}: ${role.spec.model} takes no system message (supports: { system: false }); put its text into the user's`);
    }
  }
  return all;
}

/**
 * The body with a schema asked for: by the wire's JSON Schema mode, or, for a model with `supports: { json_schema: false }`, in words at the end
 * of the last message.
 */
export function withSchema(role: Role, body: WireBody, output: StructuredOutput): WireBody {
  if (body["response_format"] !== undefined) throw bad(role, "a call has a `schema` or a `response_format`, not both; remove response_format from the model's request or from the stage's call");
  if (role.spec.supports?.["json_schema"] !== false) {
    if (output.schema["type"] !== "object") throw bad(role, `the schema ${output.name} must have type "object" at its root, as the wire format wants; put the list or value into a property of an object`);
    return { ...body, response_format: { type: "json_schema", json_schema: { name: output.name, schema: output.schema, strict: output.strict } } };
  }
  const messages = [...(body["messages"] as WireBody[])];
  const last = messages[messages.length - 1] as WireBody;
  const words = `\n\nAnswer with one JSON value and nothing else. It must satisfy this JSON Schema:\n<json_schema name="${output.name}">\n${JSON.stringify(output.schema)}\n</json_schema>`;
  const content = last["content"];
  messages[messages.length - 1] = { ...last, content: Array.isArray(content) ? [...content, { type: "text", text: words }] : `${String(content)}${words}` };
  return { ...body, messages, ...(role.spec.supports?.["json_object"] === true ? { response_format: { type: "json_object" } } : {}) };
}

/** The body with the invalid answer and what is wrong with it: a turn in which the model can repair it. */
export function withRepair(body: WireBody, answer: string, problems: readonly string[]): WireBody {
  const words = `Your answer does not satisfy the schema:\n${problems.map((problem) => `- ${problem}`).join("\n")}\nAnswer again with the whole corrected JSON value and nothing else.`;
  return { ...body, messages: [...(body["messages"] as WireBody[]), { role: "assistant", content: answer }, { role: "user", content: words }] };
}

/** The scope of a call: as given, else the stage and item that ask. */
export function scopeOf(role: Role, request: { scope?: unknown }, caller: { stage: string; item?: string }): string {
  const { scope } = request;
  if (typeof scope === "string") return scope;
  if (scope !== undefined) throw bad(role, `\`scope\` is ${scope === null ? "null" : `a ${typeof scope}`}, not text`);
  return caller.item === undefined ? caller.stage : `${caller.stage}/${caller.item}`;
}

/** The sample's index. */
export function sampleOf(role: Role, request: { sample?: unknown }): number {
  const sample = request.sample ?? 0;
  if (typeof sample !== "number" || !Number.isSafeInteger(sample) || sample < 0) throw bad(role, "`sample` is not an index 0, 1, 2 …");
  return sample;
}
