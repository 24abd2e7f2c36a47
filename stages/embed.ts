/**
 * For every question the k best sessions of its owner, by the retriever of this cell: a method (bm25, dense, hybrid, gold), or the name of an embedding
 * model. Each person has an index of their own.
 */
import { defineStage, type JsonRecord } from "daguerre";
import type { Evidence } from "daguerre/stats";
import { isRetriever, retrieve, RETRIEVERS, type Chunk } from "./retrieve/index.ts";

/** The parts of a question record that are used here. */
interface Question {
  id: string;
  question: string;
  evidence: Evidence[];
}

export default defineStage(async function* ({ needs, params, axis, models }) {
  const retriever = String(axis["retriever"]);
  const named = Object.hasOwn(models, retriever) ? models[retriever] : undefined;
  const method = isRetriever(retriever) ? retriever : named === undefined ? undefined : "dense";
  if (method === undefined) throw new Error(`unknown retriever ${JSON.stringify(retriever)}; there are ${RETRIEVERS.join(", ")} and the names of the stage's models`);
  const { questions, documents } = needs;
  if (questions === undefined || documents === undefined) throw new Error("declare needs: [documents, questions]");

  const byPerson = new Map<string, Question[]>();
  let most = 1;
  for await (const record of questions.records()) {
    const question = record as unknown as Question;
    const person = personOf(record);
    byPerson.set(person, [...(byPerson.get(person) ?? []), question]);
    most = Math.max(most, question.evidence.length);
  }
  const k = chosenK(params["k"]) ?? most;
  const embedder = () => (method === retriever ? models["embedder"] : named) ?? missingEmbedder(retriever);

  for await (const [person, chunks] of people(documents.records())) {
    const asked = byPerson.get(person) ?? [];
    byPerson.delete(person);
    const hits = await retrieve(method, chunks, asked, k, embedder);
    yield* asked.map(({ id }, i) => record(id, retriever, k, hits[i] ?? []));
  }
  // Questions of people without a single session.
  for (const asked of byPerson.values()) {
    const hits = await retrieve(method, [], asked, k, embedder);
    yield* asked.map(({ id }, i) => record(id, retriever, k, hits[i] ?? []));
  }
});

function record(id: string, retriever: string, k: number, hits: readonly { id: string; score: number }[]): JsonRecord {
  return { id, retriever, k, retrieved: hits.map((hit) => hit.id), scores: hits.map((hit) => Math.round(hit.score * 1e9) / 1e9 + 0) };
}

function personOf(record: JsonRecord): string {
  return `${String(record["community"])}/${String(record["person"])}`;
}

/** Groups the records of one person after the other; one person's sessions are in memory at a time. */
async function* people(records: AsyncIterable<JsonRecord>): AsyncGenerator<[string, Chunk[]]> {
  let person: string | undefined;
  let chunks: Chunk[] = [];
  const seen = new Set<string>();
  for await (const document of records) {
    const owner = personOf(document);
    if (person !== undefined && owner !== person) {
      yield [person, chunks];
      chunks = [];
    }
    if (owner !== person && seen.has(owner)) throw new Error(`the sessions of person ${owner} do not stand together: ${document.id}`);
    seen.add(owner);
    person = owner;
    chunks.push({ id: document.id, text: String(document["text"]) });
  }
  if (person !== undefined) yield [person, chunks];
}

function chosenK(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw new Error(`k is ${JSON.stringify(value)}: give a whole number from 1, or null for the largest evidence count`);
}

function missingEmbedder(retriever: string): never {
  throw new Error(`the ${retriever} retriever needs a model: declare models: { embedder: … } and list it in the stage`);
}
