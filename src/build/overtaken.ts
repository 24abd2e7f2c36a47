import type { Cell, CellId } from "../pipeline/index.ts";
import { cellContents, CodeError } from "../plan/index.ts";
import { canonicalJson } from "../store/index.ts";
import type { Project, State } from "./project.ts";

/** A pipeline and a reading of its inputs. */
export interface Reading {
  project: Project;
  state: State;
}

/**
 * Cells of a build whose inputs are declared or read otherwise now than when it read them, and all that comes after them. Both readings are the
 * planner's own: this compares them and decides nothing.
 */
export async function overtaken(cells: readonly Cell[], before: Reading, now: Reading): Promise<Set<CellId>> {
  const found = new Set<CellId>();
  const read = new Map<string, Promise<[string, string]>>();
  for (const { id, stage, needs } of cells) {
    let shared = read.get(stage.name);
    if (shared === undefined) {
      shared = Promise.all([sharedText(before, id), sharedText(now, id)]);
      read.set(stage.name, shared);
    }
    const [then, current] = await shared;
    if (needs.some((need) => need.cells.some((upstream) => found.has(upstream))) || then !== current || ownText(before, id) !== ownText(now, id)) found.add(id);
  }
  return found;
}

/** What the cells of a stage share. */
async function sharedText({ project, state }: Reading, id: CellId): Promise<string> {
  const cell = project.graph.cells.get(id);
  if (cell === undefined) return "";
  const inputs = await state.planner.stageInputs(cell.stage);
  if (inputs instanceof CodeError) return inputs.message;
  return canonicalJson([Object.fromEntries(Object.entries(inputs.contents).map(([label, { hash }]) => [label, hash])), inputs.missing.map(({ label, path }) => [label, path])]);
}

/** What is a cell's own: its place, its axes, whom it needs. */
function ownText({ project, state }: Reading, id: CellId): string {
  const cell = project.graph.cells.get(id);
  if (cell === undefined) return "";
  const contents = Object.entries(cellContents(cell, state.planner.options)).map(([label, { hash }]) => [label, hash]);
  return JSON.stringify([cell.path, contents, cell.needs]);
}
