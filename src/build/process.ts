import { constants } from "node:os";
import type { LimitFunction } from "p-limit";
import { CellFailure, Interrupted, seconds } from "./failure.ts";

/** Process groups of commands under way: killed when this process ends at once. */
const groups = new Set<number>();

/** Ends every command under way without asking, its children included. */
export function killCommands(): void {
  for (const group of groups) signalGroup(group, "SIGKILL");
}

function signalGroup(group: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-group, name);
  } catch {
    // the group is gone
  }
}

/** Time between asking a process group to end and killing it. */
const GRACE_MS = 5000;
/** Time for the last output of a command that has ended. */
const DRAIN_MS = 250;

export interface ProcessOptions {
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  timeoutMs?: number | undefined;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

/**
 * Runs a command in a process group of its own and without a shell. On abort or timeout the whole group gets TERM, after a grace time KILL.
 * Output is passed on line by line. Throws CellFailure for a non-zero exit, a signal, a timeout or a program that cannot be started.
 */
async function runProcess({ argv, cwd, env, timeoutMs, signal, onLine }: ProcessOptions): Promise<void> {
  if (signal.aborted) throw new Interrupted();
  const { execa } = await import("execa");
  const [file = "", ...args] = argv;
  const tail: string[] = [];
  const child = execa(file, args, { cwd, env, extendEnv: false, detached: true, cleanup: false, reject: false, stdin: "ignore", buffer: false, stdout: "pipe", stderr: "pipe", all: true, maxBuffer: 1 << 30 });
  const kill = (name: "SIGTERM" | "SIGKILL"): void => {
    if (child.pid !== undefined) signalGroup(child.pid, name);
  };
  if (child.pid !== undefined) groups.add(child.pid);
  // A process left in the background may hold the output open for ever: what it says after the command has ended is not waited for.
  child.once("exit", () => {
    drained = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN_MS);
  });
  let stopped: "timeout" | "abort" | undefined;
  let drained: NodeJS.Timeout | undefined;
  let hard: NodeJS.Timeout | undefined;
  const stop = (why: "timeout" | "abort"): void => {
    if (stopped !== undefined) return;
    stopped = why;
    kill("SIGTERM");
    hard = setTimeout(() => kill("SIGKILL"), GRACE_MS);
  };
  const onAbort = (): void => stop("abort");
  signal.addEventListener("abort", onAbort);
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop("timeout"), timeoutMs);
  const lines = (async () => {
    for await (const line of child.iterable({ from: "all" })) {
      onLine(line);
      tail.push(line);
      if (tail.length > 20) tail.shift();
    }
  })().catch(() => {});
  try {
    const result = await child;
    // What it left running in its group has no business any more.
    kill("SIGKILL");
    await Promise.race([lines, new Promise((resolve) => setTimeout(resolve, DRAIN_MS))]);
    if (stopped === "abort") throw new Interrupted();
    if (stopped === "timeout") throw new CellFailure(`timed out after ${seconds(timeoutMs ?? 0)}`);
    const said = tail.length > 0 ? `\n${tail.map((line) => `    ${line}`).join("\n")}` : "";
    if (result.failed && result.exitCode === undefined && result.signal === undefined) {
      const cause = result.cause as { code?: string } | undefined;
      throw new CellFailure(cause?.code === "ENOENT" ? `${file}: command not found` : `${file} cannot be started: ${result.originalMessage ?? "unknown error"}`);
    }
    if (result.signal !== undefined) throw new CellFailure(`${file} was ended by ${result.signal} (exit ${128 + (constants.signals[result.signal as NodeJS.Signals] ?? 0)})${said}`);
    if (result.exitCode !== 0) throw new CellFailure(`${file} exited with ${String(result.exitCode)}${said}`);
  } finally {
    clearTimeout(timer);
    clearTimeout(hard);
    clearTimeout(drained);
    if (child.pid !== undefined) groups.delete(child.pid);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Runs commands, so many at once whichever cells and items they belong to; the others wait, and their timeout with them. */
export class Processes {
  private limit: Promise<LimitFunction> | undefined;
  constructor(private readonly count: number) {}

  async run(options: ProcessOptions): Promise<void> {
    const limit = await (this.limit ??= import("p-limit").then(({ default: pLimit }) => pLimit(this.count)));
    return limit(runProcess, options);
  }
}
