import type { Command } from "commander";
import { itemsLeft } from "../build/index.ts";
import type { Project } from "../build/index.ts";
import type { Cell } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import { common, EXIT, openProject, printJson, selection, withCommon } from "./common.ts";
import { idWidth, reasonsText } from "./print/words.ts";

export function planCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("plan"))
    .description("what run would build or restore, and what that would cost; makes no call, writes nothing")
    .argument("[targets...]", "as for run")
    .action(async (targets: string[]) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      exit(await showPlan(project, selection(project, targets).cells, undefined));
    });
}

/** Prints the plan of these cells; the exit code is 0, or 2 where inputs are missing. */
export async function showPlan(project: Project, cells: readonly Cell[], forced: ((cell: Cell) => boolean) | undefined): Promise<number> {
  const state = project.load(forced === undefined ? {} : { forced });
  const { cells: plans } = await state.planner.plan(cells.map(({ id }) => id));
  const list = [...plans.values()];
  const items = new Map<string, NonNullable<Awaited<ReturnType<typeof itemsLeft>>>>();
  for (const plan of list) {
    const left = await itemsLeft(project, state, plan);
    if (left !== undefined) items.set(plan.cell.id, left);
  }
  const named = (action: CellPlan["action"]): string[] => list.filter((plan) => plan.action === action).map(({ cell }) => cell.id);
  const blocked = list.filter((plan) => plan.action === "blocked");
  if (common.json) {
    for (const plan of list)
      printJson({
        event: "cell",
        cell: plan.cell.id,
        outcome: plan.action,
        reasons: plan.reasons,
        ...(items.has(plan.cell.id) ? { items: items.get(plan.cell.id) } : {}),
        ...(plan.action === "run" ? { conditional: plan.conditional } : {}),
        ...(plan.action === "fresh" ? { artifact: plan.artifact } : plan.action === "restore" ? { artifact: plan.result.artifact } : {}),
        ...(plan.action === "blocked" ? { message: plan.message } : {}),
      });
    printJson({ event: "done", ok: blocked.length === 0, dry_run: true, run: named("run"), restore: named("restore"), fresh: named("fresh"), blocked: named("blocked") });
  } else {
    const width = idWidth(list.map(({ cell }) => cell.id));
    const lines = list.flatMap((plan) => (plan.action === "fresh" ? [] : [`${plan.action.padEnd(9)} ${plan.cell.id.padEnd(width)}  ${itemsText(items.get(plan.cell.id))}${explain(plan)}`.trimEnd()]));
    const counts = [`${named("run").length} to run`, `${named("restore").length} to restore`, `${named("fresh").length} fresh`];
    process.stdout.write([...lines, counts.join(" · "), ""].join("\n"));
  }
  return blocked.some((plan) => plan.missing.length > 0) ? EXIT.usage : EXIT.ok;
}

const itemsText = (items: { total: number; left: number } | undefined): string => (items === undefined ? "" : `${items.left} of ${items.total} items  `);

function explain(plan: CellPlan): string {
  if (plan.action === "blocked") return plan.message;
  const only = plan.action === "run" && plan.conditional ? " (nothing, if that comes out equal)" : "";
  return `${reasonsText(plan.reasons)}${only}`;
}
