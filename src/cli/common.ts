import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Command } from "commander";
import { Project } from "../build/index.ts";
import type { ProjectOptions } from "../build/index.ts";
import { modelIdentity } from "../model/identity.ts";
import { formatDiagnostic, printable, selectCells } from "../pipeline/index.ts";
import type { Diagnostic, Selection } from "../pipeline/index.ts";
import { StoreError, systemError } from "../store/index.ts";
import type { StoreProblem } from "../store/index.ts";

/** The running tool's dist/: the worker and what stage modules import lie beside the command. */
export const TOOL = dirname(fileURLToPath(import.meta.url));

/** What module stages run in. */
export const WORKER = pathToFileURL(join(TOOL, "worker.mjs"));

/** Exit codes of the contract. */
export const EXIT = { ok: 0, failed: 1, usage: 2, stale: 3, refused: 4 } as const;

/** Options every verb takes, before or after its name. */
export interface CommonOptions {
  directory?: string;
  file?: string;
  params: string[];
  presets: string[];
  json: boolean;
  quiet: boolean;
  color: "auto" | "always" | "never";
  /** Items of every each stage; of verbs that take it. */
  sample?: number;
}

export const common: CommonOptions = { params: [], presets: [], json: false, quiet: false, color: "auto" };

/** A mistake of the caller's; printed without a stack, exit 2 unless said otherwise. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly exit: number;
  constructor(message: string, exit: number = EXIT.usage) {
    super(message);
    this.exit = exit;
  }
}

export function withCommon(command: Command): Command {
  return command
    .option("-C <dir>", "work in another project directory", (value: string) => void (common.directory = value))
    .option("-f <file>", "pipeline file (default: pipeline.yaml)", (value: string) => void (common.file = value))
    .option("-p <key=yaml>", "set a param; may be given several times", (value: string) => void common.params.push(value))
    .option("--preset <name>", "lay a preset over params and models; may be given several times", (value: string) => void common.presets.push(value))
    .option("--json", "one JSON object per line on stdout")
    .on("option:json", () => void (common.json = true))
    .option("--quiet", "only errors and results")
    .on("option:quiet", () => void (common.quiet = true))
    .option("--color <when>", "auto, always or never", (value: string) => {
      if (value !== "auto" && value !== "always" && value !== "never") throw new UsageError(`--color takes auto, always or never, not ${JSON.stringify(value)}`);
      common.color = value;
    });
}

/** Adds `--sample` to a verb: the build it speaks of is the one of that sample. */
export function withSample(command: Command): Command {
  return command.option("--sample <n>", "only the first n items of every each, kept apart in artifacts/sample=<n>/", (text: string) => void (common.sample = numberOption("--sample", text, 1) as number));
}

/** The command that builds what a verb speaks of. */
export const runCommandText = (): string => `dag run${common.sample === undefined ? "" : ` --sample ${common.sample}`}`;

export function useColor(stream: NodeJS.WriteStream): boolean {
  if (common.color !== "auto") return common.color === "always";
  return stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** May a line be redrawn on this stream? */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env["TERM"] !== "dumb" && common.color !== "never" && !process.env["CI"];
}

/** The number an option was given; undefined where it was not. */
export function numberOption(name: string, text: string | undefined, least: number, whole = true): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < least || (whole && !Number.isInteger(value))) throw new UsageError(`${name} takes a ${whole ? "whole " : ""}number of at least ${least}, not ${JSON.stringify(text)}`);
  return value;
}

/** The mistakes that ended a verb before it did anything; `--json` has each as an event, and the closing line. */
export function printMistakes(mistakes: readonly Diagnostic[], closing: Record<string, unknown> | false = {}): void {
  const color = useColor(process.stderr);
  process.stderr.write(mistakes.map((d) => `${formatDiagnostic(d, color)}\n`).join(""));
  if (mistakes.length > 1) process.stderr.write(`${mistakes.length} mistakes\n`);
  if (!common.json) return;
  for (const { file, line, column, message, hint } of mistakes) printJson({ event: "mistake", file, line, column, message, ...(hint === undefined ? {} : { hint }) });
  if (closing !== false) printJson({ event: "done", ok: false, ran: [], calls: { made: 0, stored: 0 }, cost: 0, mistakes: mistakes.length, ...closing });
}

/** Something that no run should pass over in silence: on stderr, and an event of `--json`. */
export function printWarning(message: string): void {
  if (common.json) printJson({ event: "warning", message });
  process.stderr.write(`warning: ${printable(message)}\n`);
}

const reported = new Set<string>();
function reportProblem(problem: StoreProblem): void {
  if (reported.has(problem.message)) return;
  reported.add(problem.message);
  if (!common.quiet) process.stderr.write(`warning: ${printable(problem.message.replaceAll(`${rootOf(common.directory ?? ".")}/`, ""))}\n`);
}

/** A project is where its files are, whatever links led there. */
function rootOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return resolve(directory); // not there: the pipeline file will be missed
  }
}

/** How a project at some root is opened by this command. */
export const optionsAt = (root: string, asked: Pick<ProjectOptions, "file" | "presets" | "overrides">): ProjectOptions => ({ root, ...asked, env: process.env, tool: TOOL, identify: modelIdentity, onProblem: reportProblem });

/** The project that the common options name. */
export const askedOptions = (): ProjectOptions => optionsAt(rootOf(common.directory ?? "."), { file: common.file, presets: common.presets, overrides: common.params });

/** Opens the project that the common options name, to read it only unless said otherwise; undefined after its mistakes have been printed. `plain`: another pipeline file, as it stands, without the presets and params asked for. `closing`: the mistakes end the verb. */
export async function openProject({ readOnly = true, plain, closing = true }: { closing?: boolean; readOnly?: boolean; plain?: string | undefined } = {}): Promise<Project | undefined> {
  const options = plain === undefined ? askedOptions() : { ...askedOptions(), file: plain, presets: [], overrides: [] };
  const opened = await Project.open({ ...options, readOnly, sample: common.sample });
  if (opened.ok) return opened.project;
  printMistakes(opened.diagnostics, closing ? {} : false);
  return undefined;
}

/** The cells that targets name; throws UsageError for unknown ones. */
export function selection(project: Project, targets: readonly string[]): Selection {
  const selected = selectCells(project.graph, targets);
  if (selected.ok) return selected;
  throw new UsageError(selected.failures.map(({ message, hint }) => (hint === undefined ? message : `${message}; ${hint}`)).join("\n"));
}

/** Prints what ended a verb unexpectedly and says the exit code. */
export function explainError(thrown: unknown): number {
  const { syscall = "use", path = "a file" } = (thrown ?? {}) as { syscall?: string; path?: string };
  // What the system refuses is no bug.
  const error = systemError(thrown, syscall, path);
  if (error instanceof UsageError) {
    process.stderr.write(error.message.split("\n").map((line) => `dag: ${printable(line)}\n`).join(""));
    return error.exit;
  }
  if (error instanceof StoreError) {
    process.stderr.write(`dag: ${printable(error.message)}\n${error.advice === undefined ? "" : `     ${error.advice}\n`}`);
    return EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`dag: internal error: ${printable(text, true)}\nThis is a bug in daguerre; nothing built so far is lost.\n`);
  return EXIT.failed;
}

/** One JSON object per line on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
