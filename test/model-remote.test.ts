import { randomUUID } from "node:crypto";
import { symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Answers } from "../src/model/index.ts";
import { openStore } from "../src/model/store/open.ts";
import type { CallKey } from "../src/model/key.ts";
import { children } from "./model.child.ts";
import { caller, emptyRoot, gateway, person, server } from "./model.rig.ts";
import { held, say } from "./rig/server.ts";
import { PASSWORD, postgres, redis, startPostgres, startRedis } from "./rig/stores.ts";
import type { StoreServer } from "./rig/stores.ts";

const child = children("model-remote");

function project(): string {
  const root = emptyRoot();
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  return root;
}

const asks = { cell: "s", stage: "s" };
const number = (i: number | string) => ({ role: "writer", request: { prompt: `number ${i}` } });

/** As if the holder of every claim had been silent for half a minute. */
const silenced: Record<string, (url: string) => Promise<void>> = {
  async Redis(url) {
    const { createClient } = createRequire(import.meta.url)("@redis/client") as { createClient(options: object): { connect(): Promise<unknown>; keys(pattern: string): Promise<string[]>; del(keys: string[]): Promise<unknown>; close(): Promise<void> } };
    const client = createClient({ url });
    await client.connect();
    const alive = await client.keys("daguerre:alive:*");
    expect(alive).not.toEqual([]);
    await client.del(alive);
    await client.close();
  },
  async Postgres(url) {
    const { default: pg } = await import("pg" as string) as { default: { Client: new (options: object) => { connect(): Promise<void>; query(sql: string): Promise<{ rowCount: number }>; end(): Promise<void> } } };
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    expect((await client.query("UPDATE daguerre_claims SET until = now()")).rowCount).toBeGreaterThan(0);
    await client.end();
  },
};

for (const [name, program, start] of [["Redis", redis, startRedis], ["Postgres", postgres, startPostgres]] as const) {
  describe(`answers in ${name}`, () => {
    let store: StoreServer | undefined;
    beforeAll(async () => {
      if (program.absent === undefined) store = await start();
    });
    afterAll(() => store?.stop());
    const given = (what: string, run: (url: string, store: StoreServer) => Promise<void>) => test(what, async ({ skip }) => {
      if (program.absent !== undefined) skip(program.absent);
      await run((store as StoreServer).url, store as StoreServer);
    });

    given("are shared by two projects, and what one has in flight the other waits for", async (url) => {
      const rig = await server((seen) => say(seen.body.messages[0].content));
      const [a, b] = await Promise.all([gateway(project(), { base_url: rig.url }, { store: url }), gateway(project(), { base_url: rig.url }, { store: url })]);
      for (let i = 0; i < 5; i++) expect(await a.chat(number(`shared ${i}`), caller)).toMatchObject({ cached: false });
      for (let i = 0; i < 5; i++) expect(await b.chat(number(`shared ${i}`), caller)).toMatchObject({ value: `number shared ${i}`, cached: true });
      expect(rig.requests).toHaveLength(5);
      const gate = held(say("once"));
      rig.script(gate.script);
      const first = a.chat(number("shared 9"), caller);
      await gate.asked;
      const second = b.chat(number("shared 9"), caller);
      gate.release();
      expect(await Promise.all([first, second])).toMatchObject([{ value: "once", cached: false }, { value: "once", cached: true }]);
      expect(rig.requests).toHaveLength(6);
    });

    given("are bought once by two processes that want the same at the same time", async (url) => {
      const rig = await server((seen) => ({ ...say(seen.body.messages[0].content), delayMs: 20 }));
      const [a, b] = [child(project(), rig.url, 1000, 1150, { store: url }), child(project(), rig.url, 1050, 1200, { store: url })];
      const [first, second] = await Promise.all([a.done, b.done]);
      expect(first.values).toEqual(Array.from({ length: 150 }, (_, i) => `number ${i + 1000}`));
      expect(second.values).toEqual(Array.from({ length: 150 }, (_, i) => `number ${i + 1050}`));
      expect(rig.requests).toHaveLength(200);
      expect(first.calls.made + second.calls.made).toBe(200);
    });

    given("pass over from a killed process when it has been silent for half a minute, not before", async (url) => {
      const rig = await server(say("answer"));
      const gate = held();
      rig.script(gate.script);
      const killed = child(project(), rig.url, 2000, 2001, { store: url });
      await gate.asked;
      await killed.kill();
      const open = await gateway(project(), { base_url: rig.url }, { store: url });
      let answered = false;
      const waiting = open.chat(number(2000), asks).then((result) => {
        answered = true;
        return result;
      });
      // The clock of the test is virtual: the claim has been looked at many times by now.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(answered).toBe(false);
      expect(rig.requests).toHaveLength(1);
      await silenced[name]?.(url);
      expect(await waiting).toMatchObject({ value: "answer", cached: false });
      expect(rig.requests).toHaveLength(2);
      gate.release();
    });

    given("are listed, verified, exported, imported and removed like those on disk", async (url) => {
      const root = project();
      const open = await gateway(root, { provider: "offline", model: "writer-1" }, { store: url });
      for (let i = 0; i < 30; i++) await open.chat({ role: "writer", request: { prompt: `${name} ${i}` }, schema: person }, caller);
      await open.close();
      const store = await openStore(root, url);
      expect(store.place).not.toContain(PASSWORD);
      const keys: CallKey[] = [];
      for await (const key of store.keys()) keys.push(key);
      expect([...keys].sort()).toEqual(keys);
      await store.close();
      const answers = await Answers.open({ root, store: url });
      expect((await answers.stats()).answers).toBe(keys.length);
      expect(await answers.verify()).toEqual([]);
      const lines: string[] = [];
      for await (const line of answers.export()) lines.push(line);
      expect(await answers.remove((key) => keys.includes(key))).toBe(keys.length);
      expect((await answers.stats()).answers).toBe(0);
      expect(await answers.import(lines)).toMatchObject({ imported: keys.length, refused: [] });
      const again: string[] = [];
      for await (const line of answers.export()) again.push(line);
      expect(again).toEqual(lines);
      await answers.close();
    });

    given("that cannot be reached any more are an error, never a miss and never a short list, without the password", async () => {
      const other = await start();
      const rig = await server(say("x"));
      const root = project();
      const said: string[] = [];
      const message = async (what: Promise<unknown>): Promise<void> => {
        const error = (await what.then(() => undefined, (caught: unknown) => caught)) as Error;
        expect(error).toMatchObject({ kind: "store" });
        said.push(`${error.message} ${error.stack} ${JSON.stringify(error.cause, Object.getOwnPropertyNames(error.cause ?? {}))}`);
      };
      try {
        const open = await gateway(root, { base_url: rig.url }, { store: other.url });
        await open.chat(number(1), asks);
        const answers = await Answers.open({ root, store: other.url });
        expect((await answers.stats()).answers).toBe(1);
        await other.kill();
        await message(open.chat(number(2), asks));
        await message(open.chat(number(1), asks));
        await message(answers.stats());
        await open.close().catch(() => {});
        await answers.close().catch(() => {});
        expect(rig.requests).toHaveLength(1);
      } finally {
        await other.stop();
      }
      await message(gateway(root, { base_url: rig.url }, { store: other.url }).then((open) => open.chat(number(3), asks)));
      await message(gateway(root, { base_url: rig.url }, { store: (store as StoreServer).url.replace(PASSWORD, `${PASSWORD}-wrong`) }).then((open) => open.chat(number(3), asks)));
      await message(gateway(root, { base_url: rig.url }, { store: `${other.url.replace("127.0.0.1", "not a host")}` }).then((open) => open.chat(number(3), asks)));
      expect(said.join("\n")).not.toContain(PASSWORD);
      expect(rig.requests).toHaveLength(1);
    });
  });
}

test("a store's package that is missing is named with the way to install it", async () => {
  // Found beside the tool here, so the reader's words are tested with a name nobody has.
  const { storePackage } = await import("../src/model/store/adapter.ts");
  await expect(storePackage(`none-${randomUUID()}`, `redis://u:${PASSWORD}@127.0.0.1`, emptyRoot())).rejects.toMatchObject({ kind: "store", message: expect.stringMatching(/^DAG_CACHE=redis:\/\/127\.0\.0\.1 needs the package none-.*; install it in the project: npm install none-/) as string });
});

test("a store that fails is an error and never a miss", async () => {
  const rig = await server(say("x"));
  const root = emptyRoot();
  writeFileSync(join(root, "taken"), "a file where the store should be");
  const open = await gateway(root, { base_url: rig.url }, { store: "file:taken/calls" });
  await expect(open.chat({ role: "writer", request: { prompt: "x" } }, caller)).rejects.toMatchObject({ kind: "store" });
  expect(rig.requests).toHaveLength(0);
});

test("an unknown store is refused with the known ones", async () => {
  await expect(gateway(emptyRoot(), {}, { store: `mongodb://user:${PASSWORD}@host/db` })).rejects.toMatchObject({ kind: "store", message: "DAG_CACHE=mongodb://host/db names no store; use redis://, rediss://, valkey://, postgres:// or file:<directory>, or unset it for the embedded one" });
});
