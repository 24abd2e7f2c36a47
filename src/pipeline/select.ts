import type { AxisValue, Cell, CellId, Graph } from "./types.ts";
import { axisText } from "./cells.ts";
import { globToRegExp, isGlob } from "./glob.ts";
import { didYouMean, listing, unknownHint } from "./nearest.ts";
import { quote } from "./words.ts";

export interface TargetFailure {
  target: string;
  message: string;
  hint?: string;
}

export interface Selection {
  ok: true;
  /** The targets and all they need, in topological order. */
  cells: Cell[];
  /** The targets themselves, in topological order. */
  asked: CellId[];
}

export type SelectResult = Selection | { ok: false; failures: TargetFailure[] };

/**
 * The cells that targets stand for, with everything upstream. A target is a stage (`documents`), a cell
 * (`documents@noise=0.5`, also `noise=0.50`, axes in any order; with some axes only, all cells that match), or a glob over
 * stages and cell ids (`embed@*bm25*`). No targets: the pipeline's default.
 */
export function selectCells(graph: Graph, targets: readonly string[]): SelectResult {
  const asked = new Set<CellId>();
  const failures: TargetFailure[] = [];
  for (const target of targets.length > 0 ? targets : graph.pipeline.default) {
    const found = resolveTarget(graph, target);
    if (Array.isArray(found)) for (const cell of found) asked.add(cell.id);
    else failures.push({ target, ...found });
  }
  if (failures.length > 0) return { ok: false, failures };

  const wanted = new Set<CellId>();
  const walked = new Set<readonly CellId[]>();
  const open = [...asked];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (wanted.has(id)) continue;
    wanted.add(id);
    for (const need of graph.cells.get(id)?.needs ?? []) {
      // Cells that gather the same share the list: it is walked once.
      if (need.cells.length > 1 && walked.has(need.cells)) continue;
      walked.add(need.cells);
      for (const upstream of need.cells) if (!wanted.has(upstream)) open.push(upstream);
    }
  }
  const cells = [...graph.cells.values()].filter((cell) => wanted.has(cell.id));
  return { ok: true, cells, asked: cells.filter((cell) => asked.has(cell.id)).map((cell) => cell.id) };
}

/** The cells of one target, in topological order, or why there are none. */
export function resolveTarget(graph: Graph, target: string): Cell[] | { message: string; hint?: string } {
  const exact = graph.byStage.get(target) ?? wrap(graph.cells.get(target as CellId));
  if (exact) return exact;
  const cell = cellTarget(graph, target);
  if (cell) return cell;
  if (isGlob(target)) {
    const pattern = globToRegExp(target);
    const found = pattern ? [...graph.cells.values()].filter((one) => pattern.test(one.id) || pattern.test(one.stage.name)) : [];
    return found.length > 0 ? found : { message: `no stage or cell matches ${quote(target)}`, hint: listing("stages", graph.byStage.keys()) };
  }
  return unknownStage(graph, target, target);
}

function unknownStage(graph: Graph, stage: string, target: string): { message: string; hint?: string } {
  const path = target.replace(/^(?:\.\/)?artifacts\//, "").replace(/\/$/, "");
  const writer = [...graph.cells.values()].find((cell) => cell.path === path);
  const hint = writer ? `stage ${quote(writer.stage.name)} writes it: the target is ${quote(writer.id)}` : unknownHint(stage, "stages", graph.byStage.keys());
  return { message: `unknown target ${quote(target)}`, hint };
}

/** `stage@axis=value,…`; undefined where the text has another form or is a glob that no cell is spelt like. */
function cellTarget(graph: Graph, target: string): Cell[] | { message: string; hint?: string } | undefined {
  const at = target.indexOf("@");
  if (at < 0) return undefined;
  const name = target.slice(0, at);
  const cells = graph.byStage.get(name);
  if (!cells) return isGlob(target) ? undefined : unknownStage(graph, name, target);
  const stage = cells[0]?.stage;
  const axes = stage?.matrix.map((axis) => axis.name) ?? [];
  if (axes.length === 0) return isGlob(target) ? undefined : { message: `stage ${quote(name)} has no matrix, so ${quote(target)} is no cell of it`, hint: `the target is ${quote(name)}` };

  let found = cells;
  for (const part of target.slice(at + 1).split(",")) {
    const [, axis, value] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    if (axis === undefined || value === undefined) return isGlob(target) ? undefined : { message: `${quote(target)} is not a cell`, hint: `a cell of ${quote(name)} is written ${quote(cells[0]?.id ?? name)}` };
    if (!axes.includes(axis)) return isGlob(target) ? undefined : { message: `stage ${quote(name)} has no axis ${quote(axis)}`, hint: didYouMean(axis, axes) ?? listing("axes", axes) };
    const known = stage?.matrix.find((one) => one.name === axis)?.values ?? [];
    const matching = new Set(known.filter((one) => spells(value, one)));
    if (matching.size === 0) {
      if (isGlob(target)) return undefined;
      const texts = known.map(axisText);
      return { message: `stage ${quote(name)} has no cell with ${axis}=${value}`, hint: didYouMean(value, texts) ?? listing(`values of ${axis}`, texts) };
    }
    found = found.filter((cell) => matching.has(cell.axis[axis] ?? ""));
  }
  return found.length > 0 ? found : { message: `no cell matches ${quote(target)}` };
}

/** True where the text is a way to write the value: encoded, plain, or another form of the same number. */
function spells(text: string, value: AxisValue): boolean {
  if (text === axisText(value) || text === value) return true;
  return typeof value === "number" && /^[-+]?[0-9.]+(?:e[-+]?[0-9]+)?$/i.test(text) && Number(text) === value;
}

function wrap(cell: Cell | undefined): Cell[] | undefined {
  return cell ? [cell] : undefined;
}
