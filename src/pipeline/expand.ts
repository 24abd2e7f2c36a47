import type { Cell, CellId, CellNeed, Graph, Pipeline, Stage } from "./types.ts";
import { meet } from "./axes.ts";
import { axisText, type BareCell, cellsOf } from "./cells.ts";
import { topological } from "./order.ts";

/**
 * The graph of cells of a checked pipeline. Axes match by name: a cell gets from upstream the cell with its own value of
 * every shared axis, all cells along an axis only upstream has (in matrix order), and the same cell along an axis only it
 * has. Linear in the number of cells and needs; lists of upstream cells are shared between cells and must not be changed.
 */
export function expand(pipeline: Pipeline): Graph {
  const bare = new Map<string, BareCell[]>();
  for (const stage of pipeline.stages.values()) bare.set(stage.name, cellsOf(stage));

  const graph: Graph = { pipeline, cells: new Map(), byStage: new Map() };
  for (const name of topological([...pipeline.stages.keys()], (stage) => pipeline.stages.get(stage)?.needs ?? [])) {
    const stage = pipeline.stages.get(name);
    if (!stage) continue;
    const lookups = stage.needs.flatMap((need) => {
      const upstream = pipeline.stages.get(need);
      return upstream ? [lookup(stage, upstream, bare.get(need) ?? [])] : [];
    });
    const cells = (bare.get(name) ?? []).map((cell): Cell => ({ ...cell, stage, needs: lookups.map((find) => find(cell)) }));
    graph.byStage.set(name, cells);
    for (const cell of cells) graph.cells.set(cell.id, cell);
  }
  return graph;
}

/** Finds what a cell needs of one upstream stage; cells that agree on the shared axes get the same object. */
function lookup(stage: Stage, upstream: Stage, cells: readonly BareCell[]): (cell: BareCell) => CellNeed {
  const { shared, gathered } = meet(stage, upstream);
  const key = (cell: BareCell) => shared.map((axis) => axisText(cell.axis[axis] ?? "")).join(",");
  const groups = new Map<string, CellNeed>();
  for (const cell of cells) {
    const group = groups.get(key(cell));
    if (group) group.cells.push(cell.id);
    else groups.set(key(cell), { stage: upstream.name, cells: [cell.id], gathered });
  }
  return (cell) => groups.get(key(cell)) ?? { stage: upstream.name, cells: [] as CellId[], gathered };
}
