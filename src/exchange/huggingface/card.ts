import type { Table } from "./tables.ts";

/** What only the publisher knows about a dataset. */
export interface DatasetMeta {
  /** Shown name, e.g. `PersonaBench, rebuilt`. */
  name: string;
  /** SPDX id or Hugging Face's own, e.g. `cc-by-4.0`. */
  license: string;
  version: string;
  /** Models that wrote the texts, as declared; `offline` ones are simulators and the card says so. None: a foreign release was converted. */
  models: { role: string; provider: string; model: string }[];
  /** `sha256:…` of the build, where it is known. */
  build?: string;
  url?: string;
  /** ISO date. */
  published?: string;
  creator?: string;
}

/** The dataset card: YAML header for the Hub, then Markdown. Everything that varies is a count or the publisher's word. */
export function datasetCard(tables: readonly Table[], meta: DatasetMeta, parquetPath: (table: Table) => string): string {
  const configs = [...new Set(tables.map(({ config }) => config))];
  const header = [
    "---",
    `pretty_name: ${JSON.stringify(meta.name)}`,
    `license: ${JSON.stringify(meta.license)}`,
    "language:\n- en",
    "task_categories:\n- question-answering\n- text-retrieval",
    "tags:\n- synthetic\n- personas\n- personalization\n- rag\n- benchmark",
    `size_categories:\n- ${sizeCategory(tables)}`,
    "configs:",
    ...configs.flatMap((config, i) => [
      `- config_name: ${config}`,
      ...(i === 0 ? ["  default: true"] : []),
      "  data_files:",
      ...tables.filter((table) => table.config === config).flatMap((table) => [`  - split: ${table.split}`, `    path: ${parquetPath(table)}`]),
    ]),
    "---",
  ];
  return [...header, "", ...body(tables, configs, meta), ""].join("\n");
}

function body(tables: readonly Table[], configs: readonly string[], meta: DatasetMeta): string[] {
  const simulated = meta.models.filter(({ provider }) => provider === "offline");
  return [
    `# ${inline(meta.name)}`,
    "",
    "Invented people in small communities, their private documents (conversations, talks with an assistant, purchases) at several levels of noise, and questions each person asks about themselves, with gold answers and the sessions that support them. A system retrieves from one person's documents and answers; recall, nDCG and word F1 are scored.",
    "",
    ...(simulated.length > 0
      ? [`> **Simulated.** The texts were written by a deterministic stand-in (${simulated.map(({ role }) => inline(role)).join(", ")}), not by a language model. Good for testing pipelines; claim nothing about language models from it.`, ""]
      : []),
    "## Configurations",
    "",
    "| configuration | split | rows |",
    "|---|---|---:|",
    ...tables.map(({ config, split, rows }) => `| ${config} | ${split} | ${rows.length} |`),
    "",
    "The same rows stand as JSON Lines, with nested values, under `jsonl/`. Segment ids hold within one noise level only.",
    "",
    ...configs.flatMap((config) => {
      const table = tables.find((one) => one.config === config);
      return [`### ${config}`, "", "| column | type | meaning |", "|---|---|---|", ...(table?.columns ?? []).map(({ name, kind, description }) => `| ${name} | ${kind === "INT32" ? "int" : "string"} | ${inline(description)} |`), ""];
    }),
    "## How it was made",
    "",
    meta.models.length > 0
      ? "Personas are drawn, linked into a community and completed to profiles; every personal session discloses one attribute of its owner or of a neighbour, noise sessions disclose none. Higher noise levels add noise sessions to the same personal ones."
      : "Converted from a release in the PersonaBench layout, text for text; how its people and texts were made is told by those who released it, and their licence holds.",
    "",
    ...(meta.models.length > 0 ? ["| role | provider | model |", "|---|---|---|", ...meta.models.map(({ role, provider, model }) => `| ${inline(role)} | ${inline(provider)} | ${inline(model)} |`), ""] : []),
    ...(meta.build === undefined ? [] : [`Build: \`${inline(meta.build)}\`. Equal inputs give equal bytes.`, ""]),
    "## Personal data, biases and limits",
    "",
    "Nobody in it exists; likeness to living people is chance. Names, trades and tastes come from lists and, where used, from a language model, and carry their skews. English only. Do not use it to profile people.",
  ];
}

/** Text that stays text in Markdown and in a table cell. */
function inline(text: string): string {
  return text.replace(/[\p{Cc}]/gu, " ").replace(/[\\`*_[\]<>|#]/g, "\\$&");
}

function sizeCategory(tables: readonly Table[]): string {
  const rows = tables.reduce((sum, table) => sum + table.rows.length, 0);
  if (rows < 1000) return "n<1K";
  if (rows < 10_000) return "1K<n<10K";
  return rows < 100_000 ? "10K<n<100K" : "100K<n<1M";
}
