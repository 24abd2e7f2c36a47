import type { Place, Trace, TracedCall, TracedCell, TraceNode } from "../../build/index.ts";
import { printJson } from "../common.ts";
import { standingOf } from "../status.ts";

/** A trace as events: every cell on the line, every record with what it leads to, every call behind it; whole. */
export function printTraceJson({ root, cells }: Trace, others: readonly Place[]): void {
  let calls = 0;
  for (const cell of cells) {
    printJson({ event: "cell", cell: cell.plan.cell.id, status: standingOf(cell.plan), reasons: cell.plan.reasons, missing: cell.missing, edited: cell.edited, problems: cell.problems, ...(cell.more === 0 ? {} : { more: cell.more }) });
    for (const node of cell.nodes) {
      printJson(recordEvent(node, node === root));
      if (node.calls.kind !== "known") continue;
      for (const call of node.calls.own.flat()) {
        calls++;
        printJson(callEvent(node, call));
      }
    }
  }
  for (const { cell, file, id } of others) printJson({ event: "also", cell, id, ...(file === "" ? {} : { file }) });
  printJson({ event: "done", ok: true, cells: cells.length, records: count(cells), calls });
}

const count = (cells: readonly TracedCell[]): number => cells.reduce((sum, { nodes }) => sum + nodes.length, 0);

function recordEvent(node: TraceNode, root: boolean): Record<string, unknown> {
  const { cell, found: { record, file, line }, from, item, read, beside, open, unsure, ends, gone, calls } = node;
  return {
    event: "record",
    cell: cell.id,
    id: record.id,
    ...(file === "" ? {} : { file }),
    line,
    root,
    from: from.map(({ child, by }) => ({ cell: child.cell.id, id: child.found.record.id, ...(by.kind === "item" ? { by: "item", changed: by.changed } : { by: "reference", paths: by.paths, ...(by.shared === undefined ? {} : { shared: by.shared }) }) })),
    ...(item === undefined ? {} : { item }),
    ...(read.length === 0 ? {} : { read }),
    ...(beside.length === 0 ? {} : { beside }),
    ...(open.length === 0 ? {} : { open }),
    ...(unsure.length === 0 ? {} : { unsure }),
    ...(ends === undefined ? {} : { ends }),
    ...(gone.length === 0 ? {} : { gone }),
    calls: calls.kind === "known" ? { own: calls.own.flat().map(({ key }) => key), ...(calls.oneOf.length === 0 ? {} : { one_of: calls.oneOf.map((list) => list.flat().map(({ key }) => key)) }), others: calls.others } : calls.kind === "none" ? { own: [], others: 0 } : { unknown: calls.why },
    record,
  };
}

function callEvent(node: TraceNode, { key, role, stored, cost }: TracedCall): Record<string, unknown> {
  const head = { event: "call", cell: node.cell.id, id: node.found.record.id, key, role };
  return typeof stored === "string" ? { ...head, problem: stored } : { ...head, ...stored, ...(cost === undefined ? {} : { cost }) };
}
