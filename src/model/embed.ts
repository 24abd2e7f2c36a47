import { createHash } from "node:crypto";
import type { CallResult, Usage } from "../stage/index.ts";
import { providerId } from "./identity.ts";
import type { CallKey, KeyedCall, WireBody } from "./key.ts";
import { usageOf } from "./outcome.ts";
import type { Asked, Obtained, Purchases } from "./purchase.ts";
import { WireFailure } from "./provider/types.ts";
import { fieldsOf, scopeOf } from "./request.ts";
import type { Role } from "./request.ts";
import type { Sources } from "./source.ts";
import { CallError } from "./types.ts";
import type { Caller } from "./types.ts";

/** Texts of one request at most, and their bytes: OpenAI takes 300,000 tokens, and no tokenizer makes more tokens than bytes. */
const GROUP = 96;
const MOST_BYTES = 280_000;

/** One vector per text. Each text has its own entry; those that are missing are asked for in groups. */
export async function embed(
  role: Role,
  call: { texts: string[]; options?: { scope?: string; [field: string]: unknown } },
  caller: Caller,
  purchases: Purchases,
  sources: Sources,
  count: (obtained: Obtained) => void,
): Promise<CallResult<Float32Array[]>> {
  const { spec } = role;
  if (!call.texts.every((text) => typeof text === "string")) throw new CallError("request", `models.${role.name}: embed takes a list of texts`);
  // The same text has the same vector for everybody, unless a scope is asked for.
  const fields = fieldsOf(role, call.options ?? {});
  const scope = call.options?.scope === undefined ? "" : scopeOf(role, call.options, caller);
  const group = new Group(role, fields, caller, sources);
  const byText = new Map<string, Promise<Obtained>>();
  for (const text of call.texts) {
    if (byText.has(text)) continue;
    const keyed: KeyedCall = { kind: "embedding", provider: providerId(spec.provider), weights: spec.weights, body: { ...fields, input: text }, scope, sample: 0, attempt: 0 };
    const asked: Asked = {
      keyed, role: role.name, spec, caller, late: count,
      local: spec.provider === "offline" || spec.provider === "transformers",
      // A batch has a line for each text.
      send: (key) => (spec.mode === "batch" ? group.alone(text, key) : group.add(text)),
      judge: () => Promise.resolve({ outcome: "ok" as const }),
      worst: () => ({ input: Buffer.byteLength(text) + 3, cached_input: 0, output: 0 }),
    };
    byText.set(text, Promise.resolve(purchases.obtain(asked)));
  }
  const settled = await Promise.allSettled(byText.values());
  for (const one of settled) if (one.status === "fulfilled") count(one.value);
  const failed = settled.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const obtained = settled.map((one) => (one as PromiseFulfilledResult<Obtained>).value);
  const usage: Usage = { input: 0, cached_input: 0, output: 0 };
  for (const { answer } of obtained) usage.input += answer.usage.input;
  const vectors = new Map([...byText.keys()].map((text, i) => [text, vectorOf((obtained[i] as Obtained).answer.response)]));
  const keys = obtained.map(({ answer }) => answer.key);
  return {
    value: call.texts.map((text) => vectors.get(text) as Float32Array),
    outcome: "ok",
    usage,
    cached: obtained.every(({ cached }) => cached),
    model: obtained[0]?.answer.model ?? spec.model,
    // Of several texts: the hash of their keys in order.
    key: keys.length === 1 ? (keys[0] as string) : `sha256:${createHash("sha256").update(keys.join("\n")).digest("hex")}`,
  };
}

async function inputTokens(texts: string[]): Promise<Usage> {
  const { countTokens } = await import("../offline/tokens.ts");
  return { input: texts.reduce((sum, text) => sum + countTokens(text), 0), cached_input: 0, output: 0 };
}

/** Gathers missing texts of one call into requests. */
class Group {
  private readonly waiting: { text: string; resolve(response: WireBody): void; reject(error: unknown): void }[] = [];
  private scheduled = false;
  private bytes = 0;

  constructor(
    private readonly role: Role,
    private readonly fields: WireBody,
    private readonly caller: Caller,
    private readonly sources: Sources,
  ) {}

  add(text: string): Promise<WireBody> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(text);
      if (this.bytes + bytes > MOST_BYTES) this.flush();
      this.bytes += bytes;
      this.waiting.push({ text, resolve, reject });
      if (this.waiting.length >= GROUP) this.flush();
      else if (!this.scheduled) {
        this.scheduled = true;
        setImmediate(() => {
          this.scheduled = false;
          this.flush();
        });
      }
    });
  }

  async alone(text: string, key: CallKey): Promise<WireBody> {
    const [part] = split(await this.ask([text], key), 1);
    if (part instanceof WireFailure) throw part;
    return part as WireBody;
  }

  private ask(texts: string[], key?: CallKey): Promise<WireBody> {
    return this.sources.send(this.role.spec, { stage: this.caller.stage, role: this.role.name, signal: this.caller.signal }, "embedding", { ...this.fields, input: texts }, () => inputTokens(texts), key);
  }

  private flush(): void {
    const group = this.waiting.splice(0);
    this.bytes = 0;
    if (group.length > 0) void this.send(group);
  }

  private async send(group: Group["waiting"]): Promise<void> {
    try {
      const texts = group.map(({ text }) => text);
      const response = await this.ask(texts);
      for (const [i, part] of split(response, texts.length).entries()) {
        if (part instanceof WireFailure) group[i]?.reject(part);
        else group[i]?.resolve(part);
      }
    } catch (error) {
      for (const one of group) one.reject(error);
    }
  }
}

/**
 * The response of each text, its vector as base64 of little-endian 32-bit floats and its share of the tokens; a failure for each whose vector is
 * missing or none, so that those beside it are kept.
 */
function split(response: WireBody, texts: number): (WireBody | WireFailure)[] {
  const data = Array.isArray(response["data"]) ? (response["data"] as WireBody[]) : [];
  // Without an index, only a whole list tells which is whose.
  const places = data.every((one) => typeof one["index"] === "number") ? data.map((one) => one["index"] as number) : data.length === texts ? [...data.keys()] : [];
  const byPlace = new Map(places.map((place, i) => [place, data[i]?.["embedding"]]));
  const { input } = usageOf(response);
  return Array.from({ length: texts }, (_, i) => {
    const vector = byPlace.has(i) ? encode(byPlace.get(i)) : new WireFailure("server", `no embedding for text ${i + 1} of ${texts}`);
    if (vector instanceof WireFailure) return vector;
    const share = Math.floor((input * (i + 1)) / texts) - Math.floor((input * i) / texts);
    return { object: "list", model: response["model"] ?? null, data: [{ object: "embedding", index: 0, embedding: vector }], usage: { prompt_tokens: share, total_tokens: share } };
  });
}

function encode(embedding: unknown): string | WireFailure {
  if (typeof embedding === "string") {
    if (isVector(floatsOf(embedding)) && /^[\w+/-]+=*$/.test(embedding)) return embedding;
  } else if (Array.isArray(embedding) && embedding.every((x) => typeof x === "number")) {
    const bytes = Buffer.alloc(embedding.length * 4);
    for (const [i, x] of embedding.entries()) bytes.writeFloatLE(x as number, i * 4);
    const text = bytes.toString("base64");
    if (isVector(floatsOf(text))) return text;
  }
  return new WireFailure("server", "an embedding is not a list of 32-bit numbers");
}

const isVector = (floats: Float32Array | undefined): boolean => floats !== undefined && floats.length > 0 && floats.every((x) => Number.isFinite(x));

/** Undefined where the bytes are not whole floats. */
function floatsOf(base64: string): Float32Array | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length % 4 !== 0) return undefined;
  const vector = new Float32Array(bytes.length / 4);
  for (let i = 0; i < vector.length; i++) vector[i] = bytes.readFloatLE(i * 4);
  return vector;
}

function vectorOf(response: WireBody): Float32Array {
  const [first] = response["data"] as WireBody[];
  return floatsOf(first?.["embedding"] as string) as Float32Array;
}
