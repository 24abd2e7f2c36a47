import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { build } from "../build/index.ts";
import type { BuildEnd, BuildEvent, Project } from "../build/index.ts";
import type { Cell, CellId } from "../pipeline/index.ts";
import { common, EXIT, isLive, numberOption, openProject, selection, UsageError, useColor, WORKER, withCommon, withSample } from "./common.ts";
import { interruptible } from "./interrupt.ts";
import { showPlan } from "./plan.ts";
import { freshStamp, showResults } from "./quick.ts";
import { jsonPrinter } from "./print/json.ts";
import { linesPrinter } from "./print/lines.ts";
import type { Printer } from "./print/printer.ts";

interface RunOptions {
  dryRun?: boolean;
  jobs?: string;
  keepGoing?: boolean;
  force?: string | true;
  frozen?: boolean;
  maxCalls?: string;
  maxCost?: string;
}

export function runCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("run")))
    .description("build targets and what they need")
    .argument("[targets...]", "stages, cells (documents@noise=0.5) or globs; default: the pipeline's `default`")
    .option("-n, --dry-run", "say what would be done; write nothing")
    .option("-j, --jobs <n>", "cells at once (default: cores)")
    .option("-k, --keep-going", "after a failure, go on with what does not need it")
    .option("--force [stage]", "run again even if fresh: the targets and all they need, or of these one stage")
    .option("--frozen", "no model call may leave; the first one missing stops the run (exit 4)")
    .option("--max-calls <n>", "stop before more than n calls are bought (exit 4)")
    .option("--max-cost <usd>", "stop before more than this is spent (exit 4)")
    .action(async (targets: string[], options: RunOptions) => exit(await run(targets, options)));
}

async function run(targets: string[], options: RunOptions): Promise<number> {
  const project = await openProject({ readOnly: options.dryRun === true });
  if (project === undefined) return EXIT.usage;
  const { cells, asked } = selection(project, targets);
  const forced = forcedCells(project, options.force, cells, targets);
  const jobs = numberOption("-j", options.jobs, 1) ?? availableParallelism();
  const maxCalls = numberOption("--max-calls", options.maxCalls, 0);
  const maxCost = numberOption("--max-cost", options.maxCost, 0, false);
  if (options.dryRun === true) return showPlan(project, cells, { forced, keepGoing: options.keepGoing === true });

  const controller = new AbortController();
  const signals = interruptible(controller);
  const printer = printerOf();
  try {
    const end = await build(project, {
      cells,
      asked: new Set(asked),
      jobs,
      keepGoing: options.keepGoing === true,
      forced,
      frozen: options.frozen === true,
      maxCalls,
      maxCost,
      command: ["run", ...targets].join(" "),
      worker: WORKER,
      ...(common.json || forced !== undefined ? {} : { freshStamp: freshStamp(process.argv.slice(2)) }),
      signal: controller.signal,
      emit: (event: BuildEvent) => printer.event(event),
    });
    printer.end(end);
    if (end.kind === "done" && !common.json) await showResults(resultDirectories(project, asked), useColor(process.stdout));
    return signals.code() ?? exitOf(end);
  } finally {
    signals.dispose();
  }
}

function exitOf(end: BuildEnd): number {
  switch (end.kind) {
    case "done":
      return EXIT.ok;
    case "failed":
      return EXIT.failed;
    case "refused":
      return EXIT.refused;
    case "interrupted":
      return 130;
    case "missing":
      return EXIT.usage;
    default:
      return end satisfies never;
  }
}

/** What shows a build as the common options want it shown. */
export function printerOf(): Printer {
  if (common.json) return jsonPrinter();
  const stream = process.stderr;
  return linesPrinter({ stream, color: useColor(stream), live: isLive(stream), quiet: common.quiet });
}

/** Artifacts of the asked cells that may bring tables along. */
export function resultDirectories(project: Project, asked: readonly CellId[]): string[] {
  return asked.flatMap((id) => {
    const cell = project.graph.cells.get(id);
    return cell?.stage.output.kind === "directory" ? [join(project.places.artifacts, cell.path)] : [];
  });
}

/** Alone, `--force` means everything the run would look at, as make -B does; with a stage, its cells among them. */
function forcedCells(project: Project, force: string | true | undefined, cells: readonly Cell[], targets: readonly string[]): ((cell: Cell) => boolean) | undefined {
  if (force === undefined) return undefined;
  if (force === true) return () => true;
  const forced = new Set(selection(project, [force]).asked);
  if (cells.some(({ id }) => forced.has(id))) return (cell) => forced.has(cell.id);
  const wanted = targets.length > 0 ? targets : project.pipeline.default;
  const line = (...words: string[]): string => `dag run ${words.map((word) => (/^[\w@=,.+-]+$/.test(word) ? word : `'${word}'`)).join(" ")}`;
  throw new UsageError(`--force ${force}: ${wanted.join(", ")} ${wanted.length === 1 ? "does" : "do"} not need it, so it would not run\ntype  ${line(...wanted, force, "--force", force)}  (it as well) or  ${line(...wanted, force, "--force")}  (everything)`);
}
