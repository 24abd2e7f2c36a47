import type { JsonRecord, Need, NeedCell } from "../../src/stage/index.ts";

/** A small made-up benchmark: what the stages before `evaluate` would leave. Everything follows from the seed. */
export interface StudyOptions {
  people?: number;
  questions?: number;
  noises?: number[];
  retrievers?: string[];
  readers?: string[];
}

const WORDS = "amber birch cedar delta ember fjord glade heron iris jade kelp lotus maple nova opal pearl quartz reed sage tulip umber violet willow yarrow zephyr".split(" ");
const KINDS = [["Basic information", "easy", 1], ["Preference", "easy", 3], ["Preference", "hard", 5], ["Social", "easy", 1], ["Social", "hard", 2], ["Subjective", "easy", 1]] as const;

export function study(options: StudyOptions = {}) {
  const { people = 6, questions = 12, noises = [0, 0.5], retrievers = ["bm25", "dense", "gold"], readers = ["reader-1"] } = options;
  let state = 20_24;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const pad = (n: number, width: number): string => String(n).padStart(width, "0");

  const asked = new Map<number, JsonRecord[]>();
  for (const noise of noises) {
    const list: JsonRecord[] = [];
    for (let person = 0; person < people; person += 1) {
      for (let i = 0; i < questions; i += 1) {
        const [type, difficulty, parts] = KINDS[i % KINDS.length] ?? KINDS[0];
        const values = Array.from({ length: parts }, () => `${pick(WORDS)} ${pick(WORDS)}`);
        list.push({
          id: `${pad(0, 3)}${pad(person, 3)}${pad(i, 3)}`, community: 0, person, owner: `Person ${person}`,
          question: `What is my ${i}?`, answer: parts === 1 ? (values[0] ?? "") : values, type, difficulty,
          outdated_value: i % 5 === 1 ? ["rust slate"] : null,
          evidence: values.map((key, part) => ({ key, ids: [`${pad(0, 3)}${pad(person, 3)}${pad(i * 10 + part, 6)}`] })),
          ...(type === "Social" ? { hops: difficulty === "hard" ? 2 : 1 } : {}),
        });
      }
    }
    asked.set(noise, list);
  }

  const embed = new Map<string, JsonRecord[]>();
  const answer = new Map<string, JsonRecord[]>();
  for (const noise of noises) {
    for (const retriever of retrievers) {
      const skill = retriever === "gold" ? 1 : (0.75 - 0.12 * retrievers.indexOf(retriever)) * (1 - 0.6 * noise);
      const found: JsonRecord[] = [];
      const said: JsonRecord[] = [];
      for (const question of asked.get(noise) ?? []) {
        const evidence = question["evidence"] as { key: string; ids: string[] }[];
        const hits = evidence.filter(() => random() < skill);
        const retrieved = [...hits.map(({ ids }) => ids[0] ?? ""), ...Array.from({ length: 5 - hits.length }, (_, i) => `999999${pad(i, 6)}`)];
        found.push({ id: question.id, retriever, k: 5, retrieved, scores: retrieved.map((_, i) => 5 - i) });
        for (const reader of readers) {
          const prediction = hits.map(({ key }) => (random() < 0.8 ? key : pick(WORDS))).join(", ") || (random() < 0.5 ? pick(WORDS) : "");
          said.push({ id: question.id, reader, prediction, retrieved, outcome: prediction === "" ? "empty" : "ok" });
        }
      }
      embed.set(`${noise}/${retriever}`, found);
      answer.set(`${noise}/${retriever}`, said);
    }
  }

  const documents = (noise: number): JsonRecord[] =>
    ["conversation", "user_ai_interaction", "purchase_history"].flatMap((type, t) =>
      Array.from({ length: Math.floor((20 - 6 * t) / (1 - noise)) }, (_, i) => ({ id: `${t}${pad(i, 11)}`, type, [type]: Array.from({ length: 4 + t }, () => ({ content: "x" })) })),
    );
  const grid = noises.flatMap((noise) => retrievers.map((retriever) => ({ noise, retriever })));
  return {
    questions: gathered(noises.map((noise) => ({ axis: { noise }, records: asked.get(noise) ?? [] })), "questions"),
    documents: gathered(noises.map((noise) => ({ axis: { noise }, records: documents(noise) })), "documents"),
    embed: gathered(grid.map((axis) => ({ axis, records: embed.get(`${axis.noise}/${axis.retriever}`) ?? [] })), "embed"),
    answer: gathered(grid.map((axis) => ({ axis, records: answer.get(`${axis.noise}/${axis.retriever}`) ?? [] })), "answer"),
  };
}

/** A need as a stage sees it, from records in memory. */
export function gathered(cells: readonly { axis: NeedCell["axis"]; records: JsonRecord[] }[], name: string): Need {
  const part = (axis: NeedCell["axis"], records: JsonRecord[]): NeedCell => ({
    axis,
    cell: `${name}@${Object.entries(axis).map(([key, value]) => `${key}=${value}`).join(",")}`,
    path: "", hash: "",
    records: async function* () { yield* records; },
    all: () => Promise.resolve(records),
    get: (id) => Promise.resolve(records.find((record) => record.id === id)),
    json: () => Promise.reject(new Error("not JSON")),
    text: () => Promise.reject(new Error("not text")),
    npy: () => Promise.reject(new Error("not npy")),
    cells: () => [],
  });
  const parts = cells.map(({ axis, records }) => part(axis, records));
  return { ...part({}, cells.flatMap(({ records }) => records)), cells: () => parts };
}
