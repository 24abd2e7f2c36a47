import { spawn } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Answers } from "../src/model/index.ts";
import { openStore } from "../src/model/store/open.ts";
import type { CallKey } from "../src/model/key.ts";
import { caller, emptyRoot, gateway, person, server } from "./model.rig.ts";
import { say } from "./rig/server.ts";

/** Needs redis-server and the optional package; elsewhere these tests skip. */
const packages = process.env["DAG_TEST_KEYV"] ?? resolve("node_modules");
const binary = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].find((path) => existsSync(path));
const here = binary !== undefined && existsSync(join(packages, "@keyv", "redis"));
let url = "";
let stop = (): void => {};

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  if (!here) return;
  const port = await freePort();
  const redis = spawn(binary as string, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", "hunter22"], { stdio: "ignore" });
  stop = () => redis.kill();
  url = `redis://:hunter22@127.0.0.1:${port}`;
  for (let up = false; !up; ) {
    up = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.end();
        resolve(true);
      });
      socket.on("error", () => setTimeout(() => resolve(false), 20));
    });
  }
});
afterAll(() => stop());

function project(): string {
  const root = emptyRoot();
  symlinkSync(packages, join(root, "node_modules"));
  return root;
}

test.skipIf(!here)("two projects share answers through Redis, and each is bought once", async () => {
  const rig = await server((seen) => ({ ...say(seen.body.messages[0].content), delayMs: 40 }));
  const [a, b] = await Promise.all([gateway(project(), { base_url: rig.url }, { store: url }), gateway(project(), { base_url: rig.url }, { store: url })]);
  const ask = (i: number) => ({ role: "writer", request: { prompt: `shared ${i}` } });
  for (let i = 0; i < 5; i++) expect(await a.chat(ask(i), caller)).toMatchObject({ cached: false });
  for (let i = 0; i < 5; i++) expect(await b.chat(ask(i), caller)).toMatchObject({ value: `shared ${i}`, cached: true });
  expect(rig.requests).toHaveLength(5);
  // In flight at a, wanted by b.
  const both = await Promise.all([a.chat(ask(9), caller), new Promise((resolve) => setTimeout(resolve, 35)).then(() => b.chat(ask(9), caller))]);
  expect(both.map(({ value }) => value)).toEqual(["shared 9", "shared 9"]);
  expect(rig.requests).toHaveLength(6);
});

test.skipIf(!here)("answers in Redis are listed, verified, exported and removed like those on disk", async () => {
  const root = project();
  const open = await gateway(root, { provider: "offline", model: "writer-1" }, { store: url });
  await open.chat({ role: "writer", request: { prompt: "redis only" }, schema: person }, caller);
  await open.close();
  const store = await openStore(root, url);
  expect(store.place).not.toContain("hunter22");
  const keys: CallKey[] = [];
  for await (const key of store.keys()) keys.push(key);
  expect([...keys].sort()).toEqual(keys);
  await store.close();
  const answers = await Answers.open({ root, store: url });
  expect((await answers.stats()).answers).toBe(keys.length);
  expect(await answers.verify()).toEqual([]);
  expect(await answers.remove((key) => keys.includes(key))).toBe(keys.length);
  expect((await answers.stats()).answers).toBe(0);
  await answers.close();
});

test.skipIf(!here)("a Redis that is not there is an error at once, without the password in it", async () => {
  const port = await freePort();
  const failure = gateway(project(), { provider: "offline" }, { store: `redis://:hunter22@127.0.0.1:${port}` }).then((open) => open.chat({ role: "writer", request: { prompt: "x" } }, caller));
  const error = (await failure.catch((caught: unknown) => caught)) as Error;
  expect(error).toMatchObject({ kind: "store" });
  expect(error.message).toContain(`redis://127.0.0.1:${port}`);
  expect(`${error.message} ${error.stack}`).not.toContain("hunter22");
}, 20_000);

test("a store that fails is an error and never a miss", async () => {
  const rig = await server(say("x"));
  const root = emptyRoot();
  writeFileSync(join(root, "taken"), "a file where the store should be");
  const open = await gateway(root, { base_url: rig.url }, { store: "file:taken/calls" });
  await expect(open.chat({ role: "writer", request: { prompt: "x" } }, caller)).rejects.toMatchObject({ kind: "store" });
  expect(rig.requests).toHaveLength(0);
});

test("an unknown store is refused with the known ones", async () => {
  await expect(gateway(emptyRoot(), {}, { store: "mongodb://user:hunter22@host/db" })).rejects.toMatchObject({ kind: "store", message: "DAG_CACHE=mongodb://host/db names no store; use redis://, rediss://, valkey://, postgres:// or file:<directory>, or unset it for the embedded one" });
});
