import type { AxisValue, Cell, CellNeed, Graph } from "../../pipeline/index.ts";
import { axisText } from "../../pipeline/index.ts";
import type { Json, JsonRecord } from "../../stage/index.ts";

/** The cells of a need that a record can come from, and how that was told. */
export interface Narrowed {
  cells: Cell[];
  /** Axes of which the record names no value: all cells along them are looked at. */
  open: string[];
  /** Axes of which it names a value that no cell of the need has now: then there are no cells. */
  gone: { axis: string; said: Json }[];
}

/** The values that cells of a stage were built for along an axis, as they stand in cell ids. */
export type Built = (stage: string, axis: string) => readonly string[];

/** As the lock tells: it keeps cells that the pipeline has no more. */
export function builtFrom(ids: readonly string[]): Built {
  const known = new Map<string, string[]>();
  return (stage, axis) => {
    const key = `${stage}@${axis}`;
    let values = known.get(key);
    if (values === undefined) {
      const head = `${stage}@`;
      const pairs = ids.filter((id) => id.startsWith(head)).flatMap((id) => id.slice(head.length).split(","));
      known.set(key, (values = [...new Set(pairs.filter((pair) => pair.startsWith(`${axis}=`)).map((pair) => pair.slice(axis.length + 1)))]));
    }
    return values;
  };
}

/**
 * A record of a stage that gathers says itself which cell it is about, in a field called as the axis: with the axis's value, or, where the values are
 * roles, with the name of the role's model. `others` are the values the field has in all of the artifact: where they and the values that cells were built
 * for pair off but for one of each, these two belong together. Where that one has no cell now, no other takes its place.
 */
export async function narrow(graph: Graph, need: CellNeed, record: JsonRecord, others: (field: string) => Promise<ReadonlySet<Json>>, built: Built): Promise<Narrowed> {
  const all = need.cells.flatMap((id) => graph.cells.get(id) ?? []);
  let cells = all;
  const open: string[] = [];
  const gone: Narrowed["gone"] = [];
  for (const axis of need.gathered) {
    const values = [...new Set(all.map((cell) => cell.axis[axis]))].filter((value) => value !== undefined);
    const said = record[axis];
    if (said === undefined) {
      if (values.length > 1) open.push(axis);
      continue;
    }
    const choice = choose(graph, values, built(need.stage, axis), said, await others(axis));
    if (choice === "gone") {
      gone.push({ axis, said });
      cells = [];
    } else if (choice === "open") open.push(axis);
    else cells = cells.filter((cell) => cell.axis[axis] === choice.value);
  }
  return { cells, open, gone };
}

function choose(graph: Graph, values: readonly AxisValue[], built: readonly string[], said: Json, others: ReadonlySet<Json>): { value: AxisValue } | "gone" | "open" {
  const named = values.filter((value) => isCalled(value, said));
  const meant = named.length > 0 ? named : values.filter((value) => isModelOf(graph, value, said));
  if (meant.length > 1) return "open";
  if (meant[0] !== undefined) return { value: meant[0] };
  const then: readonly AxisValue[] = built.length === 0 ? values : built.map((text) => values.find((value) => axisText(value) === text) ?? decoded(text));
  const left = byElimination(graph, then, said, others);
  if (left !== undefined && values.includes(left)) return namesElsewhere(graph, values, then, said) ? "gone" : { value: left };
  if (left !== undefined || namesElsewhere(graph, values, then, said)) return "gone";
  const [only] = values;
  return values.length === 1 && only !== undefined && then.length === 1 && then[0] === only ? { value: only } : "open";
}

const isCalled = (value: AxisValue, said: Json): boolean => said === value || (typeof said === "string" && said === axisText(value));

function isModelOf({ pipeline: { models } }: Graph, value: AxisValue, said: Json): boolean {
  return typeof value === "string" && Object.hasOwn(models, value) && models[value]?.model === said;
}

/** Is this a value of the axis, or the model of one, that no cell has now? A number is never another name of a number. */
function namesElsewhere(graph: Graph, values: readonly AxisValue[], then: readonly AxisValue[], said: Json): boolean {
  if (then.some((value) => !values.includes(value) && (isCalled(value, said) || isModelOf(graph, value, said)))) return true;
  if (typeof said === "number" && values.every((value) => typeof value === "number")) return true;
  const { models } = graph.pipeline;
  return values.every((value) => typeof value === "string" && Object.hasOwn(models, value)) && Object.entries(models).some(([role, { model }]) => role === said || model === said);
}

/** Built values are known as text: one that is a number where it reads as one. */
function decoded(text: string): AxisValue {
  if (String(Number(text)) === text) return Number(text);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function byElimination(graph: Graph, values: readonly AxisValue[], said: Json, others: ReadonlySet<Json>): AxisValue | undefined {
  const names = (value: AxisValue, one: Json): boolean => isCalled(value, one) || isModelOf(graph, value, one);
  const left = values.filter((value) => ![...others].some((other) => names(value, other)));
  const strange = [...others].filter((other) => !values.some((value) => names(value, other)));
  return others.size === values.length && left.length === 1 && strange.length === 1 && strange[0] === said ? left[0] : undefined;
}
