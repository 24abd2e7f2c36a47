import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Answers } from "../src/model/index.ts";
import { openStore } from "../src/model/store/open.ts";
import type { CallKey } from "../src/model/key.ts";
import { caller, emptyRoot, gateway, person, server } from "./model.rig.ts";
import { say, sayJson } from "./rig/server.ts";

const offline = { provider: "offline", model: "writer-1" };
const ask = (prompt: string) => ({ role: "writer", request: { prompt }, schema: person });

async function filled(prompts: string[]): Promise<string> {
  const root = emptyRoot();
  const open = await gateway(root, offline);
  for (const prompt of prompts) await open.chat(ask(prompt), caller);
  await open.close();
  return root;
}

async function exported(root: string): Promise<string[]> {
  const answers = await Answers.open({ root });
  const lines: string[] = [];
  for await (const line of answers.export()) lines.push(line);
  await answers.close();
  return lines;
}

test("an export is sorted by key and its import gives the same bytes again", async () => {
  const lines = await exported(await filled(["one", "two", "three"]));
  expect(lines).toHaveLength(3);
  expect([...lines].sort((a, b) => (JSON.parse(a).key < JSON.parse(b).key ? -1 : 1))).toEqual(lines);
  const root = emptyRoot();
  const answers = await Answers.open({ root });
  expect(await answers.import([...lines].reverse())).toEqual({ imported: 3, present: 0, conflicts: [], refused: [] });
  expect(await answers.import(lines)).toEqual({ imported: 0, present: 3, conflicts: [], refused: [] });
  await answers.close();
  expect(await exported(root)).toEqual(lines);
  const open = await gateway(root, offline, { frozen: true });
  expect(await open.chat(ask("two"), caller)).toMatchObject({ outcome: "ok", cached: true });
});

test("exports of two projects merge to the same bytes in either order", async () => {
  const a = await exported(await filled(["one", "two"]));
  const b = await exported(await filled(["two", "three"]));
  const merged: string[][] = [];
  for (const order of [[a, b], [b, a]]) {
    const root = emptyRoot();
    const answers = await Answers.open({ root });
    for (const lines of order) await answers.import(lines);
    await answers.close();
    merged.push(await exported(root));
  }
  expect(merged[0]?.map((line) => JSON.parse(line).key)).toEqual(merged[1]?.map((line) => JSON.parse(line).key));
  expect(merged[0]).toHaveLength(3);
});

test("an import refuses lines that were changed, and takes the others", async () => {
  const lines = await exported(await filled(["one", "two"]));
  const [one, two] = lines as [string, string];
  const answers = await Answers.open({ root: emptyRoot() });
  const report = await answers.import([one.replace('"prompt', '"promt').replace("one", "0ne").replace("two", "tw0"), "garbage\n", "\n", two, '{"answer":{},"key":"x","request":{}}']);
  expect(report.imported).toBe(1);
  expect(report.refused.map(({ line }) => line)).toEqual([1, 2, 5]);
  expect(report.refused[0]?.why).toBe("its request is not the one of its key");
  await answers.close();
});

test("of two answers to one call the stored one stays, and the other is named", async () => {
  const [mine] = (await exported(await filled(["one"]))) as [string];
  const theirs = mine.replace(/"created":0/, '"created":1');
  expect(theirs).not.toBe(mine);
  const answers = await Answers.open({ root: emptyRoot() });
  // In one file, before the first is written; and in a later one.
  expect(await answers.import([mine, theirs, mine])).toMatchObject({ imported: 1, present: 1, conflicts: [{ line: 2 }], refused: [] });
  expect(await answers.import([theirs])).toMatchObject({ imported: 0, present: 0, conflicts: [{ line: 1, key: (JSON.parse(mine) as { key: string }).key }] });
  const kept: string[] = [];
  for await (const line of answers.export()) kept.push(line);
  expect(kept).toEqual([mine]);
  await answers.close();
});

async function damage(root: string, change: (text: string) => string): Promise<void> {
  const store = await openStore(root, undefined);
  for await (const key of store.keys()) await store.set(key, change((await store.get(key)) as string));
  await store.close();
}

for (const [how, change] of [
  ["cut off", (text: string) => text.slice(0, 100)],
  ["empty", () => ""],
  ["with a flipped digit", (text: string) => text.replace(/"prompt_tokens":(\d)/, (_, digit: string) => `"prompt_tokens":${(Number(digit) + 1) % 10}`)],
  ["of an unknown format", (text: string) => text.replace(/^1 /, "9 ")],
] as const) {
  test(`an entry that is ${how} is refused under frozen, else reported once and asked for again`, async () => {
    const root = await filled(["one"]);
    await damage(root, change);
    const answers = await Answers.open({ root });
    expect(await answers.verify()).toHaveLength(1);
    await answers.close();
    const frozen = await gateway(root, offline, { frozen: true });
    await expect(frozen.chat(ask("one"), caller)).rejects.toMatchObject({ kind: "frozen", message: expect.stringContaining("the stored answer cannot be used") });
    await frozen.close();
    const warnings: string[] = [];
    const open = await gateway(root, offline, { onWarning: (line) => warnings.push(line) });
    expect(await open.chat(ask("one"), caller)).toMatchObject({ outcome: "ok", cached: false });
    expect(await open.chat(ask("one"), caller)).toMatchObject({ outcome: "ok", cached: true });
    expect(warnings).toHaveLength(1);
  });
}

test("an entry whose request alone is cut off still answers, and verify names it", async () => {
  const root = await filled(["one"]);
  await damage(root, (text) => text.slice(0, -20));
  const frozen = await gateway(root, offline, { frozen: true });
  expect(await frozen.chat(ask("one"), caller)).toMatchObject({ outcome: "ok" });
  const answers = await Answers.open({ root });
  expect(await answers.verify()).toMatchObject([{ damage: "its request is not the one of its key" }]);
  await answers.close();
});

test("an entry under another's key is noticed", async () => {
  const root = await filled(["one", "two"]);
  const store = await openStore(root, undefined);
  const keys: CallKey[] = [];
  for await (const key of store.keys()) keys.push(key);
  const [a, b] = keys as [CallKey, CallKey];
  await store.set(a, (await store.get(b)) as string);
  await store.close();
  const warnings: string[] = [];
  const open = await gateway(root, offline, { onWarning: (line) => warnings.push(line) });
  await open.chat(ask("one"), caller);
  await open.chat(ask("two"), caller);
  expect(warnings).toEqual([`the stored answer ${a} cannot be used: it is the answer to ${b}; it is asked for again`]);
});

test("an older key version is migrated without buying anything", async () => {
  const root = await filled(["one"]);
  const store = await openStore(root, undefined);
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  for await (const key of store.keys()) {
    const [, answer, request] = ((await store.get(key)) as string).split("\n") as [string, string, string];
    // Version 0 had the model's name beside the body.
    const old = request.replace('"v":1}', '"v":0}');
    const oldKey = `sha256:${sha(old)}` as CallKey;
    const line = answer.replace(key, oldKey);
    await store.set(oldKey, `1 ${sha(line)}\n${line}\n${old}`);
    await store.delete(key);
  }
  await store.close();
  const answers = await Answers.open({ root });
  expect(await answers.migrate()).toEqual({ migrated: 0, unknown: 1 });
  expect(await answers.migrate({ 0: (request) => ({ ...request, v: 1 }) })).toEqual({ migrated: 1, unknown: 0 });
  expect(await answers.verify()).toEqual([]);
  await answers.close();
  const frozen = await gateway(root, offline, { frozen: true });
  expect(await frozen.chat(ask("one"), caller)).toMatchObject({ cached: true });
});

test("ls and stats tell model, snapshot, outcome, tokens and who asked", async () => {
  const root = emptyRoot();
  const rig = await server(sayJson({ name: "Ada", age: 36 }));
  rig.script(say("nonsense"));
  const open = await gateway(root, { base_url: rig.url });
  await open.chat(ask("one"), caller);
  await open.close();
  const answers = await Answers.open({ root });
  const list = [];
  for await (const one of answers.list()) list.push(one);
  expect(list.map(({ outcome }) => outcome).sort()).toEqual(["invalid", "ok"]);
  expect(list[0]).toMatchObject({ kind: "chat", provider: "openai", model: "gpt-x", snapshot: "rig-2026-01-01", asker: { stage: "documents", item: "p1", role: "writer" } });
  expect(await answers.stats()).toMatchObject({ answers: 2, damaged: 0, byModel: { "openai gpt-x": { answers: 2, usage: { input: 20, output: 10 }, outcomes: { ok: 1, invalid: 1 } } } });
  expect(await answers.remove(() => true)).toBe(2);
  expect((await answers.stats()).answers).toBe(0);
  await answers.close();
});

test("an answer whose check takes long is stored before it is over; who finds it so checks it and buys nothing", async () => {
  const slow = { name: "slow", schema: { type: "object", properties: { x: { type: "string", pattern: "^(a+)+$" } }, required: ["x"] } };
  const call = { role: "writer", request: { prompt: "one" }, schema: slow };
  const rig = await server(sayJson({ x: `${"a".repeat(26)}!` }));
  const model = { base_url: rig.url, attempts: 1 };
  const root = emptyRoot();
  const open = await gateway(root, model);
  let done = false;
  const asked = open.chat(call, caller).finally(() => (done = true));
  // What a kill would leave.
  let left: string[] = [];
  while (left.length === 0 && !done) left = await exported(root);
  expect(left.map((line) => JSON.parse(line).answer)).toMatchObject([{ outcome: "unchecked", usage: { input: expect.any(Number) }, response: { choices: [{}] } }]);
  expect(await asked).toMatchObject({ outcome: "invalid", cached: false });
  expect((await exported(root)).map((line) => JSON.parse(line).answer.outcome)).toEqual(["invalid"]);

  const other = emptyRoot();
  const answers = await Answers.open({ root: other });
  await answers.import(left);
  await answers.close();
  const frozen = await gateway(other, model, { frozen: true });
  expect(await frozen.chat(call, caller)).toMatchObject({ outcome: "invalid", cached: true });
  await frozen.close();
  const again = await gateway(other, model);
  expect(await again.chat(call, caller)).toMatchObject({ outcome: "invalid", cached: true });
  expect(rig.requests).toHaveLength(1);
  expect(await exported(other)).toEqual(await exported(root));
});
