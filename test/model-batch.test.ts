import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { afterEach, expect, test } from "vitest";
import { batchStates, cancelBatches } from "../src/model/index.ts";
import { serve } from "../src/offline/index.ts";
import type { OfflineServer, ServeOptions } from "../src/offline/index.ts";
import { caller, emptyRoot, gateway, person } from "./model.rig.ts";

const servers: OfflineServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(options?: ServeOptions): Promise<OfflineServer> {
  const server = await serve(options);
  servers.push(server);
  return server;
}
const ask = (i: number) => ({ role: "writer", request: { prompt: `Person ${i}` }, schema: person });
const statesIn = (root: string): string[] => (existsSync(join(root, "cache/calls/batches")) ? readdirSync(join(root, "cache/calls/batches")) : []);
const batchesAt = async (url: string) => (await new OpenAI({ apiKey: "any", baseURL: url }).batches.list()).data;

test("a batch buys the same answers under the same keys as calls one by one", async () => {
  const server = await start();
  const root = emptyRoot();
  const batched = await gateway(root, { base_url: server.url, mode: "batch" });
  const results = await Promise.all(Array.from({ length: 30 }, (_, i) => batched.chat(ask(i), caller)));
  const vectors = await batched.embed({ role: "writer", texts: ["one", "two"] }, caller);
  expect(results.every(({ outcome, cached }) => outcome === "ok" && !cached)).toBe(true);
  expect((await batchesAt(server.url)).map(({ endpoint, request_counts }) => [endpoint, request_counts?.total])).toEqual([["/v1/embeddings", 2], ["/v1/chat/completions", 30]]);
  await batched.close();
  expect(statesIn(root)).toEqual([]);
  const online = await gateway(root, { base_url: server.url }, { frozen: true });
  expect(await Promise.all(Array.from({ length: 30 }, (_, i) => online.chat(ask(i), caller)))).toEqual(results.map((result) => ({ ...result, cached: true })));
  expect((await online.embed({ role: "writer", texts: ["one", "two"] }, caller)).value).toEqual(vectors.value);
});

test("a run that is interrupted while the batch is out takes it up again and pays once", async () => {
  const server = await start({ batchDelay: 3 });
  const root = emptyRoot();
  const interrupt = new AbortController();
  const out = new Promise<void>((resolve) => {
    void (async () => {
      const first = await gateway(root, { base_url: server.url, mode: "batch" }, { signal: interrupt.signal, onStatus: (line) => line?.includes("batch batch-") === true && resolve() });
      await Promise.allSettled(Array.from({ length: 20 }, (_, i) => first.chat(ask(i), caller)));
      await first.close();
    })();
  });
  await out;
  interrupt.abort();
  expect(statesIn(root)).toHaveLength(1);
  const second = await gateway(root, { base_url: server.url, mode: "batch" });
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => second.chat(ask(i), caller)));
  expect(results.every(({ outcome }) => outcome === "ok")).toBe(true);
  await second.close();
  expect(await batchesAt(server.url)).toHaveLength(1);
  expect(statesIn(root)).toEqual([]);
});

test("a batch whose id was never written down is found by its digest", async () => {
  const server = await start({ batchDelay: 1500 });
  const root = emptyRoot();
  const interrupt = new AbortController();
  const first = await gateway(root, { base_url: server.url, mode: "batch" }, { signal: interrupt.signal, onStatus: () => interrupt.abort() });
  await first.chat(ask(1), caller).catch(() => {});
  await first.close();
  const [state] = await batchStates(root).list();
  if (state === undefined) throw new Error("no state was written");
  const { id: _, ...lost } = state;
  await batchStates(root).write(lost);
  const second = await gateway(root, { base_url: server.url, mode: "batch" });
  expect(await second.chat(ask(1), caller)).toMatchObject({ outcome: "ok" });
  expect(await batchesAt(server.url)).toHaveLength(1);
});

test("a cancelled batch gives what it has, and says what is missing", async () => {
  const server = await start({ batchDelay: 10 });
  const root = emptyRoot();
  let cancelled: Promise<string[]> | undefined;
  const open = await gateway(root, { base_url: server.url, mode: "batch" }, {
    onStatus: (line) => {
      if (line !== undefined && / [2-9] of /.test(line)) cancelled ??= cancelBatches(batchStates(root), [{ provider: "openai", model: "gpt-x", base_url: server.url }], {});
    },
  });
  const results = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => open.chat(ask(i), caller)));
  expect(await cancelled).toHaveLength(1);
  const finished = results.filter(({ status }) => status === "fulfilled").length;
  expect(finished).toBeGreaterThan(1);
  expect(finished).toBeLessThan(40);
  expect((results.find((one) => one.status === "rejected") as PromiseRejectedResult).reason.message).toContain("cancelled without this answer");
  await open.close();
  const again = await gateway(root, { base_url: server.url });
  await Promise.all(Array.from({ length: 40 }, (_, i) => again.chat(ask(i), caller)));
  expect(again.calls("documents")).toMatchObject({ made: 40 - finished, stored: finished });
});

test("a line the server refuses fails alone", async () => {
  const server = await start();
  const open = await gateway(emptyRoot(), { base_url: server.url, mode: "batch" });
  const [good, bad] = await Promise.allSettled([open.embed({ role: "writer", texts: ["fine"] }, caller), open.embed({ role: "writer", texts: ["bad"], options: { dimensions: 1 } }, caller)]);
  expect(good).toMatchObject({ status: "fulfilled" });
  expect(bad).toMatchObject({ status: "rejected", reason: { kind: "request", message: expect.stringContaining("'dimensions' must be an integer from 8 to 4096") } });
});

/** The wire with faults: what `spoil` returns for a request that has been answered goes back instead of its answer. */
const spoiled = (spoil: (path: string, method: string, text: string) => string | undefined) => async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
  const response = await fetch(url, init);
  const text = await response.text();
  return new Response(spoil(new URL(String(url)).pathname, init?.method ?? "GET", text) ?? text, response);
};

test("a batch whose making was not heard of is found and not made twice", async () => {
  const server = await start();
  let deaf = true;
  const first = await gateway(emptyRoot(), { base_url: server.url, mode: "batch" }, {}, {
    fetch: spoiled((path, method) => {
      if (!deaf || method !== "POST" || !path.endsWith("/batches")) return undefined;
      deaf = false;
      throw new TypeError("socket hang up");
    }),
  });
  expect((await Promise.all([first.chat(ask(1), caller), first.chat(ask(2), caller)])).map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  expect(deaf).toBe(false);
  expect(await batchesAt(server.url)).toHaveLength(1);
});

test("a line of results that cannot be read takes no other answer with it", async () => {
  const server = await start();
  const warnings: string[] = [];
  const first = await gateway(emptyRoot(), { base_url: server.url, mode: "batch" }, { onWarning: (line) => warnings.push(line) }, {
    fetch: spoiled((path, _, text) => (path.endsWith("/content") ? text.split("\n").with(1, '{"custom_id":').join("\n") : undefined)),
  });
  const all = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => first.chat(ask(i), caller)));
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"]);
  expect(warnings).toEqual([expect.stringMatching(/^a line of the results of batch .* cannot be read: SyntaxError/)]);
});

test("results that an interrupt keeps from being read are read by the next run", async () => {
  const server = await start();
  const root = emptyRoot();
  const interrupt = new AbortController();
  const first = await gateway(root, { base_url: server.url, mode: "batch" }, { signal: interrupt.signal }, {
    fetch: spoiled((path) => {
      if (!path.endsWith("/content")) return undefined;
      interrupt.abort();
      throw new TypeError("socket hang up");
    }),
  });
  await Promise.allSettled([first.chat(ask(1), caller), first.chat(ask(2), caller)]);
  await first.close();
  expect(statesIn(root)).toHaveLength(1);
  const second = await gateway(root, { base_url: server.url, mode: "batch" });
  expect((await Promise.all([second.chat(ask(1), caller), second.chat(ask(2), caller)])).map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  await second.close();
  expect(await batchesAt(server.url)).toHaveLength(1);
});
