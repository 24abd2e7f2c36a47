import { DIMENSIONS, GOLD_CONTEXT, type Mode } from "daguerre/stats";
import type { Measured, Metrics } from "../metrics.ts";
import { simulationNotice } from "../tables/notice.ts";
import { dimensionTitle } from "../tables/systems.ts";
import { OVERALL, type MetricName } from "../types.ts";
import { lineFigure, type Panel } from "./lines.ts";
import { radarFigure } from "./radar.ts";
import { render } from "./render.ts";
import { lookOf } from "./style.ts";

/**
 * Figures 3 to 7 of the paper by relative path. Retrieval and end-to-end over noise, in both modes and for end-to-end in F1 (what the paper's axis says) and
 * recall (what it drew); the radar of all systems, of the readers of each retriever and of the retrievers of each reader, z-scored over all systems in each.
 */
export async function allFigures(metrics: Metrics): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const mode of ["fixed", "compat"] as const) {
    const suffix = mode === "fixed" ? "" : "_compat";
    out[`figures/figure3_retrieval_recall${suffix}.svg`] = await render(retrievalFigure(metrics, mode));
    out[`figures/figure4_end_to_end_f1${suffix}.svg`] = await render(answerFigure(metrics, mode, "f1"));
    out[`figures/figure4_end_to_end_recall${suffix}.svg`] = await render(answerFigure(metrics, mode, "recall"));
    for (const [name, systems] of radars(metrics, mode)) {
      const spec = radar(metrics, mode, systems);
      if (spec !== undefined) out[`figures/${name}${suffix}.svg`] = await render(spec);
    }
  }
  return out;
}

function notesOf(metrics: Metrics, mode: Mode, text: string, more = ""): string[] {
  return [`Mode: ${mode}. ${text}`, `${more} ${simulationNotice(metrics)}`.trim()].filter((note) => note !== "");
}

const WHISKERS = "Whiskers: 95 % bootstrap intervals over people.";

function retrievalFigure(metrics: Metrics, mode: Mode) {
  const rows = metrics.metrics.filter((row) => row.mode === mode && row.metric === "retrieval_recall" && row.category === OVERALL && row.retriever !== GOLD_CONTEXT);
  // One curve per retriever: that of the first reader, as rankings do not depend on it.
  const first = new Map<string, string>();
  for (const row of rows) if (!first.has(row.retriever)) first.set(row.retriever, row.system);
  const panel = panelOf("", rows.filter((row) => first.get(row.retriever) === row.system), retrieversOf(metrics));
  return lineFigure([panel], { y: "retrieval recall@k", notes: notesOf(metrics, mode, WHISKERS) });
}

function answerFigure(metrics: Metrics, mode: Mode, metric: MetricName) {
  const rows = metrics.metrics.filter((row) => row.mode === mode && row.metric === metric && row.category === OVERALL);
  const readers = [...new Set(rows.map(({ reader }) => reader))];
  const panels = readers.map((reader) => panelOf(reader, rows.filter((row) => row.reader === reader), retrieversOf(metrics)));
  const who = readers.length === 1 ? `Reader: ${readers[0] ?? ""}.` : "";
  return lineFigure(panels, { y: `end-to-end ${metric === "f1" ? "F1" : "recall"}`, notes: notesOf(metrics, mode, WHISKERS, who) });
}

/** All retrievers but the gold context, in order: their place gives them the same look in every figure. */
function retrieversOf({ metrics }: Metrics): string[] {
  return [...new Set(metrics.map(({ retriever }) => retriever))].filter((name) => name !== GOLD_CONTEXT);
}

function panelOf(title: string, rows: readonly Measured[], retrievers: readonly string[]): Panel {
  const names = [...new Set(rows.map(({ retriever }) => retriever))];
  return {
    title,
    series: names.map((name) => ({
      name: name === GOLD_CONTEXT ? "gold context" : name,
      look: lookOf(retrievers.indexOf(name), name === GOLD_CONTEXT),
      points: rows.flatMap(({ retriever, noise, value, low, high }) => (retriever === name && value !== null ? [{ noise, value, low, high }] : [])),
    })),
  };
}

/** File name → systems shown. Figures 6 and 7 only where they differ from Figure 5. */
function radars({ dimensions }: Metrics, mode: Mode): [string, string[]][] {
  const own = dimensions.filter((row) => row.mode === mode);
  const distinct = (field: "reader" | "retriever" | "system"): string[] => [...new Set(own.map((row) => row[field]))];
  const [readers, retrievers] = [distinct("reader"), distinct("retriever")];
  const showing = (field: "reader" | "retriever", name: string): string[] => [...new Set(own.filter((row) => row[field] === name).map(({ system }) => system))];
  return [
    ["figure5_dimensions", distinct("system")],
    ...(readers.length > 1 ? retrievers.map((name, place): [string, string[]] => [`figure6_readers_with_${fileName(name, place)}`, showing("retriever", name)]) : []),
    ...(readers.length > 1 && retrievers.length > 1 ? readers.map((name, place): [string, string[]] => [`figure7_retrievers_with_${fileName(name, place)}`, showing("reader", name)]) : []),
  ];
}

function radar(metrics: Metrics, mode: Mode, systems: readonly string[]) {
  const rows = metrics.dimensions.filter((row) => row.mode === mode);
  const axes = DIMENSIONS.filter((dimension) => rows.some((row) => row.dimension === dimension && row.z !== null));
  if (axes.length < 3) return undefined;
  const all = [...new Set(rows.map(({ system }) => system))];
  const readers = new Set(rows.map(({ reader }) => reader));
  const series = systems.map((system) => ({
    name: readers.size === 1 ? (rows.find((row) => row.system === system)?.retriever ?? system) : system,
    look: lookOf(all.indexOf(system)),
    z: axes.map((axis) => rows.find((row) => row.system === system && row.dimension === axis)?.z ?? null),
  }));
  const left = DIMENSIONS.filter((dimension) => !axes.includes(dimension)).map((name) => dimensionTitle(name).toLowerCase());
  const without = left.length > 0 ? `Without spread, not drawn: ${left.join(", ")}.` : "";
  return radarFigure(axes.map(dimensionTitle), series, notesOf(metrics, mode, "z-scores over all systems without gold context.", without));
}

/** A name from a pipeline as part of a file name: letters, digits and dots, and its place where that lost something. */
function fileName(name: string, place: number): string {
  const safe = name.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/^[.-]+/, "").slice(0, 60);
  return safe === name ? safe : `${safe}_${place + 1}`;
}
