import type { JsonRecord, Need, NeedCell } from "daguerre";
import { GOLD_CONTEXT, isUnscored, scoreQuestion, type Answer, type Carry } from "daguerre/stats";
import type { Level, Question, Result, Study, System, Volume } from "./types.ts";

/**
 * Brings together what was asked, retrieved and answered. Cells of `questions`, `embed`, `answer` and `documents` meet by their `noise`, `retriever` and
 * `reader`; an artifact without one of these axes serves every value of it. `embed` and `documents` may be missing.
 */
export async function gather(needs: Readonly<Record<string, Need>>): Promise<Study> {
  const cells = (name: string): NeedCell[] => (Object.hasOwn(needs, name) ? (needs[name]?.cells() ?? []) : []);
  const answers = cells("answer");
  const questions = cells("questions");
  if (answers.length === 0 || questions.length === 0) throw new Error("declare needs: [questions, answer], with embed and documents where there are any");

  const warnings: string[] = [];
  const levels: Level[] = [];
  for (const noise of [...new Set(answers.map(noiseOf))].sort((a, b) => a - b)) {
    const asked = await questionsOf(matching(questions, { noise }), noise);
    const found: { system: System; role: string | undefined }[] = [];
    for (const cell of inReading(answers.filter((one) => noiseOf(one) === noise))) {
      const embedded = matching(cells("embed"), cell.axis);
      const role = cell.axis["reader"] === undefined ? undefined : String(cell.axis["reader"]);
      for (const system of await systemsOf(cell, asked, embedded === undefined ? undefined : await byId(embedded), warnings)) found.push({ system, role });
    }
    const systems = found.map(({ system, role }) => distinctly(system, role, found.filter((other) => other.system.name === system.name).length));
    const documents = matching(cells("documents"), { noise });
    levels.push({ noise, questions: asked, volumes: documents === undefined ? undefined : await volumesOf(documents), systems });
  }
  return { levels, warnings };
}

/** Reader by reader, each in the order of the matrix: how the paper's Table 4 is read. */
function inReading(cells: readonly NeedCell[]): NeedCell[] {
  const readers = [...new Set(cells.map(({ axis }) => axis["reader"]))];
  return readers.flatMap((reader) => cells.filter(({ axis }) => axis["reader"] === reader));
}

/** Two roles that one model plays (with different settings) are told apart by the role. */
function distinctly(system: System, role: string | undefined, namesakes: number): System {
  if (namesakes < 2 || role === undefined) return system;
  const reader = `${system.reader} (${role})`;
  return { ...system, reader, name: `${reader}+${system.retriever}` };
}

function noiseOf(cell: NeedCell): number {
  const noise = cell.axis["noise"] ?? 0;
  if (typeof noise !== "number" || !Number.isFinite(noise)) throw new Error(`the noise of ${cell.cell} is ${JSON.stringify(noise)}: give numbers, as in noise: [0.0, 0.5]`);
  return noise;
}

/** The cell whose axes do not contradict these. */
function matching(cells: readonly NeedCell[], axis: Readonly<Record<string, unknown>>): NeedCell | undefined {
  return cells.find((cell) => Object.entries(cell.axis).every(([name, value]) => axis[name] === undefined || axis[name] === value));
}

async function questionsOf(cell: NeedCell | undefined, noise: number): Promise<Question[]> {
  if (cell === undefined) throw new Error(`there are answers at noise ${noise} and no questions: give both stages the same values of the axis`);
  return (await cell.all()) as unknown as Question[];
}

async function byId(cell: NeedCell): Promise<Map<string, JsonRecord>> {
  return new Map((await cell.all()).map((record) => [record.id, record]));
}

/** One system for each reader among the answers of a cell: one where the answers come from one model. */
async function systemsOf(cell: NeedCell, questions: readonly Question[], retrievals: Map<string, JsonRecord> | undefined, warnings: string[]): Promise<System[]> {
  const readers = new Map<string, Map<string, JsonRecord>>();
  for (const record of await cell.all()) {
    const reader = String(record["reader"] ?? "reader");
    const own = readers.get(reader) ?? new Map<string, JsonRecord>();
    readers.set(reader, own.set(record.id, record));
  }
  const first = retrievals?.values().next().value;
  const written = String(cell.axis["retriever"] ?? first?.["retriever"] ?? "retriever");
  const retriever = written === "gold" ? GOLD_CONTEXT : written;
  const known = new Set(questions.map(({ id }) => id));
  const widest = Math.max(1, ...questions.map(({ evidence }) => evidence.length));
  return [...readers].map(([reader, answers]): System => {
    const name = `${reader}+${retriever}`;
    const missing = questions.filter(({ id }) => !answers.has(id)).length;
    const foreign = [...answers.keys()].filter((id) => !known.has(id)).length;
    if (missing > 0) warnings.push(`${cell.cell}: ${name} left ${missing} of ${questions.length} questions without an answer; they count as empty`);
    if (foreign > 0) warnings.push(`${cell.cell}: ${name} answers ${foreign} questions that were not asked; they are left out`);
    const carry: Carry = {};
    return { name, reader, retriever, results: questions.map((question) => resultOf(question, answers.get(question.id), retrievals?.get(question.id), widest, carry)) };
  });
}

function resultOf(question: Question, answer: JsonRecord | undefined, retrieval: JsonRecord | undefined, widest: number, carry: Carry): Result {
  const prediction = (answer?.["prediction"] ?? "") as Answer;
  const retrieved = strings(answer?.["retrieved"] ?? retrieval?.["retrieved"]);
  const k = typeof retrieval?.["k"] === "number" ? retrieval["k"] : widest;
  const scored = !isUnscored(question);
  return {
    question,
    prediction,
    retrieved,
    k,
    outcome: typeof answer?.["outcome"] === "string" ? answer["outcome"] : "ok",
    scores: {
      fixed: scored ? scoreQuestion(question, prediction, retrieved, k, "fixed") : undefined,
      compat: scored ? scoreQuestion(question, prediction, retrieved, k, "compat", carry) : undefined,
    },
  };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

async function volumesOf(cell: NeedCell): Promise<Volume[]> {
  const volumes = new Map<string, Volume>();
  for await (const record of cell.records()) {
    const type = String(record["type"]);
    const volume = volumes.get(type) ?? { type, sessions: 0, utterances: 0 };
    const content = record[type];
    volume.sessions += 1;
    volume.utterances += Array.isArray(content) ? content.length : 0;
    volumes.set(type, volume);
  }
  return [...volumes.values()].sort((a, b) => rankOf(a.type) - rankOf(b.type) || (a.type < b.type ? -1 : 1));
}

/** The paper's order. */
function rankOf(type: string): number {
  const place = ["conversation", "user_ai_interaction", "purchase_history"].indexOf(type);
  return place < 0 ? 3 : place;
}
