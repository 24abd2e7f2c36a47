import type { Cell, CellId } from "../pipeline/index.ts";
import { cellContents, CodeError, explainReason, textOf } from "../plan/index.ts";
import type { CellPlan, Reason } from "../plan/index.ts";
import { hashJson } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { listOf, openJournal } from "./item-journal.ts";
import type { Remembered } from "./items.ts";
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
  return { plan, past, reasons: await Promise.all(reasons.map(async (reason) => ({ reason, detail: await detailOf(state, cell, reason, past) }))) };
}

/** Plans a cell and all it needs; returns the cell's own plan. */
export async function planUpTo(project: Project, { planner }: State, cell: Cell): Promise<CellPlan> {
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

/** What exactly changed, in lines. `past`: as recorded, whatever the disk says now. */
export async function detailOf(state: State, cell: Cell, reason: Reason, past: boolean): Promise<string[]> {
  const stored = async (hash: Sha256): Promise<string | undefined> => (await state.objects.read(hash))?.toString("utf8");
  const stage = await state.planner.stageInputs(cell.stage);
  return explainReason(reason, {
    stage: cell.stage,
    before: stored,
    now: async (label, hash) => {
      if (past) return stored(hash);
      const text = stage instanceof CodeError ? undefined : textOf(stage.contents[label], hash);
      const own = cellContents(cell, state.planner.options)[label];
      return text ?? (own?.hash === hash ? own.bytes : stored(hash));
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

/** Files an item read that are not as they were. */
const changedReads = (state: State, { reads }: Remembered): string[] =>
  Object.keys(reads)
    .filter((label) => label.startsWith("reads."))
    .map((label) => label.slice("reads.".length))
    .filter((path) => state.snapshot.probe(path) !== reads[`reads.${path}`]);
