import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { terminalText } from "./escape.ts";
import { columns, cut } from "./width.ts";

export interface SummaryOptions {
  /** Terminal columns. Default 80. */
  width?: number;
  /** ANSI bold and dim. Default false. */
  color?: boolean;
  /** How the directory is named to the user. Default: from the current directory. */
  shown?: string;
}

/** The parts of metrics.json that are read here. */
interface Metrics {
  noises: number[];
  simulated: string[];
  k: number[];
  metrics: { noise: number; system: string; retriever: string; category: string; metric: string; mode: string; value: number | null; low: number | null; high: number | null; n: number }[];
}

/**
 * What a run's end shows of an evaluation: overall retrieval recall@k and end-to-end F1 by noise level, fixed mode, and where the rest lies. Undefined where the
 * directory holds no metrics.json that evaluate wrote.
 */
export async function summarise(evaluateDir: string, options: SummaryOptions = {}): Promise<string | undefined> {
  const metrics = await readMetrics(join(evaluateDir, "metrics.json"));
  if (metrics === undefined) return undefined;
  const { width = 80, color = false } = options;
  const style = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const overall = metrics.metrics.filter((row) => row.mode === "fixed" && row.category === "Overall");
  const readers = new Set(overall.map((row) => row.system.slice(0, Math.max(0, row.system.length - row.retriever.length - 1))));
  const parts = [
    gridOf(`Recall${metrics.k.length === 1 ? `@${String(metrics.k[0])}` : ""} at noise`, overall.filter((row) => row.metric === "retrieval_recall"), "retriever", metrics.noises),
    gridOf("Answer F1 at noise", overall.filter((row) => row.metric === "f1"), readers.size === 1 ? "retriever" : "system", metrics.noises),
  ].filter((part) => part.lines.length > 0);
  if (parts.length === 0) return undefined;
  const label = Math.min(34, Math.max(...parts.flatMap(({ title, lines }) => [columns(title), ...lines.map(({ name }) => columns(terminalText(name)))])));
  const n = Math.max(0, ...overall.map((row) => row.n));
  const notes = [`${n} questions, fixed mode; ± half of a 95\u00a0% interval over people.`];
  if (metrics.simulated.length > 0) notes.push(`Simulated: ${metrics.simulated.join(", ")} ${metrics.simulated.length === 1 ? "is the offline provider, not a language model" : "are the offline provider, not language models"}.`);
  notes.push(`Tables, figures and every score: ${options.shown ?? `${relative(process.cwd(), evaluateDir)}/`}`);
  const grids = parts.map((part) => printed(part, metrics.noises, label, width, style));
  return `${[...grids, ...notes.flatMap((note) => wrapped(terminalText(note), width)).map((line) => style("2", line))].join("\n")}\n`;
}

async function readMetrics(path: string): Promise<Metrics | undefined> {
  let value: Partial<Metrics> | null;
  try {
    const text = await readFile(path, "utf8");
    value = (shownPart(text) ?? JSON.parse(text)) as Partial<Metrics> | null;
  } catch {
    return undefined;
  }
  const whole = value !== null && Array.isArray(value.metrics) && Array.isArray(value.noises) && Array.isArray(value.simulated) && Array.isArray(value.k);
  return whole ? (value as Metrics) : undefined;
}

/**
 * Of a metrics.json as evaluate writes it (canonical, its rows flat) only the rows that are shown: reading all of them would be most of what a run with
 * nothing to do costs. Undefined for any other text.
 */
function shownPart(text: string): unknown {
  const [open, close] = ['"metrics":[', '],"noises":['];
  const from = text.indexOf(open) + open.length;
  const to = text.lastIndexOf(close);
  if (from < open.length || to < from) return undefined;
  const rows: string[] = [];
  for (let at = text.indexOf('{"category":"Overall",', from); at >= 0 && at < to; at = text.indexOf('{"category":"Overall",', at + 1)) rows.push(text.slice(at, text.indexOf("}", at) + 1));
  try {
    return JSON.parse(`${text.slice(0, from)}${rows.join(",")}${text.slice(to)}`);
  } catch {
    return undefined; // a name with a brace in it
  }
}

interface Grid {
  title: string;
  lines: { name: string; cells: (Metrics["metrics"][number] | undefined)[] }[];
}

/** One line per system, or per retriever: one reader's rankings stand for all. */
function gridOf(title: string, rows: Metrics["metrics"], subject: "retriever" | "system", noises: readonly number[]): Grid {
  const systems = new Map<string, string>();
  for (const row of rows) if (!systems.has(row[subject])) systems.set(row[subject], row.system);
  const index = new Map(rows.map((row) => [`${row.noise}\n${row.system}`, row]));
  const lines = [...systems].map(([name, system]) => ({ name, cells: noises.map((noise) => index.get(`${noise}\n${system}`)) }));
  return { title, lines: lines.filter(({ cells }) => cells.some((cell) => typeof cell?.value === "number")) };
}

/** With many noise levels, or few columns, the intervals go first, then the middle levels. */
function printed({ title, lines }: Grid, noises: readonly number[], label: number, width: number, style: (code: string, text: string) => string): string {
  const whole = label + noises.length * 14 <= width;
  const cell = whole ? 14 : 7;
  const room = Math.max(1, Math.floor((width - label) / cell));
  const shown = noises.length <= room ? [...noises] : [...noises.slice(0, Math.max(0, room - 1)), ...noises.slice(-1)];
  const head = shown.map((noise) => noiseText(noise).padStart(whole ? 8 : cell).padEnd(cell));
  const body = lines.map(({ name, cells }) => {
    const text = cut(terminalText(name), label);
    const values = shown.map((noise) => cellText(cells[noises.indexOf(noise)], whole, cell));
    return `${text}${" ".repeat(label - columns(text))}${values.join("")}`.trimEnd();
  });
  return [style("1", `${title.padEnd(label)}${head.join("")}`.trimEnd()), ...body, ""].join("\n");
}

/** `0.0`, `0.3`: one decimal at least, as the release writes its levels. */
function noiseText(noise: number): string {
  return Number.isInteger(noise) ? noise.toFixed(1) : String(noise);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && columns(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(cut(word, width));
  }
  return lines;
}

/** `   .325 ±.031`: the half width tells how much to make of a difference. */
function cellText(row: Metrics["metrics"][number] | undefined, whole: boolean, width: number): string {
  if (row === undefined || row.value === null) return "–".padStart(whole ? 8 : width).padEnd(width);
  const half = whole && row.low !== null && row.high !== null ? ` ±${decimals((row.high - row.low) / 2)}` : "";
  return `${decimals(row.value).padStart(whole ? 8 : width)}${half}`.padEnd(width);
}

/** Three decimals without the zero before the point. */
function decimals(value: number): string {
  return value.toFixed(3).replace(/^0(?=\.)/, "");
}
