import type { Command } from "commander";
import { printable } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import { common, EXIT, openProject, printJson, selection, useColor, withCommon } from "./common.ts";
import { idWidth, listLine, reasonsText } from "./print/words.ts";

export type Standing = "fresh" | "stale" | "missing" | "failed";

export function statusCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("status"))
    .description("every cell: fresh, stale, missing or failed, with reasons; exit 3 unless all are fresh")
    .argument("[targets...]", "as for run; default: all cells")
    .action(async (targets: string[]) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const cells = targets.length === 0 ? [...project.graph.cells.values()] : selection(project, targets).cells;
      const { planner } = project.load();
      const { cells: plans } = await planner.plan(cells.map(({ id }) => id));
      const color = useColor(process.stdout);
      let stale = 0;
      const width = idWidth([...plans.keys()]);
      const paints: Record<Standing, string> = { fresh: "32", stale: "33", missing: "33", failed: "31" };
      for (const plan of plans.values()) {
        const standing = standingOf(plan);
        if (standing !== "fresh") stale++;
        if (common.json) printJson({ event: "cell", cell: plan.cell.id, status: standing, reasons: plan.reasons, ...(plan.action === "fresh" ? { artifact: plan.artifact } : {}), ...(plan.action === "blocked" ? { message: plan.message } : {}) });
        else if (!common.quiet || standing !== "fresh") {
          const word = standing.padEnd(8);
          const why = plan.action === "blocked" ? printable(plan.message) : reasonsText(plan.reasons, 4);
          const line = listLine(`${word} ${plan.cell.id.padEnd(width)}  ${why}`.trimEnd());
          process.stdout.write(`${color ? `\u001b[${paints[standing]}m${word}\u001b[0m${line.slice(word.length)}` : line}\n`);
        }
      }
      if (common.json) printJson({ event: "done", ok: stale === 0, fresh: plans.size - stale, stale });
      else process.stdout.write(stale === 0 ? `all ${plans.size} cells are fresh\n` : `${stale} of ${plans.size} cells are not fresh: dag run\n`);
      exit(stale === 0 ? EXIT.ok : EXIT.stale);
    });
}

/** A restorable cell is stale too: its artifact is not in place, or the lock does not know it. */
export function standingOf(plan: CellPlan): Standing {
  if (plan.action === "fresh") return "fresh";
  if (plan.action === "blocked" || plan.reasons.some(({ kind }) => kind === "failed")) return "failed";
  return plan.reasons.some(({ kind }) => kind === "never-built" || kind === "output-missing") ? "missing" : "stale";
}
