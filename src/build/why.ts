import { join } from "node:path";
import type { Cell, CellId } from "../pipeline/index.ts";
import { cellContents, CodeError, explainReason, itemBaseOf } from "../plan/index.ts";
import type { CellPlan, Inputs, Reason } from "../plan/index.ts";
import type { JsonRecord } from "../stage/index.ts";
import { hashJson, Journal } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { Remembered } from "./items.ts";
import { readRecords } from "./jsonl.ts";
import type { Project, State } from "./project.ts";

/** Why a cell is what it is: the plan's own reasons, or those of the last build where it is fresh, each with its detail. */
export interface Why {
  plan: CellPlan;
  reasons: { reason: Reason; detail: string[] }[];
  /** True where the reasons are those of the last build. */
  past: boolean;
}

export async function whyCell(project: Project, state: State, cell: Cell): Promise<Why> {
  const plan = await planUpTo(project, state, cell);
  const past = plan.action === "fresh";
  const reasons = past ? (state.memory.reasons(cell.id, plan.recipe) ?? []) : plan.reasons;
  return { plan, past, reasons: await Promise.all(reasons.map(async (reason) => ({ reason, detail: await detail(state, cell, reason, past) }))) };
}

/** Plans a cell and all it needs; returns the cell's own plan. */
async function planUpTo(project: Project, { planner }: State, cell: Cell): Promise<CellPlan> {
  const needed = new Set<CellId>();
  const visit = (id: CellId): void => {
    if (needed.has(id)) return;
    needed.add(id);
    for (const need of project.graph.cells.get(id)?.needs ?? []) need.cells.forEach(visit);
  };
  visit(cell.id);
  const { cells } = await planner.plan([...project.graph.cells.keys()].filter((id) => needed.has(id)));
  const plan = cells.get(cell.id);
  if (plan === undefined) throw new Error(`no plan for ${cell.id}`);
  return plan;
}

async function detail(state: State, cell: Cell, reason: Reason, past: boolean): Promise<string[]> {
  const stored = async (hash: Sha256): Promise<string | undefined> => (await state.objects.read(hash))?.toString("utf8");
  const stage = await state.planner.stageInputs(cell.stage);
  return explainReason(reason, {
    stage: cell.stage,
    before: stored,
    now: async (label, hash) => {
      const content = stage instanceof CodeError ? undefined : stage.contents[label];
      if (!past && content?.hash === hash) return content.bytes?.();
      const own = cellContents(cell, state.planner.options)[label];
      if (!past && own?.hash === hash) return own.bytes;
      return stored(hash);
    },
  });
}

/** How many items of a cell that would run are remembered; undefined where there are none, or an upstream cell comes first. */
export async function itemsLeft(project: Project, state: State, plan: CellPlan): Promise<{ total: number; kept: number; left: number } | undefined> {
  const { cell } = plan;
  const { each } = cell.stage;
  if (each === undefined || plan.action !== "run" || plan.inputs === undefined) return undefined;
  const journal = await openJournal(project, cell, plan.inputs, each);
  try {
    const counts = { total: 0, kept: 0, left: 0 };
    for await (const record of listOf(project, state, cell, each)) {
      if (counts.total === project.options.sample) break;
      counts.total++;
      const text = journal.has(hashJson(record)) ? await journal.read(hashJson(record)) : undefined;
      if (text !== undefined && changedReads(state, JSON.parse(text) as Remembered).length === 0) counts.kept++;
      else counts.left++;
    }
    return counts;
  } catch {
    return undefined; // a list that cannot be read is the run's to report
  } finally {
    await journal.close();
  }
}

/** Records of the list a cell runs over. */
async function* listOf(project: Project, state: State, cell: Cell, each: string): AsyncGenerator<JsonRecord> {
  for (const id of cell.needs.find((need) => need.stage === each)?.cells ?? []) {
    const upstream = project.graph.cells.get(id);
    const artifact = state.planner.artifact(id);
    if (upstream === undefined || artifact === undefined) continue;
    // One that will be restored is not in its place yet.
    const path = state.planner.onDisk(upstream) === artifact ? join(project.places.artifacts, upstream.path) : state.objects.pathOf(artifact);
    yield* readRecords(path, id);
  }
}

const openJournal = (project: Project, cell: Cell, inputs: Inputs, each: string): Promise<Journal> => {
  const base = itemBaseOf(inputs, each, cell.stage.action.kind === "module");
  return Journal.open(join(project.places.cache, "items", base.slice(7, 9), `${base.slice(9)}.jsonl`), { readonly: true });
};

/** Files an item read that are not as they were. */
const changedReads = (state: State, { reads }: Remembered): string[] =>
  Object.keys(reads)
    .filter((label) => label.startsWith("reads."))
    .map((label) => label.slice("reads.".length))
    .filter((path) => state.snapshot.probe(path) !== reads[`reads.${path}`]);

/** What is remembered of one item of an `each` stage, in a sentence. */
export async function whyItem(project: Project, state: State, cell: Cell, item: string): Promise<string> {
  const { each } = cell.stage;
  if (each === undefined) return `${cell.id} has no items: its stage has no each`;
  const plan = await planUpTo(project, state, cell);
  if (plan.action === "run" && plan.inputs === undefined) return `it depends on what ${each} will hold: an upstream cell will be rebuilt first`;
  const inputs: Inputs | undefined = plan.action === "run" ? plan.inputs : state.lock.cells[cell.id]?.inputs;
  if (inputs === undefined) return `${cell.id} has never been built`;
  let record: { hash: Sha256 } | undefined;
  for await (const found of listOf(project, state, cell, each)) if (found.id === item) record = { hash: hashJson(found) };
  if (record === undefined) return `${each} has no record with the id ${JSON.stringify(item)}`;
  const failure = plan.action === "run" ? state.memory.itemFailure(cell.id, item) : undefined;
  if (failure !== undefined) return `it failed last time and will run again: ${failure}`;
  const journal = await openJournal(project, cell, inputs, each);
  try {
    const kept = journal.has(record.hash) ? await journal.read(record.hash) : undefined;
    if (kept !== undefined) {
      const changed = changedReads(state, JSON.parse(kept) as Remembered);
      return changed.length === 0 ? "it is remembered: same record, same stage inputs" : `it will run again: ${changed.join(", ")} changed`;
    }
    for (const key of journal.keys()) {
      const text = await journal.read(key);
      if (text !== undefined && (JSON.parse(text) as Remembered).item === item) return `it will run again: its record in ${each} changed ${key.slice(7, 15)} → ${record.hash.slice(7, 15)}`;
    }
    return [...journal.keys()].length === 0 ? "it will run again: nothing is remembered for these inputs of the stage" : `it is new, or failed last time: other items are remembered, this one is not`;
  } finally {
    await journal.close();
  }
}
