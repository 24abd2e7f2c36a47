import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";

/** The checkout under test. */
export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** The program under test; DAG_TEST_BINARY names another build of it. */
export const dagBinary = process.env["DAG_TEST_BINARY"] ?? resolve(repository, "dist/dag.js");

/** One line of `--json` output. */
export interface DagEvent {
  event: string;
  cell?: string;
  outcome?: string;
  reasons?: unknown[];
  ok?: boolean;
  ran?: string[];
  calls?: { made: number; stored: number };
  [field: string]: unknown;
}

/** A finished process, and what its `--json` lines say. */
export class Result {
  constructor(
    readonly code: number | null,
    readonly signal: NodeJS.Signals | null,
    readonly stdout: string,
    readonly stderr: string,
    /** Milliseconds from start to exit. */
    readonly ms: number,
  ) {}

  /** Parsed stdout of a `--json` run; throws on a line that is not JSON. */
  get events(): DagEvent[] {
    return this.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as DagEvent);
  }

  /** Cells by outcome, sorted: `{ ran: ["a", "b"], fresh: ["c"] }`. */
  get outcomes(): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const { event, cell, outcome } of this.events) if (event === "cell" && cell !== undefined) (found[outcome ?? "?"] ??= []).push(cell);
    for (const cells of Object.values(found)) cells.sort();
    return found;
  }

  /** The closing line. */
  get done(): DagEvent {
    const last = this.events.at(-1);
    if (last?.event !== "done") throw new Error(`no closing event in ${JSON.stringify(this.stdout.slice(-400))}; stderr ${JSON.stringify(this.stderr.slice(-800))}`);
    return last;
  }

  /** stdout and stderr, for messages that may go to either. */
  get text(): string {
    return `${this.stdout}\n${this.stderr}`;
  }
}

export interface RunOptions {
  cwd: string;
  env: Record<string, string | undefined>;
  /** Node's own flags, before the program. */
  node?: string[];
  /** Another program than dag: full argument list. */
  command?: string[];
  stdin?: string;
  /** Another user, by number. */
  uid?: number;
}

/** A running dag: its output so far, waits for text, signals by pid. */
export class Running {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  readonly result: Promise<Result>;
  private waiters: (() => void)[] = [];
  private ended = false;

  constructor(args: readonly string[], options: RunOptions) {
    const started = performance.now();
    const [program, ...rest] = options.command ?? [process.execPath, ...(options.node ?? []), dagBinary, ...args];
    if (program === undefined) throw new Error("an empty command");
    // A group of its own, as a shell gives a foreground job: signals to the group never reach the test process.
    const child = spawn(program, rest, { cwd: options.cwd, env: options.env, stdio: ["pipe", "pipe", "pipe"], detached: true, ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }) });
    this.child = child;
    child.stdin.on("error", () => undefined);
    if (options.stdin !== undefined) child.stdin.end(options.stdin);
    else if (options.command === undefined) child.stdin.end();
    child.stdout.setEncoding("utf8").on("data", (text: string) => { this.stdout += text; this.wake(); });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { this.stderr += text; this.wake(); });
    this.result = new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => {
        this.ended = true;
        this.wake();
        done(new Result(code, signal, this.stdout, this.stderr, performance.now() - started));
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the process did not start");
    return this.child.pid;
  }

  /** Resolves when stdout or stderr holds the text; rejects when the process ends without it. */
  async saw(text: string | RegExp): Promise<void> {
    const there = (): boolean => [this.stdout, this.stderr].some((out) => (typeof text === "string" ? out.includes(text) : text.test(out)));
    while (!there()) {
      if (this.ended) throw new Error(`ended without ${String(text)}: ${JSON.stringify(this.stdout)} ${JSON.stringify(this.stderr)}`);
      await new Promise<void>((wake) => this.waiters.push(wake));
    }
  }

  /** Resolves with the next output; rejects when the process has ended. */
  async more(): Promise<void> {
    const before = this.stdout.length + this.stderr.length;
    if (this.ended) throw new Error(`ended: ${JSON.stringify(this.stdout.slice(-2000))} ${JSON.stringify(this.stderr.slice(-2000))}`);
    while (!this.ended && this.stdout.length + this.stderr.length === before) await new Promise<void>((wake) => this.waiters.push(wake));
  }

  /** To the process alone. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** To the process group, as a terminal's Ctrl-C does. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  private wake(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }
}

/** Is there a process with this id (zombies do not count)? */
export async function alive(pid: number): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/s.test(stat);
  } catch {
    try {
      process.kill(pid, 0);
      return process.platform !== "linux";
    } catch {
      return false;
    }
  }
}
