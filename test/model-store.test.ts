import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createGateway } from "../src/model/index.ts";
import type { GatewayOptions } from "../src/model/index.ts";
import type { CallKey } from "../src/model/key.ts";
import { FileClaims } from "../src/model/store/files.ts";
import { thisOwner } from "../src/store/index.ts";

const roots: string[] = [];
function root(): string {
  const path = mkdtempSync(join(tmpdir(), "dag-model-"));
  roots.push(path);
  return path;
}
afterEach(() => {
  for (const path of roots.splice(0)) rmSync(path, { recursive: true, force: true });
});

const writer = { provider: "offline", model: "writer-1" };
const caller = { cell: "documents", stage: "documents", item: "p1" };
const schema = { name: "person", schema: { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } }, required: ["name", "age"], additionalProperties: false } };

function options(path: string, more: Partial<GatewayOptions> = {}): GatewayOptions {
  return { root: path, models: { writer }, signal: new AbortController().signal, env: {}, ...more };
}

for (const store of [undefined, "file:cache/files"]) {
  const where = store === undefined ? "the embedded store" : "the file store";

  test(`a second run takes every answer from ${where}`, async () => {
    const path = root();
    const more = store === undefined ? {} : { store };
    const first = await createGateway(options(path, more));
    const bought = await first.chat({ role: "writer", request: { prompt: "Write a person." }, schema }, caller);
    const vectors = await first.embed({ role: "writer", texts: ["one", "two", "one"] }, caller);
    expect(first.calls("documents")).toEqual({ made: 3, stored: 0, cost: 0 });
    await first.close();

    const second = await createGateway(options(path, { ...more, frozen: true }));
    const stored = await second.chat({ role: "writer", request: { prompt: "Write a person." }, schema }, caller);
    expect(stored).toEqual({ ...bought, cached: true });
    expect((await second.embed({ role: "writer", texts: ["two", "one"] }, caller)).value).toEqual([vectors.value[1], vectors.value[0]]);
    expect(second.calls("documents")).toEqual({ made: 0, stored: 3, cost: 0 });
    await second.close();
  });
}

test("the claim of another machine stands while it shows life, and passes over when it has shown none for half a minute", async () => {
  const folder = root();
  const key = `sha256:${"a".repeat(64)}` as CallKey;
  const path = join(folder, "a".repeat(64));
  const foreign = JSON.stringify({ ...thisOwner("buying answers"), host: "elsewhere", machine: "another", boot: "another" });
  let now = 0;
  const claims = new FileClaims(folder, () => now);
  writeFileSync(path, foreign);
  for (let beat = 1; beat <= 10; beat++) {
    utimesSync(path, beat, beat);
    expect(await claims.take(key)).toBe(false);
    now += 25_000;
  }
  expect(await claims.take(key)).toBe(false);
  now += 5_000;
  expect(await claims.take(key)).toBe(true);
  await claims.drop(key);
  await claims.close();
});
