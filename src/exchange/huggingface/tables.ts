import { leaves, noiseText, type Answer } from "../../stats/index.ts";
import type { BuildRecords } from "../personabench/records.ts";

export type Cell = null | number | string;
type Kind = "STRING" | "INT32";

/** One Parquet file: a configuration of the dataset and one of its splits. */
export interface Table {
  config: string;
  split: string;
  columns: Column[];
  rows: Cell[][];
}

export interface Column {
  name: string;
  kind: Kind;
  nullable: boolean;
  description: string;
}

type Row = Record<string, unknown>;

interface Source {
  name: string;
  kind?: Kind;
  nullable?: boolean;
  description: string;
  /** Default: the record's field of that name. */
  value?: (row: Row) => unknown;
}

const DOCUMENTS: Source[] = [
  { name: "id", description: "Segment id, unique at one noise level." },
  { name: "community", kind: "INT32", description: "Community of the owner." },
  { name: "person", kind: "INT32", description: "Place of the owner in the community." },
  { name: "owner", description: "Name of the person whose document this is." },
  { name: "type", description: "conversation, user_ai_interaction or purchase_history." },
  { name: "session", description: "Type and number of the session." },
  { name: "time", description: "YYYY/Mon/DD/hh:mm AM|PM." },
  { name: "target_name", nullable: true, description: "The other party of a conversation." },
  { name: "content", description: "Turns or bought items as JSON.", value: (row) => JSON.stringify(row[String(row["type"])] ?? []) },
  { name: "text", description: "What is indexed and read: the session as compact ASCII JSON." },
  { name: "truth", nullable: true, description: "What the session discloses, as JSON; for audits, never for systems under test.", value: (row) => (row["truth"] === undefined ? null : JSON.stringify(row["truth"])) },
];

const QUESTIONS: Source[] = [
  { name: "id", description: "Question id." },
  { name: "community", kind: "INT32", description: "Community of the person who asks." },
  { name: "person", kind: "INT32", description: "Place of that person in the community." },
  { name: "owner", description: "Name of the person who asks." },
  { name: "question", description: "The question, in the first person." },
  { name: "answer", description: "Gold answer as JSON: a string, a number, a list, or a list of one-key objects.", value: (row) => JSON.stringify(row["answer"] ?? null) },
  { name: "answer_text", description: "Gold answer as text.", value: (row) => leaves((row["answer"] ?? null) as Answer).join(", ") },
  { name: "type", description: "Basic information, Preference, Social or Subjective (unscored)." },
  { name: "difficulty", description: "easy or hard." },
  { name: "outdated_value", nullable: true, description: "Former values as JSON.", value: (row) => (row["outdated_value"] === null || row["outdated_value"] === undefined ? null : JSON.stringify(row["outdated_value"])) },
  { name: "evidence", description: "For each part of the answer the segment ids that give it, as JSON; any one of them suffices.", value: (row) => JSON.stringify(row["evidence"] ?? []) },
  { name: "attribute", nullable: true, description: "Dotted path of the attribute asked about." },
  { name: "hops", kind: "INT32", nullable: true, description: "1 for own attributes and relations, 2 for attributes of a related person." },
];

const PEOPLE: Source[] = [
  { name: "id", description: "Person id." },
  { name: "community", kind: "INT32", description: "Community." },
  { name: "person", kind: "INT32", description: "Place in the community.", value: (row) => Number(row["node"]) - 1 },
  { name: "name", description: "Invented name." },
  { name: "age", kind: "INT32", nullable: true, description: "Age in years." },
  { name: "gender", nullable: true, description: "Gender." },
  { name: "persona", description: "One sentence about the person." },
];

const RELATIONS: Source[] = [
  { name: "community", kind: "INT32", description: "Community." },
  { name: "source", kind: "INT32", description: "Place of the one who is something to the other.", value: (row) => Number(row["source"]) - 1 },
  { name: "target", kind: "INT32", description: "Place of the other.", value: (row) => Number(row["target"]) - 1 },
  { name: "relationship", description: "What source is to target." },
  { name: "description", nullable: true, description: "One sentence about the tie." },
];

/** The tables of a dataset: documents and questions with a split per noise level, people and relations where there is a graph. Columns nobody fills are left out. */
export function datasetTables({ graph, levels }: BuildRecords): Table[] {
  const members = (field: "nodes" | "edges"): Row[] =>
    graph.flatMap((community) => ((community[field] ?? []) as Row[]).map((row) => ({ ...row, community: community["community"] })));
  return [
    ...together("documents", DOCUMENTS, levels.map(({ noise, documents }) => [`noise_${noiseText(noise)}`, documents])),
    ...together("questions", QUESTIONS, levels.map(({ noise, questions }) => [`noise_${noiseText(noise)}`, questions])),
    ...(graph.length === 0 ? [] : [...together("people", PEOPLE, [["all", members("nodes")]]), ...together("relations", RELATIONS, [["all", members("edges")]])]),
  ];
}

/** Splits of one configuration share their columns. */
function together(config: string, sources: readonly Source[], splits: readonly [string, readonly Row[]][]): Table[] {
  const cell = (source: Source, row: Row): Cell => {
    const value = source.value === undefined ? row[source.name] : source.value(row);
    if (value === null || value === undefined) return null;
    return source.kind === "INT32" ? Number(value) : typeof value === "string" ? value : JSON.stringify(value);
  };
  const used = sources.filter((source) => source.nullable !== true || splits.some(([, rows]) => rows.some((row) => cell(source, row) !== null)));
  const columns = used.map(({ name, kind = "STRING", nullable = false, description }) => ({ name, kind, nullable, description }));
  return splits.map(([split, rows]) => ({ config, split, columns, rows: rows.map((row) => used.map((source) => cell(source, row))) }));
}
