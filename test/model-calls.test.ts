import { expect, test } from "vitest";
import { CallError } from "../src/model/index.ts";
import { caller, emptyRoot, gateway, person, quickClock, server } from "./model.rig.ts";
import { errorIn200, failed, filtered, held, outOfQuota, rateLimited, refused, reset, cutOff, say, sayJson, truncated } from "./rig/server.ts";

const ask = { role: "writer", request: { prompt: "Write a person." }, schema: person };
const ada = sayJson({ name: "Ada", age: 36 });

test("two runs, one call", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  for (const cached of [false, true]) {
    const open = await gateway(root, { base_url: rig.url });
    expect(await open.chat(ask, caller)).toMatchObject({ value: { name: "Ada", age: 36 }, outcome: "ok", cached, model: "rig-2026-01-01", usage: { input: 10, output: 5 } });
    expect(open.calls("documents")).toEqual({ made: cached ? 0 : 1, stored: cached ? 1 : 0, cost: 0 });
    await open.close();
  }
  expect(rig.requests).toHaveLength(1);
  expect(rig.requests[0]?.path).toBe("/v1/chat/completions");
  expect(rig.requests[0]?.body).toEqual({
    model: "gpt-x",
    messages: [{ role: "user", content: "Write a person." }],
    response_format: { type: "json_schema", json_schema: { name: "person", schema: person.schema, strict: true } },
  });
});

test("another temperature, model, system prompt, seed, schema order, sample or person is another call", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  const { properties, ...rest } = person.schema;
  const variants = [
    { spec: {}, call: ask },
    { spec: { request: { temperature: 0.5 } }, call: ask },
    { spec: { model: "gpt-y" }, call: ask },
    { spec: {}, call: { ...ask, request: { messages: [{ role: "system" as const, content: "Be brief." }], prompt: "Write a person." } } },
    { spec: { request: { seed: 7 } }, call: ask },
    { spec: {}, call: { ...ask, schema: { ...person, schema: { ...rest, properties: { age: properties.age, name: properties.name } } } } },
    { spec: {}, call: { ...ask, request: { ...ask.request, sample: 1 } } },
    { spec: {}, call: { ...ask, request: { ...ask.request, scope: "other" } } },
    { spec: { weights: "sha256:1" }, call: ask },
  ];
  for (let run = 0; run < 2; run++) {
    for (const { spec, call } of variants) {
      const open = await gateway(root, { base_url: rig.url, ...spec });
      await open.chat(call, caller);
      await open.close();
    }
    expect(rig.requests).toHaveLength(variants.length);
  }
});

test("two people with equal prompts get their own answers, a shared scope gets one", async () => {
  const rig = await server((seen) => say(`answer ${seen.number}`));
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  const one = await open.chat({ role: "writer", request: { prompt: "Hello" } }, caller);
  const two = await open.chat({ role: "writer", request: { prompt: "Hello" } }, { ...caller, item: "p2" });
  const shared = await open.chat({ role: "writer", request: { prompt: "Hello", scope: "" } }, caller);
  const again = await open.chat({ role: "writer", request: { prompt: "Hello", scope: "" } }, { ...caller, item: "p2" });
  expect([one.value, two.value, shared.value, again.value]).toEqual(["answer 1", "answer 2", "answer 3", "answer 3"]);
});

test("identical calls in flight are one call", async () => {
  const rig = await server();
  const gate = held(ada);
  rig.script(gate.script);
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  const all = Array.from({ length: 20 }, () => open.chat(ask, caller));
  await gate.asked;
  gate.release();
  expect(new Set((await Promise.all(all)).map(({ value }) => JSON.stringify(value))).size).toBe(1);
  expect(rig.requests).toHaveLength(1);
  expect(open.calls("documents")).toMatchObject({ made: 1, stored: 19 });
});

for (const [outcome, reply] of [["refusal", refused()], ["truncated", truncated()], ["filtered", filtered()], ["empty", say("  ")]] as const) {
  test(`an answer that is ${outcome} is kept and answered by the next attempt`, async () => {
    const root = emptyRoot();
    const rig = await server(ada);
    rig.script(reply);
    const first = await gateway(root, { base_url: rig.url });
    expect(await first.chat(ask, caller)).toMatchObject({ outcome: "ok", value: { name: "Ada" } });
    expect(first.calls("documents")).toMatchObject({ made: 2, stored: 0 });
    await first.close();
    const second = await gateway(root, { base_url: rig.url }, { frozen: true });
    expect(await second.chat(ask, caller)).toMatchObject({ outcome: "ok", cached: true });
    expect(rig.requests.map(({ body }) => body)).toEqual([rig.requests[0]?.body, rig.requests[0]?.body]);
  });

  test(`answers that stay ${outcome} end with that outcome after the last attempt, and are not bought again`, async () => {
    const root = emptyRoot();
    const rig = await server(reply);
    for (let run = 0; run < 2; run++) {
      const open = await gateway(root, { base_url: rig.url, attempts: 2 });
      expect(await open.chat(ask, caller)).toMatchObject({ outcome, value: undefined, cached: run === 1 });
      await open.close();
      expect(rig.requests).toHaveLength(2);
    }
  });
}

test("an invalid answer is repaired in a turn that quotes the validator", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  rig.script(sayJson({ name: "Ada" }), say("not json"));
  const open = await gateway(root, { base_url: rig.url });
  expect(await open.chat(ask, caller)).toMatchObject({ outcome: "ok", value: { name: "Ada", age: 36 } });
  expect(rig.requests[1]?.body.messages.slice(1)).toEqual([
    { role: "assistant", content: '{"name":"Ada"}' },
    { role: "user", content: "Your answer does not satisfy the schema:\n- at /: must have required property 'age'\nAnswer again with the whole corrected JSON value and nothing else." },
  ]);
  expect(rig.requests[2]?.body.messages[2].content).toContain("- the answer is not JSON");
  await open.close();
  const again = await gateway(root, { base_url: rig.url }, { frozen: true });
  expect(await again.chat(ask, caller)).toMatchObject({ outcome: "ok", cached: true });
});

for (const [what, answer, problem] of [
  ["nested too deep", `{"name":"Ada","age":36,"more":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, "it is nested deeper than 200 levels"],
  ["a number out of range", '{"name":"Ada","age":36,"more":1e999}', "a number in it is out of range"],
  ["half a surrogate pair", '{"name":"Ada\\ud800","age":36}', "a text in it has half a surrogate pair"],
] as const) {
  test(`an answer that is JSON but no data (${what}) is invalid, and repaired`, async () => {
    const rig = await server(ada);
    rig.script(say(answer));
    const open = await gateway(emptyRoot(), { base_url: rig.url });
    const schema = { ...person, schema: { ...person.schema, properties: { ...person.schema.properties, more: {} }, additionalProperties: true } };
    expect(await open.chat({ ...ask, schema }, caller)).toMatchObject({ outcome: "ok", value: { name: "Ada" } });
    expect(rig.requests[1]?.body.messages[2].content).toContain(`- ${problem}`);
  });
}

for (const [what, around] of [["a number out of range", "-1e999"], ["lists nested too deep", "[".repeat(20_000) + "]".repeat(20_000)]] as const) {
  test(`an answer with ${what} around it is kept, and not bought again`, async () => {
    const root = emptyRoot();
    const rig = await server({ status: 200, headers: { "content-type": "application/json" }, body: `{"model":"m","choices":[{"message":{"content":"{\\"name\\":\\"Ada\\",\\"age\\":36}"},"finish_reason":"stop","logprobs":${around}}],"usage":{"prompt_tokens":3}}` });
    for (const cached of [false, true]) {
      const open = await gateway(root, { base_url: rig.url });
      expect(await open.chat(ask, caller)).toMatchObject({ outcome: "ok", value: { name: "Ada", age: 36 }, cached });
      await open.close();
    }
    expect(rig.requests).toHaveLength(1);
  });
}

test("a model without JSON Schema mode is asked in words, and validated the same", async () => {
  const rig = await server(say('Here it is:\n```json\n{"name": "Ada", "age": 36}\n```'));
  rig.script(say('{"name": "Ada", "age": "old"}'));
  const open = await gateway(emptyRoot(), { base_url: rig.url, supports: { json_schema: false } });
  expect(await open.chat(ask, caller)).toMatchObject({ outcome: "ok", value: { name: "Ada", age: 36 } });
  expect(rig.requests[0]?.body.response_format).toBeUndefined();
  expect(rig.requests[0]?.body.messages[0].content).toContain(JSON.stringify(person.schema));
  expect(rig.requests[1]?.body.messages[2].content).toContain("at /age: must be integer");
});

test("transport errors, 408, 409, 429, 5xx and a 200 with an error body are retried and never stored", async () => {
  const rig = await server(ada);
  rig.script(reset(), cutOff(), failed(500), failed(503), failed(408), failed(409), rateLimited(), errorIn200(), { status: 200, body: "<html>busy</html>" }, { status: 200, body: { detail: "try later" } });
  const clock = quickClock();
  const open = await gateway(emptyRoot(), { base_url: rig.url }, {}, { clock });
  // Eight broken tries would be one too many; the 429 does not count.
  await expect(open.chat(ask, caller)).rejects.toThrow("no answer");
  expect(open.calls("documents")).toMatchObject({ made: 0 });
  expect(await open.chat(ask, caller)).toMatchObject({ outcome: "ok", cached: false });
  expect(rig.requests).toHaveLength(11);
});

for (const [status, kind] of [[400, "request"], [401, "auth"], [403, "auth"], [404, "request"], [422, "request"]] as const) {
  test(`a ${status} is not retried`, async () => {
    const rig = await server(failed(status, "no such thing"));
    const open = await gateway(emptyRoot(), { base_url: rig.url });
    const error = await open.chat(ask, caller).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ kind });
    expect((error as Error).message).toMatch(/^documents, item p1: models\.writer \(gpt-x\): .*no such thing/);
    expect(rig.requests).toHaveLength(1);
  });
}

test("an exhausted quota stops at once, a rate limit does not", async () => {
  const rig = await server(outOfQuota());
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  await expect(open.chat(ask, caller)).rejects.toMatchObject({ kind: "quota", message: expect.stringContaining("quota is used up") });
  expect(rig.requests).toHaveLength(1);
});

test("after an exhausted quota, what waits is not sent", async () => {
  const rig = await server(outOfQuota());
  const open = await gateway(emptyRoot(), { base_url: rig.url, limits: { concurrency: 1 } });
  const all = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => open.chat({ role: "writer", request: { prompt: `Person ${i}` } }, caller)));
  expect(all.every((one) => one.status === "rejected" && (one.reason as CallError).kind === "quota")).toBe(true);
  expect(rig.requests).toHaveLength(1);
});

test("Retry-After of 90 seconds and of a day is waited for", async () => {
  const clock = quickClock();
  const status: (string | undefined)[] = [];
  const rig = await server(ada);
  rig.script(rateLimited(90), rateLimited(86_400));
  const open = await gateway(emptyRoot(), { base_url: rig.url }, { onStatus: (line, ms) => status.push(line === undefined ? line : `${line}, about ${Math.round((ms ?? 0) / 1000)} s`) }, { clock });
  const start = clock.now();
  expect(await open.chat(ask, caller)).toMatchObject({ outcome: "ok" });
  expect(clock.now() - start).toBeGreaterThanOrEqual(86_490_000);
  expect(clock.now() - start).toBeLessThan(86_500_000);
  expect(status).toEqual(["gpt-x: waiting for the rate limit, about 90 s", undefined, "gpt-x: waiting for the rate limit, about 86400 s", undefined]);
  expect(rig.requests).toHaveLength(3);
});

test("a budget of calls is never passed, at any concurrency", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  const open = await gateway(root, { base_url: rig.url }, { maxCalls: 7 });
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => open.chat({ role: "writer", request: { prompt: `Person ${i}` } }, caller)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
  expect(rig.requests).toHaveLength(7);
  const refused = results.find((one) => one.status === "rejected") as PromiseRejectedResult;
  expect(refused.reason).toMatchObject({ kind: "budget", message: "the limit of 7 calls is reached; what was bought is kept, run again with a higher --max-calls to go on" });
  await open.close();
  const more = await gateway(root, { base_url: rig.url }, { maxCalls: 43 });
  await Promise.all(Array.from({ length: 50 }, (_, i) => more.chat({ role: "writer", request: { prompt: `Person ${i}` } }, caller)));
  expect(rig.requests).toHaveLength(50);
});

test("a call that fails gives its place in the budget to one that waits", async () => {
  const rig = await server((seen) => (seen.body.messages[0].content === "Person 0" ? failed(400) : ada));
  const open = await gateway(emptyRoot(), { base_url: rig.url }, { maxCalls: 3 });
  const results = await Promise.allSettled(Array.from({ length: 3000 }, (_, i) => open.chat({ role: "writer", request: { prompt: `Person ${i}` } }, caller)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  expect(rig.requests).toHaveLength(4);
});

test("a budget of cost is never passed, and spent as far as it goes", async () => {
  const usage = { prompt_tokens: 100, completion_tokens: 1000, total_tokens: 1100 };
  const rig = await server(say("text", { usage }));
  const price = { input: 10, output: 9 };
  const open = await gateway(emptyRoot(), { base_url: rig.url, price, request: { max_tokens: 1000 } }, { maxCost: 0.055 });
  const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => open.chat({ role: "writer", request: { prompt: `Person ${i}` } }, caller)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  expect(open.calls("documents").cost).toBeCloseTo(0.05, 10);
  expect(open.ledger()).toEqual([{ stage: "documents", role: "writer", model: "gpt-x", made: 5, stored: 0, usage: { input: 500, cached_input: 0, output: 5000 }, cost: expect.closeTo(0.05, 10) }]);
});

test("a budget of cost holds where the server does not say what an answer took, and the user is told", async () => {
  const rig = await server({ status: 200, headers: { "content-type": "application/json" }, body: { model: "m", choices: [{ message: { content: "hi" }, finish_reason: "stop" }] } });
  const warnings: string[] = [];
  const open = await gateway(emptyRoot(), { base_url: rig.url, price: { input: 0, output: 1000 }, request: { max_tokens: 10 } }, { maxCost: 0.055, onWarning: (line) => warnings.push(line) });
  const all = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => open.chat({ role: "writer", request: { prompt: `${i}` } }, caller)));
  expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  expect(rig.requests).toHaveLength(5);
  expect(warnings).toEqual(["models.writer (gpt-x): the server does not say how many tokens its answers took, so what they cost is not known; --max-cost reckons with the most they can"]);
});

test("a budget of cost lets no call leave whose answer has no bound, and says how to give one", async () => {
  const rig = await server(say("text", { usage: { prompt_tokens: 10, completion_tokens: 16_000 } }));
  const price = { input: 1, output: 10 };
  const ask = { role: "writer", request: { prompt: "At length." } };
  const open = await gateway(emptyRoot(), { base_url: rig.url, price }, { maxCost: 1 });
  await expect(open.chat(ask, caller)).rejects.toMatchObject({ kind: "budget", message: "models.writer (gpt-x): nothing bounds the length of an answer, so --max-cost cannot hold; say what the model gives at most, models.writer.limits: { output: 16384 }, which changes no key, or set max_completion_tokens in its request" });
  await expect(open.image({ role: "writer", request: { prompt: "a cat" } }, caller)).rejects.toMatchObject({ kind: "budget" });
  expect(rig.requests).toHaveLength(0);
  // 0.16 each: six fit, the seventh would not at its worst.
  const bounded = await gateway(emptyRoot(), { base_url: rig.url, price, limits: { output: 16_000 } }, { maxCost: 1 });
  for (let i = 0; i < 6; i++) await bounded.chat({ role: "writer", request: { prompt: `${i}` } }, caller);
  await expect(bounded.chat(ask, caller)).rejects.toMatchObject({ kind: "budget" });
  expect(rig.requests).toHaveLength(6);
});

test("images and embeddings are priced and bounded like chats", async () => {
  const rig = await server();
  const open = await gateway(emptyRoot(), { base_url: rig.url, price: { input: 10_000, image: 0.04 } }, { maxCost: 0.4 });
  for (let i = 0; i < 4; i++) await open.image({ role: "writer", request: { prompt: "a", sample: i } }, caller).catch(() => undefined);
  const image = open.calls("documents").cost;
  expect(image).toBeGreaterThanOrEqual(0.04);
  const vectors = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => open.embed({ role: "writer", texts: [`w${i}`] }, caller)));
  expect(vectors.some(({ status }) => status === "rejected")).toBe(true);
  expect(open.calls("documents").cost).toBeLessThanOrEqual(0.4);
});

test("a frozen run lets nothing leave and names stage, item, prompt and the field that differs", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  const first = await gateway(root, { base_url: rig.url, request: { temperature: 1 } });
  await first.chat(ask, caller);
  await first.close();
  const frozen = await gateway(root, { base_url: rig.url, request: { temperature: 0.5 } }, { frozen: true });
  await expect(frozen.chat(ask, caller)).rejects.toMatchObject({
    kind: "frozen",
    message: 'documents, item p1: models.writer (gpt-x): this call is not stored, and --frozen lets none leave; prompt "Write a person."; it differs from the nearest stored call in temperature (1 → 0.5)',
  });
  expect(rig.requests).toHaveLength(1);
});

test("of many missing calls only the first is compared with what is stored", async () => {
  const root = emptyRoot();
  const rig = await server(ada);
  const first = await gateway(root, { base_url: rig.url });
  await first.chat(ask, caller);
  await first.close();
  const frozen = await gateway(root, { base_url: rig.url }, { frozen: true });
  const all = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => frozen.chat({ ...ask, request: { prompt: `Write a person.\nNumber ${i}` } }, caller)));
  const messages = all.map((one) => (one as PromiseRejectedResult).reason.message as string);
  expect(messages.every((message) => message.includes("this call is not stored"))).toBe(true);
  expect(messages.filter((message) => message.includes("differs from the nearest"))).toEqual([
    'documents, item p1: models.writer (gpt-x): this call is not stored, and --frozen lets none leave; prompt "Write a person. Number 0"; it differs from the nearest stored call in messages[0].content, line 2 (nothing → "Number 0")',
  ]);
});

test("what is on the wire at an interrupt is awaited and kept", async () => {
  const root = emptyRoot();
  const rig = await server();
  const gate = held(ada);
  rig.script(gate.script);
  const interrupt = new AbortController();
  const open = await gateway(root, { base_url: rig.url, limits: { concurrency: 1 } }, { signal: interrupt.signal }, { clock: { ...quickClock(), sleep: () => new Promise(() => {}) } });
  const flying = open.chat(ask, caller);
  const queued = open.chat({ ...ask, request: { prompt: "Another." } }, caller);
  const both = Promise.allSettled([flying, queued]);
  await gate.asked;
  interrupt.abort();
  expect((await both).map((one) => (one as PromiseRejectedResult).reason.kind)).toEqual(["aborted", "aborted"]);
  const closed = open.close();
  gate.release();
  await closed;
  expect(rig.requests).toHaveLength(1);
  const again = await gateway(root, { base_url: rig.url }, { frozen: true });
  expect(await again.chat(ask, caller)).toMatchObject({ outcome: "ok", cached: true });
});

test("an answer that comes after an interrupt is accounted for like any other", async () => {
  const rig = await server();
  const gate = held(ada);
  rig.script(gate.script);
  const interrupt = new AbortController();
  const open = await gateway(emptyRoot(), { base_url: rig.url, price: { input: 1000, output: 1000 } }, { signal: interrupt.signal }, { clock: { ...quickClock(), sleep: () => new Promise(() => {}) } });
  const asked = open.chat(ask, caller);
  await gate.asked;
  interrupt.abort();
  await expect(asked).rejects.toMatchObject({ kind: "aborted" });
  const closing = open.close();
  gate.release();
  await closing;
  expect(open.ledger()).toMatchObject([{ made: 1, stored: 0, cost: expect.closeTo(0.015, 9) }]);
  expect(open.ledger()[0]?.unanswered).toBeUndefined();
});

test("embeddings are one entry per text: in the order asked, duplicates once, in requests a server takes", async () => {
  const rig = await server();
  const root = emptyRoot();
  const open = await gateway(root, { base_url: rig.url });
  const texts = Array.from({ length: 250 }, (_, i) => (i % 10 === 7 ? "the same" : `${i} ${"long ".repeat(i % 25 === 0 ? 12_000 : 10)}`));
  const { value } = await open.embed({ role: "writer", texts }, caller);
  expect(open.calls("documents")).toMatchObject({ made: 226, stored: 0 });
  const sent = rig.requests.map(({ body }) => (body as { input: string[] }).input);
  expect(sent.flat().sort()).toEqual([...new Set(texts)].sort());
  expect(Math.max(...sent.map((input) => input.length))).toBeLessThanOrEqual(96);
  expect(Math.max(...sent.map((input) => input.reduce((sum, text) => sum + Buffer.byteLength(text), 0)))).toBeLessThanOrEqual(280_000);
  // Each as if asked alone, in any order and company.
  const again = await gateway(root, { base_url: rig.url }, { frozen: true });
  const shuffled = [...texts].reverse();
  const { value: others, cached } = await again.embed({ role: "writer", texts: shuffled }, caller);
  expect(cached).toBe(true);
  expect(others.reverse()).toEqual(value);
  expect((await again.embed({ role: "writer", texts: [texts[3] as string] }, caller)).value[0]).toEqual(value[3]);
});

for (const [what, embedding] of [["no base64", "!!!!"], ["empty", ""], ["cut off", "AAA"], ["not finite", "//////8="], ["a list with a hole", [1, null]], ["out of range", [1e300]]] as const) {
  test(`an embedding that is no vector (${what}) is not kept, and those beside it are`, async () => {
    const rig = await server();
    const root = emptyRoot();
    rig.script({ body: { model: "m", data: [{ index: 1, embedding }, { index: 0, embedding: [0.5, 1] }], usage: { prompt_tokens: 4 } } });
    const open = await gateway(root, { base_url: rig.url });
    await expect(open.embed({ role: "writer", texts: ["good", "bad"] }, caller)).rejects.toThrow("an embedding is not a list of 32-bit numbers");
    expect((await open.embed({ role: "writer", texts: ["good"] }, caller)).value).toEqual([new Float32Array([0.5, 1])]);
    await open.embed({ role: "writer", texts: ["bad"] }, caller);
    expect(rig.requests.map(({ body }) => (body as { input: string[] }).input)).toEqual([["good", "bad"], ["bad"]]);
  });
}

test("what only the simulator draws from is no part of another provider's call", async () => {
  const rig = await server();
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  const draw = (attributes: object) => open.image({ role: "writer", request: { prompt: "a portrait", attributes } }, caller);
  expect((await draw({ hair: "red" })).key).toBe((await draw({ hair: "black" })).key);
  expect(rig.requests.map(({ body }) => body)).toEqual([{ model: "gpt-x", prompt: "a portrait" }]);
});

test("a budget is one for all stages and kinds of calls, and never exceeded by one at a concurrency of 64", async () => {
  const rig = await server((seen) => ({ ...(seen.path.includes("chat") ? say("text") : {}), delayMs: seen.number % 5 }));
  const open = await gateway(emptyRoot(), { base_url: rig.url, limits: { concurrency: 64 } }, { maxCalls: 101 });
  const of = (stage: string) => ({ cell: stage, stage });
  const results = await Promise.allSettled(Array.from({ length: 90 }, (_, i) => [
    open.chat({ role: "writer", request: { prompt: `a ${i}` } }, of("one")),
    open.chat({ role: "writer", request: { prompt: `b ${i}` } }, of("two")),
    open.image({ role: "writer", request: { prompt: `c ${i}` } }, of("three")),
  ]).flat());
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(101);
  expect(results.filter((one) => one.status === "rejected" && (one.reason as { kind: string }).kind === "budget")).toHaveLength(169);
  expect(rig.requests).toHaveLength(101);
});

test("a body with NaN in it, as Python writes it, is an answer and not a broken connection", async () => {
  const rig = await server({ headers: { "content-type": "application/json" }, body: '{"model":"m","choices":[{"message":{"role":"assistant","content":"NaN \\"Infinity\\" -Infinity"},"finish_reason":"stop","score":NaN,"least":-Infinity}],"usage":{"prompt_tokens":1,"completion_tokens":2}}' });
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  expect(await open.chat({ role: "writer", request: { prompt: "a" } }, caller)).toMatchObject({ outcome: "ok", value: 'NaN "Infinity" -Infinity', usage: { output: 2 } });
  expect(rig.requests).toHaveLength(1);
});

test("half a surrogate pair in a text becomes U+FFFD: the answer can be written, and is not bought again", async () => {
  const rig = await server({ headers: { "content-type": "application/json" }, body: '{"model":"m","choices":[{"message":{"role":"assistant","content":"a\\ud83d b \\ud83d\\ude00"},"finish_reason":"stop"}]}' });
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  for (const cached of [false, true]) expect(await open.chat({ role: "writer", request: { prompt: "a" } }, caller)).toMatchObject({ outcome: "ok", value: "a\ufffd b \u{1f600}", cached });
  expect(rig.requests).toHaveLength(1);
});

test("an image server that answers with an address is told apart, with what to ask for, and paid once", async () => {
  const rig = await server({ body: { created: 0, data: [{ url: "https://pictures.example/1.png" }] } });
  const open = await gateway(emptyRoot(), { base_url: rig.url });
  const ask = () => open.image({ role: "writer", request: { prompt: "a cat" } }, caller);
  for (let i = 0; i < 2; i++) await expect(ask()).rejects.toMatchObject({ kind: "request", message: expect.stringContaining("models.writer.request: { response_format: b64_json }") });
  expect(rig.requests).toHaveLength(1);
});

test.skipIf(process.platform !== "linux")("a store of files where none can be made is an error, not a wait without end", async () => {
  const rig = await server(say("never"));
  const open = await gateway(emptyRoot(), { base_url: rig.url }, { store: "file:/proc/nowhere/answers" });
  await expect(open.chat({ role: "writer", request: { prompt: "a" } }, caller)).rejects.toMatchObject({ kind: "store", message: expect.stringContaining("choose another place with DAG_CACHE") });
  expect(rig.requests).toHaveLength(0);
});

test("--max-cost reckons with what a picture may take, given as bytes or by address", async () => {
  const rig = await server(say("a cat"));
  const open = await gateway(emptyRoot(), { base_url: rig.url, price: { input: 1 }, limits: { output: 10 } }, { maxCost: 0.04 });
  const look = (url: string) => open.chat({ role: "writer", request: { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] } } as never, caller);
  for (const url of ["https://pictures.example/1.png", "data:image/png;base64,AAAA"]) await expect(look(url)).rejects.toMatchObject({ kind: "budget" });
  expect(rig.requests).toHaveLength(0);
});
