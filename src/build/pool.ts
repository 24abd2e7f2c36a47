import { Worker } from "node:worker_threads";
import { Family } from "./descendants.ts";
import { CellFailure, Interrupted, seconds } from "./failure.ts";
import { frameOf } from "./frame.ts";
import type { CellOutcome, ItemCounts, ModuleJob } from "./job.ts";
import type { CallReply, FailureShape, FromWorker, ToWorker } from "./protocol.ts";

export type CallMessage = Extract<FromWorker, { type: "call" }>;

export interface ModuleRun {
  job: ModuleJob;
  signal: AbortSignal;
  onCall: (call: CallMessage) => Promise<CallReply>;
  onItems: (counts: ItemCounts) => void;
  onLog: (message: string, item?: string) => void;
}

/** Cells a worker may have run before it is replaced: every cell loads its module afresh, and modules are never unloaded. */
const CELLS_PER_WORKER = 200;
/** Time an interrupted stage has to finish what it has begun. */
const GRACE_MS = 2000;
/** Time beyond its timeout after which a stage that blocks its thread, and so cannot time itself out, is ended. */
const BLOCKED_MS = 1500;

interface Thread {
  worker: Worker;
  cells: number;
  /** Processes that stages have started in it. */
  family?: Family;
}

/**
 * Worker threads that run module stages: a stage that blocks, leaks or exits cannot take the build with it.
 * Threads are made when needed and used again.
 */
export class WorkerPool {
  private readonly idle: Thread[] = [];
  private readonly all = new Set<Thread>();
  constructor(private readonly script: URL) {}

  async run(run: ModuleRun): Promise<CellOutcome> {
    if (run.signal.aborted) throw new Interrupted();
    const thread = this.idle.pop() ?? this.start();
    let healthy = false;
    try {
      const outcome = await this.drive(thread, run);
      healthy = outcome.spoilt !== true;
      return outcome;
    } finally {
      // After a failure something of the stage may still be at work in its thread.
      thread.cells++;
      if (healthy && thread.cells < CELLS_PER_WORKER) this.idle.push(thread);
      else await this.end(thread);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((thread) => this.end(thread)));
  }

  private start(): Thread {
    const worker = new Worker(this.script, { env: { TZ: "UTC" }, stdout: true, stderr: true, execArgv: [] });
    worker.on("error", () => {});
    const thread: Thread = { worker, cells: 0 };
    this.all.add(thread);
    return thread;
  }

  /** Ends a thread and the processes its stages have left; one that waits for such a process ends only after it. */
  private async end(thread: Thread): Promise<void> {
    this.all.delete(thread);
    await thread.family?.kill();
    await thread.worker.terminate();
  }

  private drive(thread: Thread, { job, signal, onCall, onItems, onLog }: ModuleRun): Promise<CellOutcome> {
    const { worker } = thread;
    return new Promise((resolve, reject) => {
      const post = (message: ToWorker): void => worker.postMessage(message);
      const timers: NodeJS.Timeout[] = [];
      const after = (ms: number, what: () => void): void => void timers.push(setTimeout(what, ms));
      const settle = (finish: () => void): void => {
        for (const timer of [...timers, blocked]) clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        for (const stream of [worker.stdout, worker.stderr]) stream.removeAllListeners("data");
        worker.off("message", onMessage).off("exit", onExit).off("error", onError);
        finish();
      };
      const fail = (error: Error): void => settle(() => reject(error));
      const onExit = (code: number): void => {
        fail(signal.aborted ? new Interrupted() : new CellFailure(`${job.source} ended its thread (exit ${code})`));
      };
      const onError = (error: unknown): void => {
        // Thrown where nobody waited for it: in a timer, or by a promise left alone.
        const at = error instanceof Error ? frameOf(error.stack, job.root) : undefined;
        const message = error instanceof Error ? error.message.replace(/^This error originated either .* The promise rejected with the reason (.*)\.$/s, "a promise nobody waited for was rejected with $1") : String(error);
        fail(failureOf({ message: `${job.source}: ${message}`, ...(at === undefined ? {} : { at }) }));
      };
      const onAbort = (): void => {
        post({ type: "abort", reason: "interrupted" });
        thread.family?.signal("SIGTERM");
        after(GRACE_MS, () => {
          fail(new Interrupted());
        });
      };
      let blocked: NodeJS.Timeout | undefined;
      const rearm = (): void => {
        const { timeoutMs } = job;
        if (timeoutMs === undefined) return;
        clearTimeout(blocked);
        blocked = setTimeout(() => {
          fail(new CellFailure(`timed out after ${seconds(timeoutMs)} (the stage blocked its thread)`));
        }, timeoutMs + BLOCKED_MS);
      };
      const onMessage = (message: FromWorker): void => {
        switch (message.type) {
          case "thread":
            thread.family ??= new Family({ thread: message.thread });
            break;
          case "beat":
            rearm();
            break;
          case "call":
            onCall(message)
              .then((result) => post({ type: "answer", id: message.id, result }))
              .catch((error: unknown) => post({ type: "refused", id: message.id, error: refusal(error) }));
            break;
          case "items":
            onItems(message.counts);
            break;
          case "log":
            onLog(message.message, message.item);
            break;
          case "done":
            settle(() => resolve(message.outcome));
            break;
          case "failed":
            fail(signal.aborted ? new Interrupted() : failureOf(message.error));
            break;
          default:
            message satisfies never;
        }
      };
      for (const stream of [worker.stdout, worker.stderr]) stream.on("data", (chunk: Buffer) => onLog(chunk.toString("utf8").trimEnd()));
      worker.on("message", onMessage).on("exit", onExit).on("error", onError);
      signal.addEventListener("abort", onAbort);
      rearm();
      post({ type: "run", job });
    });
  }
}

function failureOf(error: FailureShape): CellFailure {
  return new CellFailure(error.at === undefined ? error.message : `${error.message}\n    at ${error.at}`, { call: error.call });
}

function refusal(error: unknown): FailureShape {
  const kind = (error as { kind?: unknown }).kind;
  return { message: error instanceof Error ? error.message : String(error), ...(typeof kind === "string" ? { call: kind } : {}) };
}
