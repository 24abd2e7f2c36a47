import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { caller, emptyRoot, gateway, server } from "./model.rig.ts";
import { held, rateLimited, reset, say } from "./rig/server.ts";

// Inside node_modules, so that the bundle finds its packages.
const folder = resolve("node_modules", ".cache", `model-processes-${process.pid}`);
const children: ChildProcess[] = [];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await build({ entryPoints: { model: "src/model/index.ts" }, outdir: folder, outExtension: { ".js": ".mjs" }, bundle: true, splitting: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
  writeFileSync(join(folder, "child.mjs"), `
    import { createGateway } from "./model.mjs";
    const [root, base_url, from, to, store] = process.argv.slice(2);
    const gateway = await createGateway({ root, ...(store ? { store } : {}), models: { writer: { provider: "openai", model: "gpt-x", base_url } }, signal: new AbortController().signal, env: {} });
    const values = await Promise.all(Array.from({ length: to - from }, (_, i) => gateway.chat({ role: "writer", request: { prompt: "number " + (Number(from) + i) } }, { cell: "s", stage: "s" })));
    process.stdout.write(JSON.stringify({ values: values.map(({ value }) => value), calls: gateway.calls("s") }));
    if (process.env.HANG) await new Promise(() => setInterval(() => {}, 1000));
    await gateway.close();
  `);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  const { rm } = await import("node:fs/promises");
  await rm(folder, { recursive: true, force: true });
});

interface Done { values: string[]; calls: { made: number; stored: number } }

function child(root: string, url: string, from: number, to: number, more: { store?: string; env?: Record<string, string> } = {}): { process: ChildProcess; done: Promise<Done> } {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const started = spawn(process.execPath, [join(folder, "child.mjs"), root, url, String(from), String(to), more.store ?? ""], { cwd: tmpdir(), env: { ...env, ...more.env }, stdio: ["ignore", "pipe", "inherit"] });
  children.push(started);
  let text = "";
  const done = new Promise<Done>((resolve, reject) => {
    started.stdout?.on("data", (data: Buffer) => {
      text += data.toString();
      try {
        resolve(JSON.parse(text) as Done);
      } catch {
        // Not all of it yet.
      }
    });
    started.on("exit", () => reject(new Error(`ended early: ${text}`)));
  });
  done.catch(() => {});
  return { process: started, done };
}

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
  killed.process.kill("SIGKILL");
  await new Promise((resolve) => killed.process.on("exit", resolve));
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
  killed.process.kill("SIGKILL");
  await new Promise((resolve) => killed.process.on("exit", resolve));
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
