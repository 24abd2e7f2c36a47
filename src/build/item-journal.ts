import { join } from "node:path";
import type { Cell } from "../pipeline/index.ts";
import { itemBaseOf } from "../plan/index.ts";
import type { Inputs } from "../plan/index.ts";
import type { JsonRecord } from "../stage/index.ts";
import { Journal } from "../store/index.ts";
import { readRecords } from "./jsonl.ts";
import type { Project, State } from "./project.ts";

/** Records of a list that a cell needs. */
export async function* listOf(project: Project, state: State, cell: Cell, need: string): AsyncGenerator<JsonRecord> {
  for (const id of cell.needs.find(({ stage }) => stage === need)?.cells ?? []) {
    const upstream = project.graph.cells.get(id);
    const artifact = state.planner.artifact(id);
    if (upstream === undefined || artifact === undefined) continue;
    // One that will be restored is not in its place yet.
    const path = state.planner.onDisk(upstream) === artifact ? join(project.places.artifacts, upstream.path) : state.objects.pathOf(artifact);
    yield* readRecords(path, id);
  }
}

/** What is remembered of a cell's items under these inputs, to read only. */
export const openJournal = (project: Project, cell: Cell, inputs: Inputs, each: string): Promise<Journal> => {
  const base = itemBaseOf(inputs, each, cell.stage.action.kind === "module");
  return Journal.open(join(project.places.cache, "items", base.slice(7, 9), `${base.slice(9)}.jsonl`), { readonly: true });
};
