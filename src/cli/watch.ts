import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { Project, WorkerPool } from "../build/index.ts";
import { selectCells } from "../pipeline/index.ts";
import { Watcher } from "../watch/index.ts";
import type { Opened, WatchEvent } from "../watch/index.ts";
import { askedOptions, common, EXIT, numberOption, printMistakes, UsageError, WORKER, withCommon, withSample } from "./common.ts";
import { interruptible } from "./interrupt.ts";
import { listenToKeys } from "./keys.ts";
import { watchJsonPrinter, watchPrinter } from "./print/watch.ts";

interface WatchFlags {
  jobs?: string;
  keepGoing?: boolean;
  frozen?: boolean;
  maxCalls?: string;
  maxCost?: string;
  poll?: boolean;
}

export function watchCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("watch")))
    .description("run, and again on every change of what the targets are built from; Ctrl-C ends")
    .argument("[targets...]", "as for run")
    .option("-j, --jobs <n>", "cells at once (default: cores)")
    .option("-k, --keep-going", "after a failure, go on with what does not need it")
    .option("--frozen", "no model call may leave")
    .option("--max-calls <n>", "buy no more than n calls, in all builds of this watch together")
    .option("--max-cost <usd>", "spend no more than this, in all builds of this watch together")
    .option("--poll", "look at the files twice a second instead of being told (network file systems)")
    .action(async (targets: string[], flags: WatchFlags) => exit(await watch(targets, flags)));
}

async function watch(targets: string[], flags: WatchFlags): Promise<number> {
  const options = { ...askedOptions(), readOnly: false, sample: common.sample };
  const request = {
    jobs: numberOption("-j", flags.jobs, 1) ?? availableParallelism(),
    keepGoing: flags.keepGoing === true,
    frozen: flags.frozen === true,
    maxCalls: numberOption("--max-calls", flags.maxCalls, 0),
    maxCost: numberOption("--max-cost", flags.maxCost, 0, false),
    command: ["watch", ...targets].join(" "),
    worker: WORKER,
  };
  const open = async (): Promise<Opened> => {
    const opened = await Project.open(options);
    if (!opened.ok) return { ok: false, mistakes: opened.diagnostics };
    const { project } = opened;
    const selected = selectCells(project.graph, targets);
    if (!selected.ok) return { ok: false, message: selected.failures.map(({ message, hint }) => (hint === undefined ? message : `${message}; ${hint}`)).join("\n") };
    return { ok: true, project, cells: selected.cells, asked: selected.asked };
  };
  // What is mistyped ends the watch; what an edit breaks does not.
  const file = join(options.root, options.file ?? "pipeline.yaml");
  const first = await open();
  if (!first.ok && "message" in first) throw new UsageError(first.message);
  if (!first.ok && (!existsSync(file) || first.mistakes.some((mistake) => mistake.file === ""))) {
    printMistakes(first.mistakes);
    return EXIT.usage;
  }

  let code: number = EXIT.ok;
  const printer = common.json ? watchJsonPrinter() : watchPrinter();
  const pool = new WorkerPool(WORKER);
  const watcher: Watcher = new Watcher({
    root: options.root,
    file,
    open,
    request,
    pool,
    poll: flags.poll === true,
    emit: (event: WatchEvent) => {
      if (event.type === "gone") code = EXIT.usage;
      return printer(event);
    },
  });
  const stopping = new AbortController();
  stopping.signal.addEventListener("abort", () => watcher.stop());
  const signals = interruptible(stopping);
  const unhook = hook(watcher);
  try {
    await watcher.run();
  } finally {
    unhook();
    signals.dispose();
    await pool.close();
  }
  if (watcher.fault !== undefined) throw watcher.fault.error;
  return signals.code() ?? code;
}

/** What else ends a watch: `q`, and a reader of the results that is gone. */
function hook(watcher: Watcher): () => void {
  const deaf = ({ code }: NodeJS.ErrnoException): void => {
    if (code === "EPIPE") watcher.stop();
  };
  process.stdout.on("error", deaf);
  const keys = listenToKeys({ again: () => watcher.again(), quit: () => watcher.stop() });
  return () => {
    keys();
    process.stdout.off("error", deaf);
  };
}
