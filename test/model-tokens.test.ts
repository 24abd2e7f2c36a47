import { expect } from "vitest";
import { chatTokens, encodingOf, tokenCounter } from "../src/model/tokens.ts";
import { pipeline, test } from "./rig/index.ts";

const openai = (model: string) => ({ provider: "openai", model });

// OpenAI's cookbook, "How to count tokens with tiktoken": counts by tiktoken, and of the conversation as the API itself billed it.
test("texts have the tokens OpenAI's own tokenizer counts", async () => {
  const [o200k, cl100k] = [await tokenCounter(openai("gpt-4o-2024-08-06")), await tokenCounter(openai("gpt-4-0613"))];
  expect([o200k.name, cl100k.name, o200k.own, cl100k.own]).toEqual(["o200k_base", "cl100k_base", true, true]);
  for (const [text, new200, new100] of [["antidisestablishmentarianism", 6, 6], ["2 + 2 = 4", 7, 7], ["お誕生日おめでとう", 8, 9], ["tiktoken is great!", 6, 6], ["<|endoftext|>", 7, 7], ["", 0, 0]] as const) {
    expect([text, o200k.count(text), cl100k.count(text)]).toEqual([text, new200, new100]);
  }
});

test("a conversation has the tokens the API bills", async () => {
  const system = (content: string, name?: string) => ({ role: "system", ...(name === undefined ? {} : { name }), content });
  const messages = [
    system("You are a helpful, pattern-following assistant that translates corporate jargon into plain English."),
    system("New synergies will help drive top-line growth.", "example_user"),
    system("Things working well together will increase revenue.", "example_assistant"),
    system("Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.", "example_user"),
    system("Let's talk later when we're less busy about how to do better.", "example_assistant"),
    { role: "user", content: "This late pivot means we don't have time to boil the ocean for the client deliverable." },
  ];
  for (const [model, billed] of [["gpt-4o-mini-2024-07-18", 124], ["gpt-4-0613", 129], ["gpt-3.5-turbo", 129]] as const) {
    expect([model, chatTokens({ messages }, await tokenCounter(openai(model)))]).toEqual([model, { tokens: billed, undocumented: 0 }]);
  }
});

test("a model's name tells its encoding; an unknown one has a stand-in and says so", async () => {
  expect(["gpt-4o", "ft:gpt-4o-mini:me::1", "openai/gpt-4.1-nano", "gpt-5-mini", "o3", "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo-0125", "text-embedding-3-small"].map(encodingOf)).toEqual([...Array<string>(5).fill("o200k_base"), ...Array<string>(4).fill("cl100k_base")]);
  expect(["llama3.1:8b", "mistral-large", "gpt-2", "claude-x"].map(encodingOf)).toEqual([undefined, undefined, undefined, undefined]);
  expect(await tokenCounter(openai("llama3.1:8b"))).toMatchObject({ name: "o200k_base", own: false });
});

test("schemas, tools and pictures are counted apart, since no vendor documents their share", async () => {
  const counter = await tokenCounter(openai("gpt-4o"));
  const text = chatTokens({ messages: [{ role: "user", content: [{ type: "text", text: "2 + 2 = 4" }] }] }, counter);
  expect(text).toEqual({ tokens: 3 + 3 + 1 + 7, undocumented: 0 });
  const more = chatTokens({ messages: [{ role: "user", content: [{ type: "text", text: "2 + 2 = 4" }, { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(50_000)}` } }] }], response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "object" } } } }, counter);
  expect(more.undocumented).toBeGreaterThan(765);
  expect(more.undocumented).toBeLessThan(800);
  expect(more.tokens).toBe(text.tokens + more.undocumented);
});

test("a word of half a million letters is counted in linear time, to within a token for each thousand", async () => {
  const counter = await tokenCounter(openai("gpt-4o"));
  // The square of its length would take ten minutes, and the test would time out.
  expect(Math.abs(counter.count("a".repeat(500_000)) - 62_500)).toBeLessThanOrEqual(500);
});

test("plan says for each model how its tokens were counted, and what stored answers leave to buy", async ({ p }) => {
  p.write({
    "stages/people.ts": 'export default () => ["p1", "p2", "p3", "p4"].map((id) => ({ id }));',
    "stages/say.ts": `export default async ({ item, models }) => {
      await models.near.embed(["shared", item.id]);
      return { id: item.id, a: (await models.known.chat({ prompt: "2 + 2 = 4" })).value, b: (await models.other.chat({ prompt: item.id })).value };
    };\n`,
    "pipeline.yaml": pipeline(
      { people: { run: "stages/people.ts" }, say: { run: "stages/say.ts", each: "people", models: ["known", "other", "near"] } },
      { models: { known: { provider: "openai", model: "gpt-4o", price: { input: 2.5, output: 10 } }, other: { provider: "openai", model: "llama3.1:8b", base_url: "http://127.0.0.1:9/v1" }, near: { provider: "openai", model: "text-embedding-3-small", price: { input: 0.02 } } } },
    ),
  });
  const { stdout, code } = await p.dag("plan");
  expect(code).toBe(0);
  expect(stdout).toContain("gpt-4o: input counted by its tokenizer, o200k_base, exact\n");
  expect(stdout).toContain("text-embedding-3-small: input counted by its tokenizer, cl100k_base, exact\n");
  expect(stdout).toContain("llama3.1:8b: input estimated by o200k_base: −3 % to +28 %\n");
  expect(stdout).toContain("models.other has no price");
  const lines = (await p.dag("plan", "--json")).stdout.trim().split("\n").map((line) => JSON.parse(line) as { event: string; role: string; calls: number; stored: number; shared: number; tokens: { input: number }; tokenizer: { name: string; own: boolean } });
  const rows = new Map(lines.filter(({ event }) => event === "forecast").map((row) => [row.role, row]));
  expect(rows.get("known")).toMatchObject({ calls: 4, tokens: { input: 4 * 14 }, tokenizer: { name: "o200k_base", own: true } });
  expect(rows.get("other")).toMatchObject({ calls: 4, tokenizer: { name: "o200k_base", own: false } });
  // "shared" is bought once.
  expect(rows.get("near")).toMatchObject({ calls: 5, stored: 0, shared: 3 });
});
