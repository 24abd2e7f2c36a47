import { expect, test } from "vitest";
import { children } from "./model.child.ts";
import { caller, emptyRoot, gateway, server } from "./model.rig.ts";
import { held, rateLimited, reset, say } from "./rig/server.ts";

const child = children("model-processes");

for (const store of [undefined, "file:calls"]) {
  test(`two processes that share ${store === undefined ? "the embedded store" : "a store of files"} buy each answer once`, async () => {
    const root = emptyRoot();
    const rig = await server((seen) => ({ ...say(seen.body.messages[0].content), delayMs: 30 }));
    const more = store === undefined ? {} : { store };
    const [a, b] = [child(root, rig.url, 0, 60, more), child(root, rig.url, 20, 80, more)];
    const [first, second] = await Promise.all([a.done, b.done]);
    expect(first.values).toEqual(Array.from({ length: 60 }, (_, i) => `number ${i}`));
    expect(second.values).toEqual(Array.from({ length: 60 }, (_, i) => `number ${i + 20}`));
    expect(rig.requests).toHaveLength(80);
    expect(first.calls.made + second.calls.made).toBe(80);
    expect(first.calls.stored + second.calls.stored).toBe(40);
  });
}

test("killed between the answer and its use, it is not bought again", async () => {
  const root = emptyRoot();
  const rig = await server((seen) => say(`answer ${seen.number}`));
  const killed = child(root, rig.url, 0, 10, { env: { HANG: "1" } });
  const { values } = await killed.done;
  await killed.kill();
  const again = await child(root, rig.url, 0, 10).done;
  expect(again.values).toEqual(values);
  expect(rig.requests).toHaveLength(10);
});

test("the claim of a process killed in mid-call passes over at once", async () => {
  const root = emptyRoot();
  const rig = await server(say("answer"));
  const gate = held();
  rig.script(gate.script);
  const killed = child(root, rig.url, 0, 1);
  await gate.asked;
  await killed.kill();
  const open = await gateway(root, { base_url: rig.url });
  expect(await open.chat({ role: "writer", request: { prompt: "number 0" } }, { cell: "s", stage: "s" })).toMatchObject({ value: "answer", cached: false });
  expect(rig.requests).toHaveLength(2);
  gate.release();
});

test("5,000 calls at concurrency 256 under 10 % rate limits and 5 % resets finish, each bought once", async () => {
  const root = emptyRoot();
  let state = 7;
  const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
  const answered = new Map<string, number>();
  const rig = await server((seen) => {
    const luck = random();
    if (luck < 0.1) return rateLimited();
    if (luck < 0.15) return reset();
    const prompt = seen.body.messages[0].content as string;
    answered.set(prompt, (answered.get(prompt) ?? 0) + 1);
    return say(prompt);
  });
  const open = await gateway(root, { base_url: rig.url, limits: { concurrency: 256 } });
  // Each prompt is wanted twice at once.
  const results = await Promise.all(Array.from({ length: 10_000 }, (_, i) => open.chat({ role: "writer", request: { prompt: `number ${i % 5000}` } }, caller)));
  expect(results.every(({ value }, i) => value === `number ${i % 5000}`)).toBe(true);
  expect(answered.size).toBe(5000);
  expect([...answered.values()].every((times) => times === 1)).toBe(true);
  expect(open.calls("documents")).toMatchObject({ made: 5000, stored: 5000 });
}, 120_000);
