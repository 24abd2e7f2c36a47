import type { Command } from "commander";
import { availableParallelism } from "node:os";
import { idlePatterns, itemsLeft, leavers, missingInputs, rehearse } from "../build/index.ts";
import type { Project, Rehearsed } from "../build/index.ts";
import { STAND_IN_ERROR } from "../model/index.ts";
import type { Forecast } from "../model/index.ts";
import { printable } from "../pipeline/index.ts";
import type { Cell } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import { common, EXIT, openProject, printJson, printMistakes, printWarning, selection, UsageError, WORKER, withCommon, withSample } from "./common.ts";
import { interruptible } from "./interrupt.ts";
import { LiveLine, Standing } from "./print/live.ts";
import { blockedText, count, idWidth, listLine, money, reasonsText } from "./print/words.ts";

export function planCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("plan")))
    .description("what run would build or restore, and what that would cost; makes no call, writes nothing")
    .argument("[targets...]", "as for run")
    .action(async (targets: string[]) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      exit(await showPlan(project, selection(project, targets).cells, { calls: true }));
    });
}

export interface PlanView {
  forced?: ((cell: Cell) => boolean) | undefined;
  /** Says what the model calls would be and cost. */
  calls?: boolean;
  /** Of a run that goes on with what does not need the cells that cannot be built. */
  keepGoing?: boolean;
}

/** Prints the plan of these cells. The exit code is 0; 2 where inputs are missing, which is all that is said unless `keepGoing`; 1 where code does not parse. */
export async function showPlan(project: Project, cells: readonly Cell[], { forced, calls = false, keepGoing = false }: PlanView): Promise<number> {
  const state = project.load(forced === undefined ? {} : { forced });
  const { cells: plans } = await state.planner.plan(cells.map(({ id }) => id));
  const mistakes = await missingInputs(project, plans.values());
  if (mistakes.length > 0 && !keepGoing) {
    printMistakes(mistakes, { dry_run: true });
    return EXIT.usage;
  }
  for (const message of await idlePatterns(state, plans.values())) printWarning(message);
  const list = [...plans.values()];
  const items = new Map<string, NonNullable<Awaited<ReturnType<typeof itemsLeft>>>>();
  for (const plan of list) {
    const left = await itemsLeft(project, state, plan);
    if (left !== undefined) items.set(plan.cell.id, left);
  }
  const named = (action: CellPlan["action"]): string[] => list.filter((plan) => plan.action === action).map(({ cell }) => cell.id);
  const blocked = list.filter((plan) => plan.action === "blocked");
  // A run that fails removes nothing.
  const removed = blocked.length > 0 ? [] : (await leavers(project, state)).filter(({ removes }) => removes);
  const priced = list.some(({ action, cell }) => action === "run" && cell.models.some((role) => project.pipeline.models[role]?.provider !== "offline"));
  const rehearsed = calls && priced && blocked.length === 0 ? await rehearsal(project, cells, plans) : undefined;
  const order = [...project.graph.byStage.keys()];
  rehearsed?.forecast.sort((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage));
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
    for (const { id, path } of removed) printJson({ event: "cell", cell: id, outcome: "remove", path, reasons: [] });
    for (const row of rehearsed?.forecast ?? []) printJson({ event: "forecast", ...row });
    printJson({ event: "done", ok: blocked.length === 0, dry_run: true, run: named("run"), restore: named("restore"), fresh: named("fresh"), blocked: named("blocked"), remove: removed.map(({ path }) => path), ...(rehearsed === undefined ? {} : forecastTotals(rehearsed)) });
  } else {
    const width = idWidth([...list.map(({ cell }) => cell.id), ...removed.map(({ id }) => id)]);
    const lines = list.flatMap((plan) => (plan.action === "fresh" ? [] : [listLine(`${plan.action.padEnd(9)} ${plan.cell.id.padEnd(width)}  ${itemsText(items.get(plan.cell.id))}${explain(plan)}`.trimEnd())]));
    for (const { id, path } of removed) lines.push(listLine(`remove    ${id.padEnd(width)}  ${printable(path)}: no longer in the pipeline`));
    const counts = [`${named("run").length} to run`, `${named("restore").length} to restore`, `${named("fresh").length} fresh`, ...(removed.length > 0 ? [`${removed.length} to remove`] : [])];
    const offline = calls && !priced && list.some(({ action, cell }) => action === "run" && cell.models.length > 0) ? ["model calls go to the offline simulator: they cost nothing"] : [];
    process.stdout.write([...lines, counts.join(" · "), ...(rehearsed === undefined ? offline : forecastLines(rehearsed)), ""].join("\n"));
  }
  return mistakes.length > 0 ? EXIT.usage : blocked.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Counts the calls a run would make, by running it in a scratch directory with made-up answers. */
async function rehearsal(project: Project, cells: readonly Cell[], plans: ReadonlyMap<string, CellPlan>): Promise<Rehearsed> {
  const standing = new Standing();
  const progress = !common.json && !common.quiet && process.stderr.isTTY ? new LiveLine(process.stderr, standing) : undefined;
  const controller = new AbortController();
  const signals = interruptible(controller);
  try {
    return await rehearse({ options: project.options, cells, plans, jobs: availableParallelism(), worker: WORKER, signal: controller.signal, emit: (event) => standing.note(event) });
  } finally {
    progress?.stop();
    signals.dispose();
    const code = signals.code();
    if (code !== undefined) throw new UsageError("interrupted", code);
  }
}

function forecastTotals({ forecast, failed }: Rehearsed): { calls: { made: number; stored: number }; tokens: { input: number; output: number }; cost: number; unpriced: string[]; incomplete: string[] } {
  const sum = (of: (row: Forecast) => number): number => forecast.reduce((total, row) => total + of(row), 0);
  return {
    calls: { made: sum((r) => r.calls), stored: sum((r) => r.stored) },
    tokens: { input: sum((r) => r.tokens.input), output: sum((r) => r.tokens.output) },
    cost: sum((r) => r.cost ?? 0),
    unpriced: [...new Set(forecast.filter((r) => r.calls > 0 && r.cost === undefined).map((r) => r.role))],
    incomplete: failed.map(({ cell }) => cell),
  };
}

function forecastLines(rehearsed: Rehearsed): string[] {
  const rows = rehearsed.forecast.map((r) => [r.stage, `${r.role} (${r.model})`, count(r.calls, "call"), [...(r.stored > 0 ? [`${r.stored.toLocaleString("en-US")} stored`] : []), ...(r.shared > 0 ? [`${r.shared.toLocaleString("en-US")} shared`] : [])].join(", "), `${r.tokens.input.toLocaleString("en-US")} in`, `${r.tokens.output.toLocaleString("en-US")} out`, r.cost === undefined ? "no price" : money(r.cost)]);
  const widths = [0, 1, 2, 3, 4, 5, 6].map((i) => Math.max(0, ...rows.map((row) => (row[i] ?? "").length)));
  const totals = forecastTotals(rehearsed);
  return [
    "",
    ...rows.map((row) => row.map((text, i) => (i < 2 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  ").trimEnd()),
    `about ${money(totals.cost)} for ${count(totals.calls.made, "call")}, counted in a rehearsal with made-up answers`,
    ...countingLines(rehearsed.forecast),
    ...totals.unpriced.map((role) => `models.${role} has no price: add price to it to see its cost`),
    ...rehearsed.failed.map(({ cell, message }) => `${cell} could not be rehearsed to its end: ${printable(message.split("\n")[0] ?? "")}`),
  ];
}

/** How the input tokens of each model were counted, and how far that may be off. */
function countingLines(forecast: readonly Forecast[]): string[] {
  const bought = forecast.filter(({ calls, tokenizer }) => calls > 0 && tokenizer.name !== "the simulator's");
  return [...new Set(bought.map(({ model }) => model))].map((model) => {
    const rows = bought.filter((row) => row.model === model);
    const input = rows.reduce((sum, row) => sum + row.tokens.input, 0);
    const share = Math.round((100 * rows.reduce((sum, row) => sum + row.undocumented, 0)) / Math.max(1, input));
    const { name, own } = (rows[0] as Forecast).tokenizer;
    const { low, high } = STAND_IN_ERROR;
    const how = own ? `counted by its tokenizer, ${name}` : `estimated by ${name}: ${percent(low)} to ${percent(high)}`;
    return `${printable(model)}: input ${how}${share > 0 ? `, of it ${share} % schemas, tools and images by estimate` : own ? ", exact" : ""}`;
  });
}

const percent = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(Math.round(100 * share))} %`;

const itemsText = (items: { total: number; left: number } | undefined): string => (items === undefined ? "" : `${items.left} of ${items.total} items  `);

function explain(plan: CellPlan): string {
  if (plan.action === "blocked") return blockedText(plan.message);
  const only = plan.action === "run" && plan.conditional ? " (nothing, if that comes out equal)" : "";
  return `${reasonsText(plan.reasons)}${only}`;
}
