import OpenAI, { toFile } from "openai";
import { afterEach, expect, test } from "vitest";
import { serve } from "../src/offline/index.ts";
import type { OfflineServer, ServeOptions } from "../src/offline/index.ts";
import { caller, emptyRoot, gateway, person } from "./model.rig.ts";

const servers: OfflineServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(options?: ServeOptions): Promise<{ server: OfflineServer; client: OpenAI }> {
  const server = await serve(options);
  servers.push(server);
  return { server, client: new OpenAI({ apiKey: "any", baseURL: server.url, maxRetries: 0 }) };
}
const messages = [{ role: "user" as const, content: "Tell me of the sea." }];

test("the official client chats, also in a stream and with several choices", async () => {
  const { client } = await start();
  const whole = await client.chat.completions.create({ model: "writer-1", messages });
  const text = whole.choices[0]?.message.content ?? "";
  expect(text.length).toBeGreaterThan(40);
  expect(whole.usage?.total_tokens).toBe((whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0));
  let streamed = "";
  let tokens = 0;
  for await (const chunk of await client.chat.completions.create({ model: "writer-1", messages, stream: true, stream_options: { include_usage: true } })) {
    streamed += chunk.choices[0]?.delta.content ?? "";
    tokens = chunk.usage?.total_tokens ?? tokens;
  }
  expect(streamed).toBe(text);
  expect(tokens).toBe(whole.usage?.total_tokens);
  const three = await client.chat.completions.create({ model: "writer-1", messages, n: 3 });
  expect(new Set(three.choices.map(({ message }) => message.content)).size).toBe(3);
});

test("the official client gets structured output, embeddings, images and models", async () => {
  const { client } = await start();
  const parsed = await client.chat.completions.parse({ model: "writer-1", messages, response_format: { type: "json_schema", json_schema: { name: "person", schema: person.schema, strict: true } } });
  expect(parsed.choices[0]?.message.parsed).toEqual({ name: expect.any(String), age: expect.any(Number) });
  const vectors = await client.embeddings.create({ model: "embedder-1", input: ["a red boat", "a red ship", "tax law"], dimensions: 256 });
  expect(vectors.data.map(({ embedding }) => embedding.length)).toEqual([256, 256, 256]);
  const picture = await client.images.generate({ model: "portrait-1", prompt: "A portrait.", size: "256x256", response_format: "b64_json" });
  expect(Buffer.from(picture.data?.[0]?.b64_json ?? "", "base64").subarray(1, 4).toString()).toBe("PNG");
  expect((await client.models.list()).data.map(({ id }) => id)).toContain("writer-1");
});

test("the official client sends a batch and reads its results and errors", async () => {
  const { client } = await start();
  const line = (id: string, body: object): string => JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body });
  const file = await client.files.create({ file: await toFile(Buffer.from([line("one", { model: "m", messages }), line("two", { model: "m" })].join("\n")), "in.jsonl"), purpose: "batch" });
  let batch = await client.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
  while (batch.status !== "completed") batch = await client.batches.retrieve(batch.id);
  expect(batch.request_counts).toEqual({ total: 2, completed: 1, failed: 1 });
  const output = JSON.parse(await (await client.files.content(batch.output_file_id as string)).text());
  expect(output).toMatchObject({ custom_id: "one", response: { status_code: 200, body: { object: "chat.completion" } } });
  const errors = JSON.parse(await (await client.files.content(batch.error_file_id as string)).text());
  expect(errors).toMatchObject({ custom_id: "two", response: { status_code: 400 } });
});

test("the client's typed errors are what a real server causes", async () => {
  const { client } = await start();
  await expect(client.chat.completions.create({ model: "m", messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(client.files.retrieve("nothing")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const { client: limited } = await start({ misbehave: { limited: 1, retryAfter: 7 } });
  const error = await limited.chat.completions.create({ model: "m", messages }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get("retry-after")).toBe("7");
});

test("a run against a server that misbehaves in every way comes out with valid answers", async () => {
  const { server } = await start({ misbehave: { limited: 0.15, retryAfter: 0.01, broken: 0.1, reset: 0.1, truncated: 0.1, refused: 0.05, invalid: 0.1, latency: 1, seed: 3 } });
  const open = await gateway(emptyRoot(), { base_url: server.url, attempts: 8 });
  const results = await Promise.all(Array.from({ length: 200 }, (_, i) => open.chat({ role: "writer", request: { prompt: `Person ${i}` }, schema: person }, caller)));
  expect(results.every(({ outcome }) => outcome === "ok")).toBe(true);
  expect(server.requests()).toBeGreaterThan(open.calls("documents").made);
});

test("the same answers come over the wire and in process", async () => {
  const { server } = await start();
  const wire = await gateway(emptyRoot(), { base_url: server.url });
  const texts = ["a red boat", "tax law"];
  const over = await wire.embed({ role: "writer", texts }, caller);
  const within = await (await gateway(emptyRoot(), { provider: "offline", model: "gpt-x" })).embed({ role: "writer", texts }, caller);
  expect(over.value).toEqual(within.value);
});

// The faults a user can ask for, and how an unmodified client meets each.
const faults: Record<string, [object, (client: OpenAI) => Promise<void>]> = {
  limited: [{ limited: 1 }, async (client) => expect(client.chat.completions.create({ model: "m", messages })).rejects.toBeInstanceOf(OpenAI.RateLimitError)],
  broken: [{ broken: 1 }, async (client) => expect(client.chat.completions.create({ model: "m", messages })).rejects.toBeInstanceOf(OpenAI.InternalServerError)],
  reset: [{ reset: 1 }, async (client) => expect(client.chat.completions.create({ model: "m", messages })).rejects.toBeInstanceOf(OpenAI.APIConnectionError)],
  truncated: [{ truncated: 1 }, async (client) => expect((await client.chat.completions.create({ model: "m", messages })).choices[0]?.finish_reason).toBe("length")],
  refused: [{ refused: 1 }, async (client) => expect((await client.chat.completions.create({ model: "m", messages })).choices[0]?.message).toMatchObject({ content: null, refusal: expect.any(String) })],
  invalid: [{ invalid: 1 }, async (client) => {
    const { choices } = await client.chat.completions.create({ model: "m", messages, response_format: { type: "json_schema", json_schema: { name: "person", schema: person.schema } } });
    expect(choices[0]?.finish_reason).toBe("stop");
    expect(() => JSON.parse(choices[0]?.message.content ?? "") as unknown).toThrow(SyntaxError);
  }],
  stream: [{ stream: 20 }, async (client) => {
    const before = performance.now();
    let pieces = 0;
    for await (const _ of await client.chat.completions.create({ model: "m", messages, stream: true })) pieces++;
    expect(performance.now() - before).toBeGreaterThan(20 * (pieces - 3));
  }],
  latency: [{ latency: 60 }, async (client) => {
    const before = performance.now();
    await client.embeddings.create({ model: "m", input: "x" });
    expect(performance.now() - before).toBeGreaterThan(50);
  }],
};
for (const [name, [misbehave, meets]] of Object.entries(faults)) test(`misbehaviour "${name}" is what an unmodified client meets`, async () => meets((await start({ misbehave })).client));
