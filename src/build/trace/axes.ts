import type { AxisValue, Cell, CellNeed, Graph } from "../../pipeline/index.ts";
import { axisText } from "../../pipeline/index.ts";
import type { Json, JsonRecord } from "../../stage/index.ts";

/** The cells of a need that a record can come from, and how that was told. */
export interface Narrowed {
  cells: Cell[];
  /** Axes of which the record names no value: all cells along them are looked at. */
  open: string[];
}

/**
 * A record of a stage that gathers says itself which cell it is about, in a field called as the axis: with the axis's value, or, where the values are
 * roles, with the name of the role's model. `others` are the values the field has in all of the artifact: where they and the axis's values pair off but for
 * one of each, these two belong together.
 */
export async function narrow(graph: Graph, need: CellNeed, record: JsonRecord, others: (field: string) => Promise<ReadonlySet<Json>>): Promise<Narrowed> {
  let cells = need.cells.flatMap((id) => graph.cells.get(id) ?? []);
  const open: string[] = [];
  for (const axis of need.gathered) {
    const values = [...new Set(cells.map((cell) => cell.axis[axis]))].filter((value) => value !== undefined);
    const said = record[axis];
    const chosen = said === undefined ? undefined : (values.find((value) => names(graph, value, said)) ?? byElimination(graph, values, said, await others(axis)));
    if (chosen === undefined) {
      if (values.length > 1) open.push(axis);
    } else cells = cells.filter((cell) => cell.axis[axis] === chosen);
  }
  return { cells, open };
}

function names(graph: Graph, value: AxisValue, said: Json): boolean {
  if (said === value || (typeof said === "string" && said === axisText(value))) return true;
  const { models } = graph.pipeline;
  return typeof value === "string" && Object.hasOwn(models, value) && models[value]?.model === said;
}

function byElimination(graph: Graph, values: readonly AxisValue[], said: Json, others: ReadonlySet<Json>): AxisValue | undefined {
  const left = values.filter((value) => ![...others].some((other) => names(graph, value, other)));
  const strange = [...others].filter((other) => !values.some((value) => names(graph, value, other)));
  return others.size === values.length && left.length === 1 && strange.length === 1 && strange[0] === said ? left[0] : undefined;
}
