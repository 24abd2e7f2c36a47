/** A benchmark in small: personas, profiles, sessions at two noise levels, questions, retrieval, answers, scores; and what a trace says of it. */
import { expect } from "vitest";
import { pipeline } from "./rig/index.ts";
import type { DagEvent, Project } from "./rig/index.ts";

export interface TracedRecord {
  cell: string;
  id: string;
  root: boolean;
  from: { cell: string; id: string; by: "item" | "reference"; changed?: boolean; paths?: string[] }[];
  item?: { need: string; id: string; records: number };
  read?: { need: string; ids: string[] }[];
  beside?: { field: string; count: number }[];
  open?: { need: string; axes: string[] }[];
  unsure?: { need: string; path: string; value: string; why: string }[];
  ends?: string[];
  gone?: { need: string; axis: string; said: unknown }[];
  calls: { own?: string[]; one_of?: string[][]; others?: number; unknown?: string };
  record: Record<string, unknown>;
}

export interface TracedCall {
  cell: string;
  id: string;
  key: string;
  role: string;
  kind: string;
  outcome: string;
  attempt: number;
  model: string;
  snapshot: string;
  answer: string;
  prompt: { role: string; text: string }[];
  usage: { input: number; output: number };
  cost?: number;
  problems?: string[];
  problem?: string;
}

const stages: Record<string, string> = {
  "stages/seed.ts": `export default async ({ models }) => Promise.all(["ada", "bo", "cy"].map(async (name) => {
  const { value } = await models.writer.chat({ prompt: "Invent " + name + ", whose number is " + name.length });
  return { id: "persona-" + name, name, persona: value };
}));\n`,
  // All of a town are in one record, which names its personas; a person's number is one that equals no id.
  "stages/graph.ts": `export default async ({ needs }) => [{ id: "town", size: "3", nodes: (await needs.seed.all()).map(({ id, name }, i) => ({ id: "p" + i, seed: id, name })) }];\n`,
  "stages/profile.ts": `export default async ({ item, models }) => Promise.all(item.nodes.map(async ({ id, name }) => {
  const { value } = await models.writer.chat({ prompt: "Describe the favourite place of " + name });
  return { id, name, place: value };
}));\n`,
  "stages/documents.ts": `export default async ({ item, axis, needs }) => {
  const friend = await needs.profile.get("p0");
  return [0, 1, 2].map((i) => ({ id: "doc-" + item.id + "-" + i, person: item.id, met: i === 2 ? "p0" : null, k: 3, text: item.name + " at noise " + axis.noise + " meets " + friend.name + ", session " + i }));
};\n`,
  "stages/questions.ts": `export default async ({ needs }) => (await needs.profile.all()).map(({ id, name }, i) => ({ id: "q00" + i, person: id, k: "3", question: "Where is " + name + "?", evidence: [{ ids: ["doc-" + id + "-2"] }] }));\n`,
  "stages/embed.ts": `export default async ({ needs, models, axis }) => {
  const questions = await needs.questions.all();
  const documents = await needs.documents.all();
  if (axis.retriever === "dense") await models.embedder.embed([...questions.map(({ question }) => question), ...documents.map(({ text }) => text)]);
  return questions.map(({ id, person }) => ({ id, retriever: axis.retriever, retrieved: documents.filter((one) => one.person === person).slice(0, 2).map((one) => one.id) }));
};\n`,
  "stages/answer.ts": `export default async ({ item, needs, models }) => {
  const question = await needs.questions.get(item.id);
  const texts = [];
  for (const id of item.retrieved) texts.push((await needs.documents.get(id)).text);
  const { value, outcome } = await models.reader.chat({ prompt: texts.join("\\n") + "\\n" + question.question, schema: { type: "object", required: ["answer"], properties: { answer: { type: "string" } } } });
  return { id: item.id, outcome, prediction: outcome === "ok" ? value.answer : "", retrieved: item.retrieved };
};\n`,
  "stages/evaluate.ts": `export default async ({ needs }) => {
  const scores = [];
  for (const cell of needs.answer.cells()) for (const { id, prediction } of await cell.all()) {
    const retriever = cell.axis.retriever === "plain" ? "baseline" : cell.axis.retriever;
    scores.push({ id: id + "@" + cell.axis.noise + "," + retriever, question: id, noise: cell.axis.noise, retriever, f1: prediction === "" ? 0 : 1 });
  }
  return { "scores.jsonl": scores, "summary.json": { n: scores.length } };
};\n`,
};

export const offline = (model: string): object => ({ provider: "offline", model });

/** seed → graph → profile → documents, questions → embed → answer → evaluate. `retriever` is called otherwise in the scores than on the axis, for one of its values. */
export function benchmark(p: Project, models: Record<string, object> = {}): Project {
  const noise = { noise: [0, 0.5] };
  return p.write({
    ...stages,
    "pipeline.yaml": pipeline({
      seed: { run: "stages/seed.ts", models: ["writer"] },
      graph: { run: "stages/graph.ts", needs: ["seed"] },
      profile: { run: "stages/profile.ts", each: "graph", models: ["writer"] },
      documents: { run: "stages/documents.ts", each: "profile", matrix: noise },
      questions: { run: "stages/questions.ts", needs: ["profile", "documents"], matrix: noise },
      embed: { run: "stages/embed.ts", needs: ["documents", "questions"], models: ["embedder"], matrix: { ...noise, retriever: ["dense", "plain"] } },
      answer: { run: "stages/answer.ts", each: "embed", needs: ["documents", "questions"], models: ["reader"], matrix: { ...noise, retriever: ["dense", "plain"] } },
      evaluate: { run: "stages/evaluate.ts", needs: ["questions", "embed", "answer"], output: "evaluate/" },
    }, { models: { writer: offline("writer-1"), embedder: offline("embedder-1"), reader: offline("reader-1"), ...models } }),
  });
}

export interface Traced {
  events: DagEvent[];
  /** By `cell id`. */
  records: Map<string, TracedRecord>;
  calls: TracedCall[];
}

/** `dag trace --json`, which must succeed. */
export async function traced(p: Project, ...args: string[]): Promise<Traced> {
  const { code, stdout, stderr, events } = await p.dag("trace", "--json", ...args);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  const of = (name: string): unknown[] => events.filter(({ event }) => event === name);
  const records = (of("record") as TracedRecord[]).map((one): [string, TracedRecord] => [`${one.cell} ${one.id}`, one]);
  const byPlace = new Map(records);
  expect(byPlace.size, "no record is told twice").toBe(records.length);
  return { events, records: byPlace, calls: of("call") as TracedCall[] };
}

/** What led to a record, as `cell id: path, path`. */
export const edges = (record: TracedRecord | undefined): string[] => (record?.from ?? []).map(({ cell, id, by, paths }) => `${cell} ${id}: ${by === "item" ? "item" : (paths ?? []).join(", ")}`).sort();
