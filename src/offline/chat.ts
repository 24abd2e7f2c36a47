import { createHash } from "node:crypto";
import type { Json } from "../stage/index.ts";
import { factsOf, messageText } from "./facts.ts";
import { writeGeneric } from "./generic/index.ts";
import { paragraph } from "./generic/text.ts";
import { seededRandom } from "./random.ts";
import type { SkillRequest } from "./skill.ts";
import { skills } from "./skills/index.ts";
import { countMessageTokens, countTokens } from "./tokens.ts";
import { SIMULATOR_VERSION } from "./version.ts";
import { isObject, WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";

/** What was asked for beside text: a schema by response_format, or one quoted in the prompt for servers without that mode. */
const QUOTED = /<json_schema name="([A-Za-z0-9_.-]+)">\n([\s\S]*?)\n<\/json_schema>/;

/**
 * Answers a chat.completions request: with a schema by the skill of its name, else by the generic writer; without one, as prose. The same bytes
 * give the same answer on every machine; `metadata` counts, so samples and scopes can differ.
 */
export async function answerChat(body: WireObject): Promise<WireObject> {
  const messages = body["messages"];
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) throw new WireError(400, "'messages' must be a non-empty list of messages", { param: "messages" });
  const texts = messages.map((message) => messageText(message));
  const prompt = texts.join("\n\n");
  const seed = JSON.stringify([SIMULATOR_VERSION, body]);
  const random = seededRandom(seed);
  const asked = schemaOf(body, prompt);
  let content: string;
  if (asked === undefined) content = paragraph(random, random.int(2, 4));
  else {
    const request: SkillRequest = { model: typeof body["model"] === "string" ? body["model"] : "offline", schemaName: asked.name, schema: asked.schema, prompt, facts: factsOf(prompt), random };
    const skill = Object.hasOwn(skills, asked.name) ? skills[asked.name] : undefined;
    content = JSON.stringify(skill?.(request) ?? (await writeGeneric(request)));
  }
  return completion(body, seed, content, countMessageTokens(texts));
}

function schemaOf(body: WireObject, prompt: string): { name: string; schema: { [key: string]: Json } } | undefined {
  const format = body["response_format"];
  if (isObject(format) && format["type"] === "json_schema") {
    const asked = format["json_schema"];
    if (!isObject(asked) || typeof asked["name"] !== "string" || !isObject(asked["schema"])) {
      throw new WireError(400, "'response_format.json_schema' needs a name and a schema", { param: "response_format" });
    }
    return { name: asked["name"], schema: asked["schema"] };
  }
  const quoted = QUOTED.exec(prompt);
  if (quoted?.[1] !== undefined && quoted[2] !== undefined) {
    try {
      const schema: unknown = JSON.parse(quoted[2]);
      if (isObject(schema)) return { name: quoted[1], schema };
    } catch {
      // Not a schema: prose.
    }
  }
  return isObject(format) && format["type"] === "json_object" ? { name: "object", schema: { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] } } : undefined;
}

function completion(body: WireObject, seed: string, whole: string, promptTokens: number): WireObject {
  const limit = body["max_completion_tokens"] ?? body["max_tokens"];
  const tokens = countTokens(whole);
  const cut = typeof limit === "number" && tokens > limit;
  const content = cut ? whole.slice(0, Math.floor((whole.length * limit) / tokens)) : whole;
  const completionTokens = cut ? limit : tokens;
  return {
    id: `chatcmpl-${createHash("sha256").update(seed).digest("hex").slice(0, 24)}`,
    object: "chat.completion",
    created: 0,
    model: typeof body["model"] === "string" ? body["model"] : "offline",
    system_fingerprint: `offline-${SIMULATOR_VERSION}`,
    choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: cut ? "length" : "stop" }],
    usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens, prompt_tokens_details: { cached_tokens: 0 } },
  };
}
