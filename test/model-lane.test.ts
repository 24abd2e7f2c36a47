import { expect, test } from "vitest";
import { Lane } from "../src/model/lane.ts";
import type { Limits, Slot } from "../src/model/lane.ts";
import { backoffMs } from "../src/model/retry.ts";
import { retryAfterOf } from "../src/model/provider/wire-error.ts";
import { caller, emptyRoot, gateway, person, quickClock, server } from "./model.rig.ts";
import { failed, rateLimited, reset, say, sayJson } from "./rig/server.ts";

function lane(limits: Limits) {
  const clock = quickClock();
  const status: string[] = [];
  const stop = new AbortController();
  return { clock, status, stop, lane: new Lane("gpt-x", limits, clock, (line, ms) => line !== undefined && status.push(`${line}, ${ms} ms`), stop.signal) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs n requests that end at once; returns when each was admitted. */
async function run(clock: { now(): number }, open: Lane, n: number, tokens = 1): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(Array.from({ length: n }, async () => {
    const slot = await open.admit("s", tokens);
    times.push(clock.now());
    slot.done("ok");
  }));
  return times;
}
const mostInAMinute = (times: number[]): number => Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));

test("no minute has more requests than rpm, and the limit is used", async () => {
  const { clock, lane: open, status } = lane({ rpm: 10 });
  const times = await run(clock, open, 35);
  expect(mostInAMinute(times)).toBe(10);
  expect((times[34] as number) - (times[0] as number)).toBe(180_000);
  expect(status[0]).toBe("gpt-x: waiting for the rate limit, 60000 ms");
});

test("no minute has more tokens than tpm, and a request larger than the limit goes alone", async () => {
  const { clock, lane: open } = lane({ tpm: 1000 });
  expect(mostInAMinute(await run(clock, open, 12, 250))).toBe(4);
  const before = clock.now();
  const [huge] = await run(clock, open, 1, 5000);
  expect((huge as number) - before).toBe(60_000);
});

test("the tokens really used replace the estimate", async () => {
  const { clock, lane: open } = lane({ tpm: 1000 });
  const start = clock.now();
  for (let i = 0; i < 10; i++) (await open.admit("s", 500)).done("ok", 100);
  expect(clock.now() - start).toBe(60_000);
});

async function occupied(open: Lane): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (let i = 0; i < 300; i++) void open.admit("s", 1).then((slot) => slots.push(slot), () => {});
  await turn();
  return slots;
}

test("concurrency starts small, doubles with success, halves once per round of rate limits, and stays under its cap", async () => {
  const { lane: open, stop } = lane({ concurrency: 100 });
  const slots = await occupied(open);
  const wave = async (outcome: "ok" | "rate" | "server"): Promise<number> => {
    for (const slot of slots.splice(0)) slot.done(outcome);
    await turn();
    return slots.length;
  };
  expect(slots).toHaveLength(8);
  expect(await wave("ok")).toBe(16);
  expect(await wave("ok")).toBe(32);
  expect(await wave("rate")).toBe(16);
  expect(await wave("ok")).toBe(17);
  expect(await wave("server")).toBe(17);
  expect(await wave("ok")).toBe(17);
  expect(await wave("ok")).toBe(18);
  stop.abort();
});

test("stages take turns, however many calls one of them has waiting", async () => {
  const { lane: open } = lane({ concurrency: 1 });
  const order: string[] = [];
  const jobs = [...Array.from({ length: 6 }, () => "a"), "b", "b", "c"].map(async (stage) => {
    const slot = await open.admit(stage, 1);
    order.push(stage);
    await turn();
    slot.done("ok");
  });
  await Promise.all(jobs);
  // The first of a was alone when it came.
  expect(order.join("")).toBe("aabcabaaa");
});

test("an interrupt lets go of everybody who waits", async () => {
  const { lane: open, stop } = lane({ concurrency: 1 });
  await open.admit("a", 1);
  const waiting = Promise.allSettled([open.admit("a", 1), open.admit("b", 1)]);
  stop.abort();
  expect((await waiting).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("backoff is full jitter under a bound that doubles up to a minute", () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 1))).toEqual([1000, 2000, 4000, 60_000]);
  expect(backoffMs(5, 0)).toBe(0);
});

test("Retry-After is read as seconds, milliseconds or a date", () => {
  const now = Date.UTC(2026, 0, 1);
  const read = (headers: Record<string, string>): number | undefined => retryAfterOf((name) => headers[name], now);
  expect(read({ "retry-after": "90" })).toBe(90_000);
  expect(read({ "retry-after": "1.5" })).toBe(1500);
  expect(read({ "retry-after-ms": "250", "retry-after": "1" })).toBe(250);
  expect(read({ "retry-after": "Thu, 01 Jan 2026 00:02:00 GMT" })).toBe(120_000);
  expect(read({ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" })).toBe(0);
  expect(read({ "retry-after": "soon" })).toBeUndefined();
  expect(read({})).toBeUndefined();
});

const ask = { role: "writer", request: { prompt: "Write a person." }, schema: person };

test("a field the model does not take is an error with the fix, and nothing leaves", async () => {
  const rig = await server(sayJson({ name: "Ada", age: 36 }));
  const cases: [object, object, string][] = [
    [{ supports: { temperature: false }, request: { temperature: 1 } }, ask, "gpt-x does not take `temperature` (supports: { temperature: false }); remove it from models.writer.request or from the stage's call"],
    [{ supports: { max_tokens: false } }, { ...ask, request: { ...ask.request, max_tokens: 5 } }, "write `max_completion_tokens` instead"],
    [{ supports: { system: false } }, { ...ask, request: { messages: [{ role: "system", content: "x" }] } }, "takes no system message"],
    [{}, { ...ask, request: { ...ask.request, n: 2 } }, "ask for more with `sample: 0`"],
    [{}, { ...ask, request: { ...ask.request, stream: true } }, "answers are not streamed"],
    [{}, { ...ask, request: {} }, "neither `prompt` nor `messages`"],
    [{ request: { messages: [{ role: "system", content: "x" }] } }, ask, "`messages` in its request would reach no call; put them into the stage's call"],
    [{ request: { response_format: { type: "json_object" } } }, ask, "a `schema` or a `response_format`, not both"],
    [{ supports: { json_schema: false } }, { ...ask, request: { ...ask.request, response_format: { type: "json_schema", json_schema: { name: "x", schema: {} } } } }, "give the schema as the call's `schema`"],
    [{}, { ...ask, request: { ...ask.request, scope: 7 } }, "`scope` is a number, not text"],
    [{}, { ...ask, schema: { name: "list", schema: { type: "array" } } }, 'must have type "object" at its root'],
    [{}, { ...ask, schema: { name: "bad", schema: { type: "object", properties: { a: { type: "strng" } } } } }, "the schema bad is no valid JSON Schema"],
    [{ provider: "openapi" }, ask, 'there is no provider "openapi"; use offline, openai'],
  ];
  for (const [spec, call, message] of cases) {
    const open = await gateway(emptyRoot(), { base_url: rig.url, ...spec });
    await expect(open.chat(call as typeof ask, caller)).rejects.toThrow(message);
  }
  expect(rig.requests).toHaveLength(0);
});

test("one alias answered by two snapshots in one cell is a warning, once", async () => {
  const rig = await server((seen) => say("x", { model: seen.number < 3 ? "gpt-x-01" : "gpt-x-02" }));
  const warnings: string[] = [];
  const open = await gateway(emptyRoot(), { base_url: rig.url }, { onWarning: (line) => warnings.push(line) });
  for (let i = 0; i < 5; i++) await open.chat({ role: "writer", request: { prompt: `number ${i}` } }, caller);
  expect(warnings).toEqual(["documents: models.writer (gpt-x) was answered by two snapshots, gpt-x-01 and gpt-x-02; name the snapshot in the pipeline file to have one"]);
});

test("the ledger counts what was spent and what stored answers saved, by stage", async () => {
  const root = emptyRoot();
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, prompt_tokens_details: { cached_tokens: 400 } };
  const rig = await server(say("x", { usage }));
  const price = { input: 2, cached_input: 1, output: 10 };
  for (const [made, stored] of [[1, 0], [0, 1]] as const) {
    const open = await gateway(root, { base_url: rig.url, price });
    await open.chat({ role: "writer", request: { prompt: "x" } }, caller);
    const money = { [made === 1 ? "cost" : "saved"]: expect.closeTo(0.0026, 12) };
    expect(open.ledger()).toEqual([{ stage: "documents", role: "writer", model: "gpt-x", made, stored, usage: made === 1 ? { input: 1000, cached_input: 400, output: 100 } : { input: 0, cached_input: 0, output: 0 }, ...money }]);
    await open.close();
  }
});

test("what left and never came back is at risk, what was refused is not", async () => {
  const rig = await server(say("text", { usage: { prompt_tokens: 1000, completion_tokens: 100 } }));
  rig.script(reset(), failed(503), rateLimited());
  const open = await gateway(emptyRoot(), { base_url: rig.url, price: { input: 1, output: 10 }, request: { max_tokens: 1000 }, limits: { concurrency: 1 } });
  for (let i = 0; i < 3; i++) await open.chat({ role: "writer", request: { prompt: `${i}` } }, caller);
  expect(rig.requests).toHaveLength(6);
  // The one that was reset: a few tokens in, a thousand out.
  expect(open.ledger()).toMatchObject([{ stage: "documents", role: "writer", made: 3, cost: expect.closeTo(0.006, 9), unanswered: 1, at_risk: expect.closeTo(0.01, 4) }]);
});

test("roles of one model share its way, under the strictest of their limits", async () => {
  let open = 0;
  let most = 0;
  const rig = await server(async () => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 5));
    open--;
    return say("a");
  });
  const spec = { provider: "openai", model: "m", base_url: rig.url };
  const both = await gateway(emptyRoot(), {}, { models: { writer: { ...spec, limits: { concurrency: 64 } }, reader: { ...spec, limits: { concurrency: 2 } } } });
  await Promise.all(Array.from({ length: 60 }, (_, i) => both.chat({ role: i % 2 === 0 ? "writer" : "reader", request: { prompt: `${i}` } }, caller)));
  expect(most).toBe(2);
});
