import type { AxisValue, Cell, CellId, Graph, Stage } from "../../pipeline/index.ts";

/** What a cell is, where a drawing shows it. */
export type CellState = "fresh" | "stale" | "missing" | "failed";

/** A stage as one node, however many cells it has. */
export interface StageNode {
  name: string;
  /** Its own axes; empty for a stage of one cell. */
  axes: { name: string; values: AxisValue[] }[];
  cells: CellId[];
  kind: "module" | "command";
  each: string | undefined;
  files: string[];
  prompts: string[];
  models: string[];
  output: string;
  /** Cells by state, of those the caller knows. */
  states: Partial<Record<CellState, number>>;
}

/** `to` needs `from`. */
export interface StageEdge {
  from: string;
  to: string;
  /** Axes along which all cells of `from` are gathered; empty where each cell gets one. */
  gathered: string[];
  /** `to` runs once per record of `from`. */
  each: boolean;
  /** There is a longer way from `from` to `to` as well. */
  implied: boolean;
}

export interface StageGraph {
  name: string;
  /** In topological order. */
  nodes: StageNode[];
  /** By target, then by source, both in topological order. */
  edges: StageEdge[];
}

/** The stages of a graph and what they need of each other. `only` leaves out the others, and edges to them. */
export function stageGraph(graph: Graph, only?: ReadonlySet<string>, states?: ReadonlyMap<string, CellState>): StageGraph {
  const names = [...graph.byStage.keys()].filter((name) => only === undefined || only.has(name));
  const rank = new Map(names.map((name, place) => [name, place]));
  const nodes: StageNode[] = [];
  const edges: StageEdge[] = [];
  for (const name of names) {
    const cells = graph.byStage.get(name) ?? [];
    const stage = cells[0]?.stage ?? graph.pipeline.stages.get(name);
    if (stage === undefined) continue;
    nodes.push(nodeOf(stage, cells, states));
    const needs = (cells[0]?.needs ?? []).filter((need) => rank.has(need.stage));
    needs.sort((a, b) => (rank.get(a.stage) ?? 0) - (rank.get(b.stage) ?? 0));
    for (const need of needs) edges.push({ from: need.stage, to: name, gathered: need.gathered, each: stage.each === need.stage, implied: false });
  }
  markImplied(names, edges);
  return { name: graph.pipeline.name, nodes, edges };
}

function nodeOf(stage: Stage, cells: readonly Cell[], states: ReadonlyMap<string, CellState> | undefined): StageNode {
  const counts: Partial<Record<CellState, number>> = {};
  for (const { id } of cells) {
    const state = states?.get(id);
    if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
  }
  return {
    name: stage.name,
    axes: stage.matrix,
    cells: cells.map(({ id }) => id),
    kind: stage.action.kind === "module" ? "module" : "command",
    each: stage.each,
    files: Object.values(stage.files).flat(),
    prompts: Object.keys(stage.prompts),
    models: [...new Set([...stage.models, ...cells.flatMap(({ models }) => models)])].sort((a, b) => (a < b ? -1 : 1)),
    output: stage.output.path + (stage.output.kind === "directory" ? "/" : ""),
    states: counts,
  };
}

/** An edge is implied if its source is reached from another need of its target. */
function markImplied(names: readonly string[], edges: StageEdge[]): void {
  const needs = new Map<string, StageEdge[]>(names.map((name) => [name, []]));
  for (const edge of edges) needs.get(edge.to)?.push(edge);
  const above = new Map<string, Set<string>>();
  for (const name of names) {
    const all = new Set<string>();
    for (const { from } of needs.get(name) ?? []) {
      all.add(from);
      for (const other of above.get(from) ?? []) all.add(other);
    }
    above.set(name, all);
  }
  for (const edge of edges) edge.implied = (needs.get(edge.to) ?? []).some((other) => other !== edge && above.get(other.from)?.has(edge.from) === true);
}

/** `4 × noise`, `16 × noise, retriever`, or nothing for one cell. */
export function cellsText(node: StageNode): string {
  return node.axes.length === 0 ? "" : `${node.cells.length} × ${node.axes.map(({ name }) => name).join(", ")}`;
}

/** Few words for many names: `a, b +3`. */
export function shortList(names: readonly string[], most: number): string {
  const rest = names.length - most;
  return names.slice(0, most).join(", ") + (rest > 0 ? ` +${rest}` : "");
}

/** The last part of a path: enough in a drawing. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? path;
}
