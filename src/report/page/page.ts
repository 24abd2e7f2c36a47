import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, Graph } from "../../pipeline/index.ts";
import { drawGraph } from "../graph/draw.ts";
import type { CellState } from "../graph/model.ts";
import { html, image } from "./html.ts";
import { resultsOf } from "./results.ts";
import { sampleOf } from "./sample.ts";
import { STYLE } from "./style.ts";

/** What is known of a cell. */
export interface PageCell {
  state: CellState;
  /** `sha256:<hex>` of the artifact in place. */
  artifact?: string;
  bytes?: number;
  records?: number;
}

export interface PageInput {
  graph: Graph;
  /** Absolute path of the artifacts directory. */
  artifacts: string;
  /** By cell id. */
  cells: ReadonlyMap<string, PageCell>;
  /** One hash for the whole build, where every artifact is in place. */
  build?: string;
  /** Records shown of each stage. Default 5. */
  records?: number;
}

/**
 * One self-contained HTML page of a build: the DAG, results with tables and figures, and every artifact with its hash and first records. It loads nothing and
 * runs no script; a content security policy says so too. Equal builds give equal bytes.
 */
export async function reportPage({ graph, artifacts, cells, build, records = 5 }: PageInput): Promise<string> {
  const name = graph.pipeline.name;
  const results: string[] = [];
  for (const cell of graph.cells.values()) {
    if (cell.stage.output.kind !== "directory") continue;
    const body = await resultsOf(join(artifacts, cell.path));
    if (body !== "") results.push(`<section><h3>${html(cell.id)}</h3>${body}</section>`);
  }
  const stages: string[] = [];
  for (const [stage, list] of graph.byStage) stages.push(await stageSection(stage, list, artifacts, cells, records));
  const drawing = await drawGraph(graph, "svg");
  const roles = await simulatedRoles(graph, artifacts);
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${html(name)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${html(name)}</h1>`,
    `<p class="quiet">${standing(graph, cells)}${build === undefined ? "" : ` Build <span class="hash">${html(build)}</span>.`}</p>`,
    roles.length > 0 ? `<p class="notice"><b>Simulated.</b> ${html(roles.join(", "))}: answers of the offline provider, a deterministic stand-in, not of a language model. The numbers show that the benchmark works, not what a model can do.</p>` : "",
    `<nav><a href="#pipeline">Pipeline</a>${results.length > 0 ? '<a href="#results">Results</a>' : ""}<a href="#artifacts">Artifacts</a></nav>`,
    `<h2 id="pipeline">Pipeline</h2><div class="dag">${image("image/svg+xml", Buffer.from(drawing), `the stages of ${name}`)}</div>`,
    results.length > 0 ? `<h2 id="results">Results</h2>${results.join("\n")}` : "",
    `<h2 id="artifacts">Artifacts</h2><p class="quiet">The hash of a file is what sha256sum prints; that of a directory is the sha256 of its sorted listing.</p>`,
    ...stages,
    "</body></html>",
    "",
  ].filter((part, place, all) => part !== "" || place === all.length - 1).join("\n");
}

function standing(graph: Graph, cells: ReadonlyMap<string, PageCell>): string {
  const counts = new Map<CellState, number>();
  for (const id of graph.cells.keys()) {
    const state = cells.get(id)?.state ?? "missing";
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const list = (["fresh", "stale", "missing", "failed"] as const).flatMap((state) => (counts.has(state) ? [`${counts.get(state) ?? 0} ${state}`] : []));
  return `${graph.byStage.size} stages, ${graph.cells.size} cells: ${list.join(", ")}.`;
}

async function stageSection(stage: string, list: readonly Cell[], artifacts: string, cells: ReadonlyMap<string, PageCell>, most: number): Promise<string> {
  const rows = list.map((cell) => {
    const known = cells.get(cell.id) ?? { state: "missing" as const };
    const count = known.records === undefined ? "" : String(known.records);
    return `<tr><td>${html(cell.id)}</td><td class="${known.state}">${known.state}</td><td class="n">${count}</td><td class="n">${known.bytes ?? ""}</td><td class="hash">${html(known.artifact ?? "–")}</td></tr>`;
  });
  const first = list.find((cell) => cells.get(cell.id)?.artifact !== undefined);
  const kind = first?.stage.output.kind;
  const samples = first !== undefined && (kind === "jsonl" || kind === "json") ? await sampleOf(join(artifacts, first.path), kind, most) : [];
  const shown = samples.map(({ title, text }) => `<details><summary>${html(title === "" ? (first?.path ?? "") : title)}</summary><pre>${html(text)}</pre></details>`);
  return [
    `<section><h3>${html(stage)}</h3>`,
    `<div class="wide"><table><thead><tr><th>Cell</th><th>State</th><th class="n">Records</th><th class="n">Bytes</th><th>Hash</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
    shown.length > 0 ? `<details><summary>First records of ${html(first?.id ?? stage)}</summary>${shown.join("")}</details>` : "",
    "</section>",
  ].join("");
}

/** Roles that the offline provider answers for, as declared, and as any metrics.json in the artifacts says. */
async function simulatedRoles(graph: Graph, artifacts: string): Promise<string[]> {
  const used = new Set([...graph.cells.values()].flatMap(({ models }) => models));
  const roles = new Set([...used].filter((role) => graph.pipeline.models[role]?.provider === "offline"));
  for (const cell of graph.cells.values()) {
    if (cell.stage.output.kind !== "directory") continue;
    const text = await readFile(join(artifacts, cell.path, "metrics.json"), "utf8").catch(() => "null");
    for (const role of simulatedIn(text)) roles.add(role);
  }
  return [...roles].sort((a, b) => (a < b ? -1 : 1));
}

function simulatedIn(json: string): string[] {
  try {
    const { simulated } = (JSON.parse(json) ?? {}) as { simulated?: unknown };
    return Array.isArray(simulated) ? simulated.filter((role) => typeof role === "string") : [];
  } catch {
    return [];
  }
}
