import { createHash } from "node:crypto";
import Ajv2020 from "ajv/dist/2020.js";
import formats from "ajv-formats";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answer, countTokens, embedText } from "../src/offline/index.ts";
import { factsOf } from "../src/offline/facts.ts";
import { seededRandom } from "../src/offline/random.ts";
import type { Json } from "../src/stage/index.ts";

type Schema = { [key: string]: Json };

async function ask(body: Schema): Promise<{ content: string; usage: { prompt_tokens: number; completion_tokens: number }; reason: string }> {
  const response = (await answer("chat", { model: "writer-1", ...body })) as { choices: [{ message: { content: string }; finish_reason: string }]; usage: never };
  return { content: response.choices[0].message.content, usage: response.usage, reason: response.choices[0].finish_reason };
}
const write = async (schema: Schema, prompt = "Write."): Promise<Json> =>
  JSON.parse((await ask({ messages: [{ role: "user", content: prompt }], response_format: { type: "json_schema", json_schema: { name: "no-skill", schema } } })).content) as Json;

const ajv = new Ajv2020.default({ strict: false, allErrors: true });
formats.default(ajv);

const examples: Schema[] = [
  { type: "object", properties: { name: { type: "string", minLength: 3, maxLength: 12 }, age: { type: "integer", minimum: 18, maximum: 20 } }, required: ["name", "age"], additionalProperties: false },
  { type: "object", properties: { tags: { type: "array", items: { enum: ["a", "b", "c"] }, minItems: 3, uniqueItems: true } }, required: ["tags"] },
  { type: "object", properties: { score: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }, step: { type: "number", multipleOf: 0.25, minimum: 1, maximum: 2 } }, required: ["score", "step"] },
  { type: "object", properties: { pet: { oneOf: [{ type: "object", properties: { kind: { const: "cat" }, lives: { type: "integer", minimum: 1, maximum: 9 } }, required: ["kind", "lives"] }, { type: "null" }] } }, required: ["pet"] },
  { type: "object", properties: { next: { $ref: "#/$defs/node" } }, required: ["next"], $defs: { node: { type: "object", properties: { value: { type: "string" }, next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } }, required: ["value", "next"] } } },
  { allOf: [{ type: "object", properties: { a: { type: "string", minLength: 5 } }, required: ["a"] }, { properties: { b: { type: "boolean" }, a: { maxLength: 8 } }, required: ["b"] }] },
  { type: "object", properties: { code: { type: "string", pattern: "^[A-Z]{2}-\\d{3,5}(x|y)?$" }, date: { type: "string", format: "date" }, at: { type: "string", format: "date-time" }, mail: { type: "string", format: "email" }, id: { type: "string", format: "uuid" }, link: { type: "string", format: "uri" } }, required: ["code", "date", "at", "mail", "id", "link"] },
  { type: "object", additionalProperties: { type: "integer" }, minProperties: 4 },
  { type: "object", properties: { pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 } }, required: ["pair"] },
  { type: "object", properties: { kind: { enum: ["a", "b"] }, extra: { type: "string" } }, required: ["kind"], if: { properties: { kind: { const: "a" } } }, then: { required: ["extra"] } },
  { type: "object", properties: { n: { type: "integer", minimum: 0, maximum: 3, not: { const: 2 } } }, required: ["n"] },
  { type: "object", properties: { list: { type: "array", contains: { const: "must" }, minItems: 2, items: { type: "string" } } }, required: ["list"] },
  { type: "object", patternProperties: { "^x_": { type: "number" } }, required: ["x_one", "x_two"] },
];

for (const [i, schema] of examples.entries()) {
  test(`any schema is answered with valid data: example ${i + 1}`, async () => {
    const validate = ajv.compile(schema);
    for (let round = 0; round < 25; round++) expect(validate(await write(schema, `Write number ${round}.`)), JSON.stringify(validate.errors)).toBe(true);
  });
}

test("any schema is answered with valid data: random schemas", async () => {
  const { schema } = fc.letrec<{ schema: Schema; leaf: Schema }>((tie) => ({
    leaf: fc.oneof(
      fc.constant<Schema>({ type: "boolean" }),
      fc.record({ type: fc.constant("integer"), minimum: fc.integer({ min: -50, max: 0 }), maximum: fc.integer({ min: 0, max: 50 }) }),
      fc.tuple(fc.nat(8), fc.nat(20)).map(([min, more]): Schema => ({ type: "string", minLength: min, maxLength: min + more })),
      fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 4 }).map((values): Schema => ({ enum: values })),
      fc.constant<Schema>({ type: ["string", "null"] }),
    ),
    schema: fc.oneof(
      { maxDepth: 3 },
      tie("leaf"),
      fc.tuple(tie("schema"), fc.nat(3), fc.nat(3)).map(([items, min, more]): Schema => ({ type: "array", items, minItems: min, maxItems: min + more })),
      fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), tie("schema"), { maxKeys: 4 }).map((properties): Schema => ({ type: "object", properties, required: Object.keys(properties).slice(0, 2), additionalProperties: false })),
    ),
  }));
  await fc.assert(fc.asyncProperty(schema, async (inner) => {
    const whole: Schema = { type: "object", properties: { value: inner }, required: ["value"], additionalProperties: false };
    const validate = ajv.compile(whole);
    expect(validate(await write(whole)), JSON.stringify({ whole, errors: validate.errors })).toBe(true);
  }), { numRuns: 150 });
});

test("the same request gives the same bytes, another prompt another wording", async () => {
  const schema: Schema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  expect(await write(schema, "One.")).toEqual(await write(schema, "One."));
  const texts = await Promise.all(Array.from({ length: 40 }, (_, i) => write(schema, `Number ${i}.`)));
  expect(new Set(texts.map((text) => JSON.stringify(text))).size).toBe(40);
});

test("the simulator's streams are pinned: equal on every machine", () => {
  const random = seededRandom("pinned");
  expect([random.int(0, 999), random.int(0, 999), random.pick(["a", "b", "c"]), random.shuffle([1, 2, 3, 4]), random.chance(0.5), Math.round(random.normal() * 1e6)]).toEqual([701, 62, "b", [1, 2, 3, 4], true, 289054]);
  expect(createHash("sha256").update(JSON.stringify(embedText("A red boat on the lake."))).digest("hex")).toBe("ca51457c327c7faa9499767fbd73763e206c010510221430358075e15dedfe9c");
});

test("embeddings weigh what is said more than who says it how often, and know inflections", () => {
  const near = (a: string, b: string): number => embedText(a).reduce((sum, x, i) => sum + x * (embedText(b)[i] ?? 0), 0);
  const question = "Which instruments do I practise?";
  const talk = (said: string): string => JSON.stringify({ conversation: Array.from({ length: 8 }, () => ({ role: "Ada Quill", content: "So it is, and so it was with me." })).concat({ role: "Ada Quill", content: said }) });
  expect(near(question, talk("I practised the instrument again."))).toBeGreaterThan(near(question, talk("I was at the market again.")) + 0.05);
  expect(near("practise", "practised")).toBeGreaterThan(0.3);
  expect(near("the of and", "zither")).toBeLessThan(0.2);
});

test("facts of the prompt fill properties of their name", async () => {
  const schema: Schema = { type: "object", properties: { name: { type: "string" }, age: { type: "integer" }, pet: { type: "string" } }, required: ["name", "age", "pet"] };
  expect(await write(schema, 'Describe.\n```json\n{"name": "Zoe", "detail": {"age": 41}, "pet": 3}\n```')).toMatchObject({ name: "Zoe", age: 41, pet: expect.any(String) });
});

test("fenced JSON is a fact, anything else is prose", () => {
  expect(factsOf('a\n```json\n{"a":1}\n```\nb\n```JSON\n[2]\n```\n```js\n3\n```\n```json\nnot json\n```\n~~~json\n4\n~~~')).toEqual([{ a: 1 }, [2], 4]);
});

test("max_tokens cuts the answer, as the wire tells", async () => {
  const cut = await ask({ messages: [{ role: "user", content: "Tell." }], max_tokens: 5 });
  expect(cut.reason).toBe("length");
  expect(cut.usage.completion_tokens).toBe(5);
});

test("usage is believable: near a token for each four letters of English", async () => {
  const prose = "The committee considered the proposal carefully before it reached an unexpectedly unanimous decision on Thursday. ".repeat(10);
  expect(prose.length / countTokens(prose)).toBeGreaterThan(3.5);
  expect(prose.length / countTokens(prose)).toBeLessThan(6.5);
  const { usage } = await ask({ messages: [{ role: "user", content: prose }] });
  expect(usage.prompt_tokens).toBe(countTokens(prose) + 7);
});

test("counting by code and by expression agree, so an accent elsewhere changes no count", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."aZ09 ,.\n\t_-{}"), maxLength: 60 }), (text) => {
    // The sign at the end takes the whole text to the expression and is one token itself.
    expect(countTokens(`${text}. é`)).toBe(countTokens(`${text}. `) + 1);
  }), { numRuns: 500 });
});

const cosine = (a: string, b: string): number => {
  const y = embedText(b);
  return embedText(a).reduce((sum, x, i) => sum + x * (y[i] as number), 0);
};

test("embeddings are unit vectors, near for shared words and word parts, far for others", () => {
  expect(Math.hypot(...embedText("anything at all"))).toBeCloseTo(1, 5);
  expect(Math.hypot(...embedText(""))).toBe(1);
  const question = "Which sport does she play on weekends?";
  expect(cosine(question, "She plays volleyball, a sport, on every weekend.")).toBeGreaterThan(cosine(question, "He paid his taxes on time.") + 0.15);
  expect(cosine("gardening", "gardener")).toBeGreaterThan(cosine("gardening", "accounting"));
});

test("a request a server would refuse is refused with its status", async () => {
  await expect(answer("chat", { model: "m" })).rejects.toMatchObject({ status: 400, message: "'messages' must be a non-empty list of messages" });
  await expect(answer("embedding", { model: "m", input: [] })).rejects.toMatchObject({ status: 400 });
  await expect(answer("embedding", { model: "m", input: "x", dimensions: 3 })).rejects.toMatchObject({ status: 400 });
  await expect(answer("image", { model: "m", prompt: "x", size: "256x128" })).rejects.toMatchObject({ status: 400 });
});
