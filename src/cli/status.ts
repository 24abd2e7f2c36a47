import type { Command } from "commander";
import { idlePatterns } from "../build/index.ts";
import type { Project } from "../build/index.ts";
import type { CellId } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import { common, EXIT, openProject, printJson, printWarning, runCommandText, selection, useColor, withCommon, withSample } from "./common.ts";
import { blockedText, count, idWidth, listLine, notFreshText, reasonsText } from "./print/words.ts";

export type Standing = "fresh" | "stale" | "missing" | "failed";

export function statusCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("status")))
    .description("every cell: fresh, stale, missing or failed, with reasons; exit 3 unless all are fresh")
    .argument("[targets...]", "as for run; default: all cells")
    .action(async (targets: string[]) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const cells = targets.length === 0 ? [...project.graph.cells.values()] : selection(project, targets).cells;
      const state = project.load();
      const { cells: plans } = await state.planner.plan(cells.map(({ id }) => id));
      for (const message of await idlePatterns(state, plans.values())) printWarning(message);
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
          const why = plan.action === "blocked" ? blockedText(plan.message) : reasonsText(plan.reasons, 4);
          const line = listLine(`${word} ${plan.cell.id.padEnd(width)}  ${why}`.trimEnd());
          process.stdout.write(`${color ? `\u001b[${paints[standing]}m${word}\u001b[0m${line.slice(word.length)}` : line}\n`);
        }
      }
      if (common.json) printJson({ event: "done", ok: stale === 0, fresh: plans.size - stale, stale });
      else process.stdout.write(stale === 0 ? `${plans.size === 1 ? "the cell is" : `all ${plans.size} cells are`} fresh\n` : `${notFreshText(stale, plans.size)}${adviceFor(plans, targets.length > 0 ? targets : notUsual(project, plans))}\n`);
      exit(stale === 0 ? EXIT.ok : EXIT.stale);
    });
}

/** Stages to name to `run` where all it builds by itself is fresh. */
function notUsual(project: Project, plans: ReadonlyMap<CellId, CellPlan>): string[] {
  const stale = [...plans.values()].filter(({ action }) => action !== "fresh");
  const usual = new Set(selection(project, []).cells.map(({ id }) => id));
  return stale.some(({ cell }) => usual.has(cell.id)) ? [] : [...new Set(stale.map(({ cell }) => cell.stage.name))];
}

const shellWord = (word: string): string => (/^[\w@=.,/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** What to type next: where cells cannot be built, only those that do not need them can. */
function adviceFor(plans: ReadonlyMap<CellId, CellPlan>, targets: readonly string[]): string {
  const stuck = new Set<CellId>();
  let blocked = 0;
  let able = 0;
  for (const [id, plan] of plans) {
    if (plan.action === "blocked") blocked++;
    if (plan.action === "blocked" || plan.cell.needs.some((need) => need.cells.some((cell) => stuck.has(cell)))) stuck.add(id);
    else if (plan.action !== "fresh") able++;
  }
  if (blocked === 0) return `: ${[runCommandText(), ...targets.map(shellWord)].join(" ")}`;
  return `; ${count(blocked, "cell")} cannot be built: mend ${blocked === 1 ? "it" : "them"} first${able > 0 ? " (dag run -k builds what does not need it)" : ""}`;
}

/** A restorable cell is stale too: its artifact is not in place, or the lock does not know it. */
export function standingOf(plan: CellPlan): Standing {
  if (plan.action === "fresh") return "fresh";
  if (plan.action === "blocked" || plan.reasons.some(({ kind }) => kind === "failed")) return "failed";
  return plan.reasons.some(({ kind }) => kind === "never-built" || kind === "output-missing") ? "missing" : "stale";
}
