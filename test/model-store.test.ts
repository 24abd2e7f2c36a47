import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createGateway } from "../src/model/index.ts";
import type { GatewayOptions } from "../src/model/index.ts";

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
