import { availableParallelism } from "node:os";
import type { Drive, Rebuilt } from "../build/index.ts";
import { common, EXIT, isLive, numberOption, UsageError, WORKER } from "./common.ts";
import { interruptible } from "./interrupt.ts";
import { progressPrinter } from "./print/progress.ts";

/** Lets a build that another verb makes be followed on a terminal and be stopped by signals; `jobs` as given with -j. */
export async function driven<T>(jobs: string | undefined, work: (drive: Drive) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signals = interruptible(controller);
  const progress = progressPrinter(process.stderr, isLive(process.stderr), common.quiet);
  try {
    const result = await work({ jobs: numberOption("-j", jobs, 1) ?? availableParallelism(), worker: WORKER, signal: controller.signal, emit: (event) => progress.event(event) });
    const code = signals.code();
    if (code !== undefined) throw new UsageError("interrupted", code);
    return result;
  } finally {
    progress.stop();
    signals.dispose();
  }
}

/** A rebuild that could not be made, for the printer of errors. */
export const notRebuilt = ({ message, refused }: Extract<Rebuilt, { ok: false }>): UsageError => new UsageError(message, refused === true ? EXIT.refused : EXIT.failed);
