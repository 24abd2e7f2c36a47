import type { Metrics } from "../metrics.ts";
import { noiseText } from "../released.ts";
import type { Cell, Table, Value } from "./table.ts";

const TYPES: Record<string, string> = { conversation: "Conversation", user_ai_interaction: "User-AI interaction", purchase_history: "Purchase history" };

/** Table 1 of the paper: sessions, and the turns or items in them, by type and noise level. */
export function documentTable({ documents }: Metrics): Table[] {
  const noises = [...new Set(documents.map(({ noise }) => noise))];
  const types = [...new Set(documents.map(({ type }) => type))];
  if (types.length === 0) return [];
  const sum = (noise: number, type: string | undefined, field: "sessions" | "utterances"): Value =>
    whole(documents.filter((row) => row.noise === noise && (type === undefined || row.type === type)).reduce((total, row) => total + row[field], 0));
  const row = (title: string, type: string | undefined): Cell[] => [title, ...noises.flatMap((noise) => [sum(noise, type, "sessions"), sum(noise, type, "utterances")])];
  return [
    {
      id: "table1",
      title: "Table 1. Private documents by noise level",
      mode: undefined,
      notes: ["S: sessions; U: utterances, or items bought."],
      columns: [{ head: "Type", text: true }, ...noises.flatMap((noise) => ["S", "U"].map((head) => ({ head, group: `noise ${noiseText(noise)}` })))],
      blocks: [types.map((type) => row(TYPES[type] ?? type, type)), [row("All", undefined)]],
    },
  ];
}

/** Table 2 of the paper: questions by type and difficulty; one column where all noise levels ask the same number. */
export function questionTable({ questions }: Metrics): Table[] {
  const noises = [...new Set(questions.map(({ noise }) => noise))];
  const kinds = new Map(questions.map((row) => [`${row.type}\n${row.difficulty}`, row]));
  if (kinds.size === 0) return [];
  const counts = (noise: number, keep: (row: Metrics["questions"][number]) => boolean, field: "n" | "with_outdated" = "n"): number =>
    questions.filter((row) => row.noise === noise && keep(row)).reduce((total, row) => total + row[field], 0);
  const equal = [...kinds.values()].every(({ type, difficulty }) => new Set(noises.map((noise) => counts(noise, (row) => row.type === type && row.difficulty === difficulty))).size === 1);
  const shown = equal ? noises.slice(0, 1) : noises;
  const line = (title: string, level: string, keep: (row: Metrics["questions"][number]) => boolean): Cell[] => [
    title, level, ...shown.flatMap((noise) => [whole(counts(noise, keep)), whole(counts(noise, keep, "with_outdated"))]),
  ];
  const scored = [...kinds.values()].filter((row) => row.scored);
  const unscored = [...kinds.values()].filter((row) => !row.scored);
  const lines = (rows: typeof scored): Cell[][] => rows.map(({ type, difficulty }) => line(type, difficulty, (row) => row.type === type && row.difficulty === difficulty));
  return [
    {
      id: "table2",
      title: "Table 2. Questions",
      mode: undefined,
      notes: [
        `${equal && noises.length > 1 ? "The same at every noise level. " : ""}Outdated: the attribute had another value before.`,
        ...(unscored.length > 0 ? [`${[...new Set(unscored.map(({ type }) => type))].join(", ")} questions are asked and not scored: they have no answer in the documents.`] : []),
      ],
      columns: [
        { head: "Type", text: true },
        { head: "Difficulty", text: true },
        ...shown.flatMap((noise) => ["Questions", "Outdated"].map((head) => (equal ? { head } : { head, group: `noise ${noiseText(noise)}` }))),
      ],
      blocks: [lines(scored), [line("Scored", "all", (row) => row.scored)], ...(unscored.length > 0 ? [lines(unscored)] : [])],
    },
  ];
}

function whole(value: number): Value {
  return { value, digits: 0 };
}
