import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Answers } from "../src/model/index.ts";
import { caller, emptyRoot, gateway, server } from "./model.rig.ts";
import { failed, say } from "./rig/server.ts";
import type { Script } from "./rig/server.ts";

const KEY = "tg-planted-9f8e7d6c5b4a";

function everyByte(directory: string): string {
  return readdirSync(directory).map((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? everyByte(path) : `${path}\n${readFileSync(path, "latin1")}`;
  }).join("\n");
}

/** A server that quotes whatever it was sent, as debugging proxies do. */
const quoting: Script = (seen) => {
  const all = `${seen.headers.authorization} ${JSON.stringify(seen.headers)}`;
  if (seen.number % 3 === 1) return failed(400, `bad key in ${all}`, "bad", { "x-echo": String(seen.headers.authorization) });
  if (seen.number % 3 === 0) return failed(401, `Incorrect API key provided: ${KEY.slice(0, 4)}***${KEY.slice(-4)}; sk-ABCDEFGH12345678. ${all}`);
  return { body: { ...(say(`you sent ${all}`).body as object), debug: { request_headers: seen.headers } } };
};

for (const mode of ["online", "batch"] as const) {
  test(`a key reaches the wire and no file, message, warning or export (${mode})`, async () => {
    const root = emptyRoot();
    const rig = await server(quoting);
    const said: string[] = [];
    const open = await gateway(
      root,
      { base_url: rig.url.replace("http://", "http://user:hunter22@"), api_key_env: "TEAM_KEY", mode, attempts: 1 },
      { env: { TEAM_KEY: KEY }, onStatus: (line) => said.push(String(line)), onWarning: (line) => said.push(line) },
    );
    for (let i = 0; i < 6; i++) {
      await open.chat({ role: "writer", request: { prompt: `number ${i}` } }, caller).then(
        (result) => said.push(JSON.stringify(result)),
        (error: unknown) => said.push(inspect(error, { depth: 10, showHidden: true }), String(error)),
      );
    }
    said.push(JSON.stringify(open.ledger()));
    await open.close();
    expect(rig.requests.some(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
    const answers = await Answers.open({ root });
    for await (const line of answers.export()) said.push(line);
    await answers.close();
    if (mode === "online") expect(said.some((text) => text.includes("you sent Bearer [key]"))).toBe(true);
    for (const secret of [KEY, "hunter22", "sk-ABCDEFGH12345678"]) {
      expect(said.filter((text) => text.includes(secret))).toEqual([]);
      // The address of a batch that is out is needed to find it; its password is not written with it.
      expect(everyByte(root)).not.toContain(secret);
    }
  });
}

test("a key of odd letters is taken out also where the server quotes it in JSON or in a URL", async () => {
  const key = 'tg/pl+ant"ed=%\\9f8e';
  const root = emptyRoot();
  const ways = [key, JSON.stringify(key).slice(1, -1), JSON.stringify(key).slice(1, -1).replaceAll("/", "\\/"), encodeURIComponent(key)];
  const rig = await server((seen) => {
    const { body } = say(`you sent ${ways[(seen.number - 1) % ways.length]}`);
    const text = JSON.stringify(body);
    // Also in the escapes other languages write.
    return seen.number <= ways.length ? { body: text.replaceAll("/", "\\/") } : failed(400, `bad ${ways[(seen.number - 1) % ways.length]}`);
  });
  const open = await gateway(root, { base_url: rig.url, api_key_env: "TEAM_KEY" }, { env: { TEAM_KEY: key } });
  const said: string[] = [];
  for (let i = 0; i < 2 * ways.length; i++) {
    await open.chat({ role: "writer", request: { prompt: `number ${i}` } }, caller).then(({ value }) => said.push(String(value)), (error: unknown) => said.push(inspect(error, { depth: 10 })));
  }
  await open.close();
  expect(rig.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  expect(said.slice(0, ways.length)).toEqual(ways.map(() => "you sent [key]"));
  for (const text of [...said, everyByte(root)]) expect(text).not.toMatch(/9f8e/);
});

test("a missing key is an error that names the variable, before anything leaves", async () => {
  const rig = await server();
  const open = await gateway(emptyRoot(), { base_url: rig.url, api_key_env: "TEAM_KEY" });
  await expect(open.chat({ role: "writer", request: { prompt: "x" } }, caller)).rejects.toMatchObject({ kind: "auth", message: "gpt-x needs a key: set $TEAM_KEY, or choose a preset with provider: offline" });
  expect(rig.requests).toHaveLength(0);
});
