import { constants } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LimitFunction } from "p-limit";
import { Family, POLL_MS } from "./descendants.ts";
import { CellFailure, Interrupted, seconds } from "./failure.ts";

/** Commands under way: killed when this process ends at once. */
const running = new Set<Pack>();

/** Ends every command under way without asking, and whatever else comes from this process. */
export function killCommands(): void {
  for (const pack of running) pack.signal("SIGKILL");
  new Family({}).signal("SIGKILL");
}

/** A command, its process group, and those of its family that have left the group. */
class Pack {
  private readonly family: Family;
  constructor(
    private readonly group: number,
    place: string,
  ) {
    this.family = new Family({ group, place });
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.signalGroup(name);
    this.family.signal(name);
  }

  async kill(): Promise<void> {
    this.signalGroup("SIGKILL");
    await this.family.kill();
  }

  /** The group alone, in one step: nobody in it can have a child meanwhile. */
  signalGroup(name: "SIGTERM" | "SIGKILL" | 0): boolean {
    try {
      return process.kill(-this.group, name);
    } catch {
      return false; // the group is gone
    }
  }

  /** Of a group that is gone /proc knows better: to kill(2) those who ended and whom nobody has asked about are still there. */
  lives(): boolean {
    return LINUX ? this.family.lives() : this.signalGroup(0);
  }
}

const LINUX = process.platform === "linux";
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
 * Runs a command in a process group of its own and without a shell. On abort or timeout the whole group, and who has left it, gets TERM, after a grace
 * time KILL. Output is passed on line by line. Throws CellFailure for a non-zero exit, a signal, a timeout or a program that cannot be started.
 */
async function runProcess({ argv, cwd, env, timeoutMs, signal, onLine }: ProcessOptions): Promise<void> {
  if (signal.aborted) throw new Interrupted();
  const { execa } = await import("execa");
  const [file = "", ...args] = argv;
  const tail: string[] = [];
  const child = execa(file, args, { cwd, env, extendEnv: false, detached: true, cleanup: false, reject: false, stdin: "ignore", buffer: false, stdout: "pipe", stderr: "pipe", all: true, maxBuffer: 1 << 30 });
  const pack = child.pid === undefined ? undefined : new Pack(child.pid, dirname(cwd));
  if (pack !== undefined) running.add(pack);
  // A process left in the background may hold the output open for ever: what it says after the command has ended is not waited for.
  child.once("exit", () => {
    drained = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN_MS);
  });
  let stopped: "timeout" | "abort" | undefined;
  let drained: NodeJS.Timeout | undefined;
  let ended: Promise<void> | undefined;
  const stop = (why: "timeout" | "abort"): void => {
    if (stopped !== undefined) return;
    stopped = why;
    ended = pack && end(pack);
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
    // What it left running in its group has no business any more; who was asked to end may take the grace time for it.
    if (ended === undefined) pack?.signalGroup("SIGKILL");
    else await ended;
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
    clearTimeout(drained);
    if (pack !== undefined) running.delete(pack);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Asks a command and all that come from it to end, and kills who has not after the grace time. */
async function end(pack: Pack): Promise<void> {
  pack.signal("SIGTERM");
  const patience = performance.now() + GRACE_MS;
  do await sleep(POLL_MS);
  while (pack.lives() && performance.now() < patience);
  await pack.kill();
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
