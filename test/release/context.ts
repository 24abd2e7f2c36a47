import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Files, Json, JsonRecord, Need, StageContext, StageFunction } from "../../src/stage/index.ts";

/** The files under a directory, as a stage sees a declared directory. */
export function filesOf(directory: string): Files {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
  const text = (name = ""): Promise<string> => Promise.resolve(readFileSync(join(directory, name), "utf8"));
  return { path: directory, names, hash: "", text, json: async (name?: string) => JSON.parse(await text(name)) as Json } as unknown as Files;
}

/** Records as a stage sees a needed artifact; they pass through JSON text with sorted keys, like on disk. */
export function needOf(records: readonly JsonRecord[]): Need {
  const copies = records.map((record) => JSON.parse(JSON.stringify(sorted(record))) as JsonRecord);
  const byId = new Map(copies.map((record) => [record.id, record]));
  return {
    async *records() {
      yield* copies;
    },
    all: () => Promise.resolve(copies),
    get: (id: string) => Promise.resolve(byId.get(id)),
  } as unknown as Need;
}

/** Runs a stage function and collects its records. */
export async function runStage(stage: StageFunction, context: Partial<StageContext>): Promise<JsonRecord[]> {
  const full = { needs: {}, files: {}, params: {}, prompts: {}, models: {}, axis: {}, log: () => undefined, ...context } as StageContext;
  const result = (await stage(full)) as Iterable<JsonRecord> | AsyncIterable<JsonRecord>;
  const out: JsonRecord[] = [];
  for await (const record of result) out.push(record);
  return out;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}
