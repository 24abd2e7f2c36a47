import { GOLD_CONTEXT, type Mode } from "daguerre/stats";
import { byCategory, type Measured, type Metrics } from "../metrics.ts";
import { noiseText } from "../released.ts";
import { MACRO, OVERALL, type MetricName } from "../types.ts";
import { categoryTitle, markBest, type Cell, type Table, type Value } from "./table.ts";

/** Table 3 of the paper: retrieval by category at every noise level, one row per retriever. Compat leaves out the gold context, as the release does. */
export function retrievalTable(metrics: Metrics, mode: Mode): Table[] {
  const rows = metrics.metrics.filter((row) => row.mode === mode && !(mode === "compat" && row.retriever === GOLD_CONTEXT));
  const systems = distinctBy(rows, (row) => row.retriever);
  const table = scoreTable(rows, systems, [["retrieval_recall", "R"], ["retrieval_ndcg", "N"]], "retriever");
  return table === undefined ? [] : [{
    id: `table3-${mode}`,
    title: "Table 3. Retrieval",
    mode,
    notes: [`R: recall@k, N: nDCG@k, ${kText(metrics, mode)}.`, ...counts(rows, "retrieval_recall"), ...shared(rows, "retrieval_recall"), intervalNote(metrics)],
    ...table,
  }];
}

/** Table 4 of the paper: answers by category at every noise level, one row per system; the last column is the share of outdated words said. */
export function answerTable(metrics: Metrics, mode: Mode): Table[] {
  const rows = metrics.metrics.filter((row) => row.mode === mode);
  const table = scoreTable(rows, distinctBy(rows, (row) => row.system), [["recall", "R"], ["f1", "F1"]], "system");
  return table === undefined ? [] : [{
    id: `table4-${mode}`,
    title: "Table 4. End-to-end question answering",
    mode,
    notes: ["R: recall, F1: F1 of the answer's words. Outdated: recall of former values in the answer, less is better.", ...counts(rows, "f1"), intervalNote(metrics)],
    ...table,
  }];
}

type Shown = readonly [MetricName, string][];

function scoreTable(rows: readonly Measured[], systems: readonly Measured[], shown: Shown, subject: "retriever" | "system"): Pick<Table, "columns" | "blocks"> | undefined {
  const main = shown[0]?.[0] ?? "f1";
  const categories = [...new Set(rows.map((row) => row.category))].filter((name) => name !== OVERALL && name !== MACRO).sort(byCategory);
  const present = categories.filter((name) => rows.some((row) => row.category === name && row.metric === main && row.n > 0));
  const outdated = subject === "system" && rows.some((row) => row.metric === "outdated_recall" && row.n > 0);
  if (present.length === 0) return undefined;
  const index = new Map(rows.map((row) => [key(row.noise, row.system, row.category, row.metric), row]));
  const cell = (noise: number, system: string, category: string, metric: MetricName, interval: boolean): Value => {
    const row = index.get(key(noise, system, category, metric));
    return { value: row?.value ?? null, digits: 3, ...(row === undefined ? {} : { n: row.n }), ...(interval && row !== undefined ? { low: row.low, high: row.high } : {}) };
  };
  const blocks = [...new Set(rows.map(({ noise }) => noise))].map((noise) => {
    const here = systems.filter((system) => index.has(key(noise, system.system, OVERALL, main)));
    const scores = here.map((system) => [
      ...present.flatMap((category) => shown.map(([metric]) => cell(noise, system.system, category, metric, false))),
      ...shown.map(([metric]) => cell(noise, system.system, MACRO, metric, false)),
      ...shown.map(([metric]) => cell(noise, system.system, OVERALL, metric, true)),
    ]);
    markBest(scores.filter((_, place) => here[place]?.retriever !== GOLD_CONTEXT));
    return here.map((system, place): Cell[] => [
      noiseText(noise),
      subject === "retriever" ? system.retriever : system.system,
      ...(scores[place] ?? []),
      ...(outdated ? [cell(noise, system.system, OVERALL, "outdated_recall", false)] : []),
    ]);
  });
  const groups = [...present.map(categoryTitle), "Macro", "Overall"];
  return {
    columns: [
      { head: "Noise", text: true },
      { head: subject === "retriever" ? "Retriever" : "System", text: true },
      ...groups.flatMap((group) => shown.map(([, head]) => ({ head, group }))),
      ...(outdated ? [{ head: "Outdated" }] : []),
    ],
    blocks,
  };
}

function key(...parts: (string | number)[]): string {
  return parts.join("\n");
}

/** One system for each name, in order of appearance. */
function distinctBy(rows: readonly Measured[], name: (row: Measured) => string): Measured[] {
  const found = new Map<string, Measured>();
  for (const row of rows) if (!found.has(name(row))) found.set(name(row), row);
  return [...found.values()];
}

function kText({ k }: Metrics, mode: Mode): string {
  if (mode === "compat") return "k is the length of each list";
  return `k = ${k.length === 1 ? String(k[0]) : k.join(", ")}`;
}

/** `n: Basic 57, …`, of the first noise level and system. */
function counts(rows: readonly Measured[], metric: MetricName): string[] {
  const first = rows[0];
  const own = rows.filter((row) => row.metric === metric && row.noise === first?.noise && row.system === first.system && row.category !== MACRO && row.n > 0);
  const same = new Set(rows.filter((row) => row.metric === metric && row.category === OVERALL).map(({ n }) => n)).size === 1;
  const list = own.sort((a, b) => byCategory(a.category, b.category)).map(({ category, n }) => `${categoryTitle(category)} ${n}`).join(", ");
  const people = own.find(({ category }) => category === OVERALL)?.clusters ?? 0;
  return [`Questions${same ? "" : ` at noise ${noiseText(first?.noise ?? 0)}`}: ${list}; ${people} people.`];
}

/** Says so where two readers of one retriever were given different rankings; the table shows the first. */
function shared(rows: readonly Measured[], metric: MetricName): string[] {
  const values = new Map<string, Set<number | null>>();
  for (const row of rows) {
    if (row.metric !== metric || row.category !== OVERALL) continue;
    const name = key(row.noise, row.retriever);
    values.set(name, (values.get(name) ?? new Set()).add(row.value));
  }
  return [...values.values()].some((set) => set.size > 1) ? ["Systems of one retriever were given different rankings: the first system's are shown."] : [];
}

function intervalNote({ level, resamples }: Metrics): string {
  return `Overall: mean over questions; macro: mean over the categories. In brackets ${Math.round(level * 100)} % intervals, bootstrap over people (${resamples} resamples). Bold: best without gold context.`;
}
