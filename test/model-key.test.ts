import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalText } from "../src/model/canonical.ts";
import { modelIdentity } from "../src/model/identity.ts";
import { callKey, DENIED, keyText } from "../src/model/key.ts";
import type { KeyedCall } from "../src/model/key.ts";
import type { Json } from "../src/stage/index.ts";

const call: KeyedCall = {
  kind: "chat", provider: "openai", scope: "documents/p1", sample: 0, attempt: 0,
  body: { model: "gpt-4o", messages: [{ role: "user", content: "Zürich — ß?\n" }], temperature: 0.5 },
};
const schema = { type: "object", properties: { b: { type: "string" }, a: { type: "integer" } } };
const withSchema = (shape: { [key: string]: Json }): KeyedCall => ({ ...call, body: { ...call.body, response_format: { type: "json_schema", json_schema: { name: "x", schema: shape } } } });

test("keys are pinned: these calls are stored under these keys for ever", () => {
  expect(keyText(call)).toBe('{"attempt":0,"body":{"messages":[{"content":"Zürich — ß?\\n","role":"user"}],"model":"gpt-4o","temperature":0.5},"kind":"chat","provider":"openai","sample":0,"scope":"documents/p1","v":1}');
  expect(callKey(call)).toBe("sha256:48da8e6fc2030d0579efcfcb4ba4f440ef879a73a4ef5a8a94cb1e7aff72e8f5");
  expect(callKey(withSchema(schema))).toBe("sha256:fd4f2cf581c459e2c6745e9c369586e0bc5a356693ea2efebecfbb069427904b");
  expect(callKey({ kind: "embedding", provider: "offline/1", weights: "sha256:w", scope: "", sample: 0, attempt: 0, body: { model: "e", input: "text" } })).toBe("sha256:84ed95bb02dc0898e3b4f0efda3f59dbd474825858b4317382876380c867f30d");
});

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const field = fc.string({ minLength: 1 }).filter((name) => !DENIED.has(name) && name !== "__proto__");

test("canonical text is RFC 8785, whatever the value", () => {
  fc.assert(fc.property(json, (value) => {
    expect(canonicalText(value)).toBe(canonicalize(value));
  }), { numRuns: 500 });
  for (const bad of [NaN, Infinity, 1n, () => 1, new Map(), new Date(0), Symbol("x")]) expect(() => canonicalText({ bad })).toThrow(TypeError);
});

test("any change of a field that is not on the deny-list changes the key", () => {
  fc.assert(fc.property(field, json, json, (name, one, other) => {
    const key = (value: Json): string => callKey({ ...call, body: { ...call.body, [name]: value } });
    expect(key(one) === key(other)).toBe(canonicalText(one) === canonicalText(other));
    if (!(name in call.body)) expect(key(one)).not.toBe(callKey(call));
  }), { numRuns: 300 });
});

test("provider, weights, scope, sample and attempt each change the key", () => {
  const others: KeyedCall[] = [{ ...call, provider: "offline/1" }, { ...call, weights: "sha256:1" }, { ...call, scope: "" }, { ...call, sample: 1 }, { ...call, attempt: 1 }, { ...call, kind: "image" }];
  expect(new Set([call, ...others].map((one) => callKey(one))).size).toBe(7);
});

test("fields on the deny-list do not change the key", () => {
  for (const name of DENIED) expect(callKey({ ...call, body: { ...call.body, [name]: "anything" } })).toBe(callKey(call));
});

test("the order of keys does not change the key", () => {
  const shuffled = fc.dictionary(field, json).chain((body) => fc.tuple(fc.constant(body), fc.shuffledSubarray(Object.keys(body), { minLength: Object.keys(body).length })));
  fc.assert(fc.property(shuffled, ([body, order]) => {
    const permuted = Object.fromEntries(order.map((name) => [name, body[name] as Json]));
    expect(callKey({ ...call, body: permuted })).toBe(callKey({ ...call, body }));
  }));
});

test("the order of a schema and of tool parameters does change the key", () => {
  const other = { properties: { a: { type: "integer" }, b: { type: "string" } }, type: "object" };
  expect(callKey(withSchema(other))).not.toBe(callKey(withSchema(schema)));
  const tool = (parameters: Json): string => callKey({ ...call, body: { ...call.body, tools: [{ type: "function", function: { name: "f", parameters } }] } });
  expect(tool(other)).not.toBe(tool(schema));
  const around = { ...call, body: { ...call.body, response_format: { json_schema: { schema, name: "x" }, type: "json_schema" } } };
  expect(callKey(around)).toBe(callKey(withSchema(schema)));
});

// Every place of a request where a model is shown a schema.
const places: Record<string, (schema: Json) => { [field: string]: Json }> = {
  "response_format.json_schema.schema": (schema) => ({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } }),
  "response_format.schema": (schema) => ({ response_format: { type: "json_object", schema } }),
  "tools[].function.parameters": (parameters) => ({ tools: [{ type: "function", function: { name: "f", parameters } }] }),
  "tools[].parameters": (parameters) => ({ tools: [{ type: "function", name: "f", parameters }] }),
  "functions[].parameters": (parameters) => ({ functions: [{ name: "f", parameters }] }),
  guided_json: (schema) => ({ guided_json: schema }),
  json_schema: (schema) => ({ json_schema: schema }),
  format: (schema) => ({ format: schema }),
};
for (const [place, at] of Object.entries(places)) {
  test(`order counts at any depth of ${place}, and nowhere around it`, () => {
    const deep = (inner: Json): Json => ({ type: "object", properties: { list: { type: "array", items: { anyOf: [{ type: "null" }, { type: "object", properties: inner }] } } } });
    const one = deep({ b: { type: "string", maxLength: 3 }, a: {} });
    const key = (body: { [field: string]: Json }): string => callKey({ ...call, body: { ...call.body, ...body } });
    const keys = [one, deep({ a: {}, b: { type: "string", maxLength: 3 } }), deep({ b: { maxLength: 3, type: "string" }, a: {} })].map((schema) => key(at(schema)));
    expect(new Set(keys).size).toBe(3);
    const reversed = (value: Json): Json =>
      value === one || typeof value !== "object" || value === null ? value
      : Array.isArray(value) ? value.map(reversed)
      : Object.fromEntries(Object.entries(value).reverse().map(([name, member]) => [name, reversed(member)]));
    expect(key(reversed(at(one)) as { [field: string]: Json })).toBe(keys[0]);
  });
}

test("no field of a wire request is left out but those of the deny-list, at the top alone", () => {
  expect([...DENIED].sort()).toEqual([
    "api_key", "authorization", "base_url", "client_request_id", "extra_headers", "headers", "max_retries", "metadata", "n", "prompt_cache_key", "request_id", "safety_identifier", "service_tier", "span_id", "store",
    "stream", "stream_options", "timeout", "trace_id", "traceparent", "tracestate", "user",
  ]);
  for (const name of DENIED) {
    const inside = { ...call, body: { ...call.body, messages: [{ role: "user", content: "x", [name]: "anything" }] } };
    expect(keyText(inside)).toContain(`"${name}":"anything"`);
  }
});

test("an image enters by the hash of its bytes, so another base64 of the same bytes is the same call", () => {
  const image = (url: string): KeyedCall => ({ ...call, body: { ...call.body, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url, detail: "low" } }] }] } });
  const bytes = Buffer.from("not really a PNG").toString("base64");
  expect(keyText(image(`data:image/png;base64,${bytes}`))).not.toContain(bytes);
  expect(callKey(image(`data:image/png;base64,${bytes}`))).toBe(callKey(image(`data:image/png;base64,${bytes.slice(0, 8)}\n${bytes.slice(8)}`)));
  expect(callKey(image(`data:image/png;base64,${bytes}`))).not.toBe(callKey(image(`data:image/jpeg;base64,${bytes}`)));
  expect(callKey(image("https://example.org/a.png"))).not.toBe(callKey(image("https://example.org/b.png")));
});

test("prompt bytes are hashed as they are: no trimming, no Unicode normal form", () => {
  const prompts = ["é", "e\u0301", "é ", "é\n", "é\r\n", "\ud800"];
  expect(new Set(prompts.map((content) => callKey({ ...call, body: { model: "m", messages: [{ role: "user", content }] } }))).size).toBe(prompts.length);
});

test("what makes another call of every question makes another identity of the model: the order of its tools and schemas, and how a schema is sent", () => {
  const plain = { provider: "openai", model: "gpt-4o" };
  const tools = (...names: string[]) => ({ ...plain, request: { tools: [{ type: "function", function: { name: "f", parameters: { type: "object", properties: Object.fromEntries(names.map((name) => [name, {}])) } } }] } });
  const format = (...names: string[]) => ({ ...plain, request: { response_format: { type: "json_schema", json_schema: { name: "s", schema: Object.fromEntries(names.map((name) => [name, {}])) } } } });
  const identities = [tools("a", "b"), tools("b", "a"), format("a", "b"), format("b", "a"), { ...plain, supports: { json_schema: false } }, { ...plain, supports: { json_schema: false, json_object: true } }];
  expect(new Set(identities.map((spec) => canonicalText(modelIdentity(spec)))).size).toBe(identities.length);
  const order = (request: object) => canonicalText(modelIdentity({ ...plain, request: request as Record<string, Json> }));
  expect(order({ seed: 1, temperature: 0 })).toBe(order({ temperature: 0, seed: 1 }));
});

test("a model's identity holds what changes bytes, and nothing of transport, money or secrets", () => {
  const plain = { provider: "openai", model: "gpt-4o" };
  const dressed = {
    ...plain, base_url: "http://user:secret@host/v1", api_key_env: "KEY", limits: { rpm: 1 }, price: { input: 1 }, mode: "batch" as const, attempts: 3,
    supports: { json_schema: true }, request: { user: "me", metadata: { a: 1 }, timeout: 5 },
  };
  expect(modelIdentity(dressed)).toEqual(plain);
  expect(modelIdentity({ ...plain, provider: "offline" })).toEqual({ provider: "offline/2", model: "gpt-4o" });
  for (const change of [{ request: { temperature: 1 } }, { weights: "sha256:1" }, { attempts: 5 }, { supports: { json_schema: false } }]) expect(modelIdentity({ ...plain, ...change })).not.toEqual(plain);
});
