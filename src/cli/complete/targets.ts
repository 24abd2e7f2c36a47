import { axisText } from "../../pipeline/index.ts";
import type { Graph } from "../../pipeline/index.ts";
import type { Candidate } from "./candidates.ts";

/**
 * Stages, and cells axis by axis: `embed`, `embed@`, `embed@noise=`, `embed@noise=0.5`, `embed@noise=0.5,`. What leads on is offered once there is
 * only one thing it can lead on from.
 */
export function targetCandidates(graph: Graph, current: string): Candidate[] {
  const at = current.indexOf("@");
  if (at < 0) {
    const stages = [...graph.byStage].filter(([name]) => name.startsWith(current));
    return stages.flatMap(([name, cells]) => [
      { value: name, description: cells.length > 1 ? `${cells.length} cells` : "" },
      ...(stages.length === 1 && (cells[0]?.stage.matrix.length ?? 0) > 0 ? [{ value: `${name}@`, description: "one of its cells" }] : []),
    ]);
  }
  const stage = current.slice(0, at);
  const before = current.slice(at + 1).split(",");
  const part = before.pop() ?? "";
  const given = new Map(before.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]));
  const cells = (graph.byStage.get(stage) ?? []).filter(({ axis }) => [...given].every(([name, text]) => axis[name] !== undefined && axisText(axis[name]) === text));
  const left = (cells[0]?.stage.matrix ?? []).map(({ name }) => name).filter((name) => !given.has(name));
  const head = current.slice(0, current.length - part.length);
  const [, axis] = /^([^=]*)=/.exec(part) ?? [];
  if (axis === undefined) return left.map((name) => ({ value: `${head}${name}=` }));
  if (!left.includes(axis)) return [];
  const values = [...new Set(cells.map((cell) => `${axis}=${axisText(cell.axis[axis] ?? "")}`))].filter((text) => text.startsWith(part));
  return values.flatMap((text) => [{ value: head + text }, ...(values.length === 1 && left.length > 1 ? [{ value: `${head}${text},`, description: "and another axis" }] : [])]);
}
