import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Gate } from "./gate.ts";
import { dagBinary, Running } from "./run.ts";
import type { Result, RunOptions } from "./run.ts";

/** Every file (and link) under a directory: relative path → sha256 of its bytes, `-> target` of a link. */
export function tree(directory: string, skip: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (prefix: string): void => {
    for (const name of readdirSync(join(directory, prefix)).sort()) {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      if (skip(path)) continue;
      const absolute = join(directory, path);
      const stat = lstatSync(absolute);
      if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(absolute)}`;
      else if (stat.isDirectory()) walk(path);
      else found[path] = createHash("sha256").update(readFileSync(absolute)).digest("hex");
    }
  };
  if (existsSync(directory)) walk("");
  return found;
}

/** A project in a temporary directory, with a home, a TMPDIR and a log of stage runs of its own, all outside of it. */
export class Project {
  readonly base: string;
  /** The project's root. */
  root: string;
  /** The program under test. */
  readonly binary = dagBinary;
  /** Stages append a line here each time they run. */
  readonly log: string;
  readonly tmp: string;
  env: Record<string, string | undefined>;
  /** The user that runs dag, by number; this process's own unless given. */
  as: number | undefined;
  private gates: Gate[] = [];
  private mounted = false;
  private started: Running[] = [];

  constructor(directory = "project") {
    this.base = realpathSync(mkdtempSync(join(tmpdir(), "dag-test-")));
    this.root = join(this.base, directory);
    this.log = join(this.base, "log");
    this.tmp = join(this.base, "tmp");
    for (const path of [this.root, this.tmp, join(this.base, "home")]) mkdirSync(path, { recursive: true });
    writeFileSync(this.log, "");
    // Nothing of the machine's own environment: least of all what makes every Node start slow.
    this.env = { PATH: process.env["PATH"], HOME: join(this.base, "home"), TMPDIR: this.tmp, LANG: "C.UTF-8" };
  }

  /** An empty root of another name. */
  moveTo(name: string): void {
    this.root = join(this.base, name);
    mkdirSync(this.root, { recursive: true });
  }

  /** Writes files by project-relative path. Objects become JSON, arrays JSONL. */
  write(files: Record<string, unknown>): this {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === "string" || content instanceof Uint8Array ? content : Array.isArray(content) ? jsonl(content) : `${JSON.stringify(content, null, 2)}\n`);
    }
    return this;
  }

  append(name: string, text: string): void {
    appendFileSync(join(this.root, name), text);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), "utf8");
  }

  bytes(name: string): Buffer {
    return readFileSync(join(this.root, name));
  }

  exists(name: string): boolean {
    return lstatSync(join(this.root, name), { throwIfNoEntry: false }) !== undefined;
  }

  remove(...names: string[]): void {
    for (const name of names) rmSync(join(this.root, name), { recursive: true, force: true });
  }

  /** The artifacts' bytes by path. */
  artifacts(): Record<string, string> {
    return tree(join(this.root, "artifacts"));
  }

  /** Everything under the project, and beside it (HOME, TMPDIR), but the log. */
  everything(): Record<string, string> {
    return tree(this.base, (path) => path === "log");
  }

  lock(name = "dag.lock"): { version: number; cells: Record<string, LockedCell> } {
    return JSON.parse(this.read(name)) as { version: number; cells: Record<string, LockedCell> };
  }

  /** Lines appended to the log since last asked, sorted: which stages (and items) ran, and how often. */
  ran(): string[] {
    const lines = readFileSync(this.log, "utf8").split("\n").filter((line) => line !== "");
    writeFileSync(this.log, "");
    return lines.sort();
  }

  /** Shell words that append a line to the log. */
  mark(name: string): string {
    return `echo ${name} >> ${this.log}`;
  }

  /** Module source that appends a line to the log; `expression` is JavaScript. */
  markModule(expression: string): string {
    return `process.getBuiltinModule("node:fs").appendFileSync(${JSON.stringify(this.log)}, ${expression} + "\\n");`;
  }

  /** Runs dag to its end. */
  async dag(...args: string[]): Promise<Result> {
    return this.start(...args).result;
  }

  /** Runs `dag run --json`. */
  async run(...args: string[]): Promise<Result> {
    return this.dag("run", "--json", ...args);
  }

  /** `run` that must succeed. */
  async built(...args: string[]): Promise<Result> {
    const result = await this.run(...args);
    if (result.code !== 0) throw new Error(`dag run ${args.join(" ")} ended with ${String(result.code ?? result.signal)}\n${result.stdout}\n${result.stderr}`);
    return result;
  }

  start(...args: string[]): Running {
    return this.startWith({}, ...args);
  }

  startWith(options: Partial<RunOptions>, ...args: string[]): Running {
    const running = new Running(args, { cwd: this.root, ...(this.as === undefined ? {} : { uid: this.as }), ...options, env: { ...this.env, ...options.env } });
    this.started.push(running);
    return running;
  }

  async with(options: Partial<RunOptions>, ...args: string[]): Promise<Result> {
    return this.startWith(options, ...args).result;
  }

  /** A server for controllable stages, closed with the project. */
  async gate(): Promise<Gate> {
    const gate = await Gate.open();
    this.gates.push(gate);
    return gate;
  }

  /** Puts the (still empty) project on a disk of its own, so many MB large. False where this process may not mount one. */
  mount(megabytes: number): boolean {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${String(megabytes)}m`, "tmpfs", this.root], { stdio: "ignore" });
      this.mounted = true;
    } catch {
      // not root, or in a container without the right to
    }
    return this.mounted;
  }

  /** Takes writing away from the mounted disk, or gives it back. */
  remount(how: "ro" | "rw"): void {
    execFileSync("mount", ["-o", `remount,${how}`, this.root]);
  }

  /** Leaves so many KB free on the mounted disk; the file `ballast` takes the rest. */
  leave(kilobytes: number): void {
    this.remove("ballast");
    const { bavail, bsize } = statfsSync(this.root);
    writeFileSync(join(this.root, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - kilobytes * 1024)));
  }

  async dispose(): Promise<void> {
    for (const running of this.started) if (running.child.exitCode === null && running.child.signalCode === null) try { running.killGroup("SIGKILL"); } catch { /* gone already */ }
    for (const gate of this.gates) await gate.close();
    if (this.mounted) execFileSync("umount", ["-l", this.root]);
    rmSync(this.base, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

export interface LockedCell {
  artifact: string;
  bytes: number;
  path: string;
  recipe: string;
  records?: number;
  inputs: Record<string, string>;
}

/** One JSON value a line. */
export function jsonl(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** n records p000…: `{ id, n }`. */
export function people(n: number): { id: string; n: number }[] {
  return Array.from({ length: n }, (_, i) => ({ id: `p${String(i).padStart(3, "0")}`, n: i }));
}

