/**
 * Runs the stages that write documents and questions on profiles drawn from the taxonomy, with the offline provider behind a plain model: no build,
 * no store. What a real run adds is tested where the binary is driven.
 */
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { Liquid } from "liquidjs";
import type { Files, Json, JsonRecord, Model, Need, Prompt, Random, StageContext } from "../src/stage/index.ts";
import { answer } from "../src/offline/index.ts";
import { seededRandom } from "../src/offline/random.ts";
import documents from "../stages/documents.ts";
import questions from "../stages/questions.ts";

const ROOT = new URL("..", import.meta.url);

/** The params of the two stages at the sizes of the paper. */
export const PAPER = {
  seed: 2024, questions: { basic: 18, preference: 12.4, social: 8.5 }, sessions: { alternatives: 0.1, updates: 0.008, news: 0.2 },
};

interface Template { path: string; kind: string; count: [number, number]; presence: number; pool: string[] }

/** People of `communities` × 10, the first three of each tested, with relations both ways and values of their own. */
export async function community(communities: number, seed: string): Promise<JsonRecord[]> {
  const { categories } = JSON.parse(await readFile(new URL("seeds/taxonomy.json", ROOT), "utf8")) as { categories: Template[] };
  const random = seededRandom(seed);
  const records: JsonRecord[] = [];
  for (let c = 0; c < communities; c++) {
    const edges: [number, number, string, string][] = [[0, 1, "friend", "friend"], [0, 3, "sister", "brother"], [0, 4, "colleague", "colleague"], [1, 5, "neighbor", "neighbor"], [1, 6, "mother", "son"], [2, 1, "cousin", "cousin"], [2, 7, "client", "service provider"], [2, 8, "friend", "friend"], [7, 9, "husband", "wife"]];
    for (let p = 0; p < 10; p++) {
      const attributes: { [key: string]: Json } = {};
      for (const { path, kind, count, presence, pool } of categories) {
        if (!random.chance(presence)) continue;
        const values = random.sample(pool.length > 0 ? pool : INVENTED, random.int(count[0], count[1]));
        const [first = "none"] = values;
        attributes[path] = kind === "integer" ? random.int(20, 70) : kind === "string" ? first : kind === "list" ? values : values.map((text, index) => ({ [SLOTS[index] ?? "eye"]: text }));
      }
      const relations = edges.flatMap(([a, b, ab, ba]): Json[] => (a === p ? [{ person: id(c, b), name: NAMES[b] ?? "", relationship: ab }] : b === p ? [{ person: id(c, a), name: NAMES[a] ?? "", relationship: ba }] : []));
      records.push({ id: id(c, p), community: c, person: p, name: NAMES[p] ?? "", age: 40, gender: p % 2 === 0 ? "male" : "female", persona: "", tested: p < 3, attributes, relations });
    }
  }
  return records;
}

const NAMES = ["Tobias Arkwright", "Lene Okafor", "Marek Solberg", "Ilse Arkwright", "Pavel Dunne", "Rosa Quiller", "Maud Okafor", "Henrik Vasquez", "Yara Lindqvist", "Agnes Vasquez"];
const SLOTS = ["height", "eyes", "hair"];
const INVENTED = ["Wexmoor", "Port Albany", "Tullaquarry", "Ostergaard", "Belvarine", "Quillmark", "Sandrovia", "Hexley", "Marrowgate", "Ploverton", "Vintercombe", "Drumlochty", "Zellhausen", "Karrowby", "Istvania"];
function id(c: number, p: number): string {
  return `c${String(c).padStart(3, "0")}p${String(p).padStart(3, "0")}`;
}

/** A model that answers in process; counts its calls and remembers answers by prompt, as the store does. */
export function offlineModel(memory = new Map<string, Json>()): Model & { calls: () => number } {
  let made = 0;
  const refuse = (): never => { throw new Error("not in this rig"); };
  return {
    provider: "offline", model: "writer-1", embed: refuse, image: refuse, calls: () => made,
    async chat<V>({ prompt, schema }: { prompt?: string; schema?: unknown }) {
      const key = createHash("sha256").update(`${String(schema)}\n${prompt ?? ""}`).digest("hex");
      if (!memory.has(key)) {
        made++;
        const name = String(schema).replace(/^schemas\//, "").replace(/\.schema\.json$/, "");
        const body = { model: "writer-1", messages: [{ role: "user", content: prompt ?? "" }], response_format: { type: "json_schema", json_schema: { name, schema: await schemaOf(String(schema)) } } };
        const response = (await answer("chat", body)) as unknown as { choices: { message: { content: string } }[] };
        memory.set(key, JSON.parse(response.choices[0]?.message.content ?? "null") as Json);
      }
      return { value: structuredClone(memory.get(key)) as V, outcome: "ok", usage: { input: 0, cached_input: 0, output: 0 }, cached: false, model: "writer-1", key };
    },
  };
}

const schemas = new Map<string, Json>();
async function schemaOf(path: string): Promise<Json> {
  const known = schemas.get(path) ?? (JSON.parse(await readFile(new URL(path, ROOT), "utf8")) as Json);
  schemas.set(path, known);
  return known;
}

export function need(records: JsonRecord[]): Need {
  const byId = new Map(records.map((record) => [record.id, record]));
  return {
    records: async function* () { yield* records; }, all: () => Promise.resolve(records), get: (record) => Promise.resolve(byId.get(record)),
    json: refused, text: refused, npy: refused, path: "", hash: "", cells: () => [],
  };
}

export function file(name: string): Files {
  const read = (): Promise<string> => readFile(new URL(name, ROOT), "utf8");
  return {
    path: name, names: [name], hash: "", text: read, bytes: refused, json: async () => JSON.parse(await read()) as Json,
    records: async function* () { for (const line of (await read()).trim().split("\n")) yield JSON.parse(line) as Json; },
  };
}

function refused(): never {
  throw new Error("not in this rig");
}

async function prompt(name: string): Promise<Prompt> {
  const text = await readFile(new URL(`prompts/${name}.md`, ROOT), "utf8");
  const engine = new Liquid({ strictVariables: true });
  const template = engine.parse(text);
  return { text, path: name, render: (variables) => engine.renderSync(template, variables) as string };
}

export interface Built {
  documents: JsonRecord[];
  questions: JsonRecord[];
}

/** Documents and questions of all people at one noise level. */
export async function build(profiles: JsonRecord[], noise: number, params: Record<string, unknown> = PAPER, writer: Model = offlineModel()): Promise<Built> {
  const files = {
    taxonomy: file("seeds/taxonomy.json"), cues: file("seeds/sessions-cues.json"), topics: file("seeds/noise-topics.jsonl"), requests: file("seeds/noise-requests.jsonl"),
    items: file("seeds/noise-purchases.jsonl"), news: file("seeds/news.jsonl"), threads: file("seeds/sessions-threads.jsonl"),
  };
  const names = ["conversation", "user-ai", "purchase", "noise-conversation", "noise-user-ai", "noise-purchase"];
  const prompts = Object.fromEntries(await Promise.all(names.map(async (name): Promise<[string, Prompt]> => [name, await prompt(name)])));
  const context = (item: JsonRecord, stage: string, needs: Record<string, Need>): StageContext => ({
    item, needs, files, params, prompts, models: { writer }, axis: { noise }, log: () => undefined, signal: new AbortController().signal, output: "",
    random: (...labels: (string | number)[]): Random => seededRandom(JSON.stringify([params["seed"], stage, item.id, ...labels])),
  });
  const written: JsonRecord[] = [];
  for (const item of profiles) written.push(...((await documents(context(item, "documents", { profile: need(profiles) }))) as JsonRecord[]));
  const asked = (await questions(context({ id: "" }, "questions", { profile: need(profiles), documents: need(written) }))) as JsonRecord[];
  return { documents: written, questions: asked };
}
