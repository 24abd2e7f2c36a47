import type { AxisValue, Cell, CellNeed, Graph, Pipeline, Stage } from "./types.ts";
import { meet } from "./axes.ts";
import { axisText, byCodeUnit, cellsOf } from "./cells.ts";
import { topological } from "./order.ts";

/**
 * The graph of cells of a checked pipeline. Axes match by name: a cell gets from upstream the cell with its own value of
 * every shared axis, all cells along an axis only upstream has (in matrix order), and the same cell along an axis only it
 * has. Linear in the number of cells and needs; lists of upstream cells are shared between cells and must not be changed.
 */
export function expand(pipeline: Pipeline): Graph {
  const graph: Graph = { pipeline, cells: new Map(), byStage: new Map() };
  for (const name of topological([...pipeline.stages.keys()], (stage) => pipeline.stages.get(stage)?.needs ?? [])) {
    const stage = pipeline.stages.get(name);
    if (!stage) continue;
    const lookups = stage.needs.flatMap((need) => {
      const upstream = pipeline.stages.get(need);
      return upstream ? [lookup(stage, upstream)] : [];
    });
    const cells = cellsOf(stage).map(({ id, axis, path }): Cell => ({ id, stage, axis, needs: lookups.map((find) => find(axis)), models: rolesOf(stage, axis, pipeline), path }));
    graph.byStage.set(name, cells);
    for (const cell of cells) graph.cells.set(cell.id, cell);
  }
  return graph;
}

function rolesOf(stage: Stage, axis: Cell["axis"], { models }: Pipeline): string[] {
  if (stage.modelAxes.length === 0) return stage.models;
  const named = stage.modelAxes.map((name) => String(axis[name])).filter((role) => Object.hasOwn(models, role));
  return [...new Set([...stage.models, ...named])].sort(byCodeUnit);
}

/** Finds what a cell needs of one upstream stage; cells that agree on the shared axes get the same object. */
function lookup(stage: Stage, upstream: Stage): (axis: Cell["axis"]) => CellNeed {
  const { shared, gathered } = meet(stage, upstream);
  const [only] = shared;
  const key = (axis: Cell["axis"]): AxisValue | undefined => (shared.length <= 1 ? only && axis[only] : shared.map((name) => axisText(axis[name] ?? "")).join(","));
  const groups = new Map<AxisValue | undefined, CellNeed>();
  for (const cell of cellsOf(upstream)) {
    const at = key(cell.axis);
    const group = groups.get(at);
    if (group) group.cells.push(cell.id);
    else groups.set(at, { stage: upstream.name, cells: [cell.id], gathered });
  }
  return (axis) => groups.get(key(axis)) ?? { stage: upstream.name, cells: [], gathered };
}
