import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { paramAt, parsePlaceholders } from "../pipeline/index.ts";
import type { Action, Stage } from "../pipeline/index.ts";
import type { Json, JsonRecord } from "../stage/index.ts";
import { canonicalJson, removeTree } from "../store/index.ts";
import { CellFailure } from "./failure.ts";
import { runItems } from "./items.ts";
import type { CellJob, CellOutcome, ItemCounts } from "./job.ts";
import { readRecords } from "./jsonl.ts";
import { linkTree, moveTree, stageInputs } from "./places.ts";
import type { Places } from "./places.ts";
import type { Processes } from "./process.ts";
import type { Validator } from "./validate.ts";

export interface CommandRun {
  job: CellJob;
  stage: Stage;
  /** Project files the command names. */
  programs: string[];
  /** Empty directory on the project's file system, for this cell alone. */
  workspace: string;
  env: Readonly<Record<string, string | undefined>>;
  validators: Map<string, Validator>;
  /** Shared by all commands of a build. */
  processes: Processes;
  signal: AbortSignal;
  onLine: (line: string, item?: string) => void;
  onItems: (counts: ItemCounts) => void;
}

/** Variables every command may see, declared or not. */
const ALWAYS = ["PATH", "HOME", "LANG", "TMPDIR"];

/**
 * Runs a command stage in a directory that holds only its declared inputs, at their places in the project. Beside it lie the output's
 * directory and, with `each`, the record's.
 */
export async function runCommand(run: CommandRun): Promise<CellOutcome> {
  const { job, stage, processes } = run;
  const own = await besides(run.workspace, job);
  await mkdir(own.inputs, { recursive: true });
  const places = await stageInputs(job, stage, run.programs, own.inputs);
  const env: Record<string, string> = {};
  for (const name of [...ALWAYS, ...stage.env]) if (run.env[name] !== undefined) env[name] = run.env[name];

  if (job.each === undefined) {
    await processes.run({ argv: argvOf(stage.action, job, places, own.outputName), cwd: own.inputs, env, timeoutMs: job.timeoutMs, signal: run.signal, onLine: (line) => run.onLine(line) });
    await take(own.output, job);
    return { failures: [], reads: {} };
  }

  const { each } = job;
  const list = job.needs[each.need];
  if (list === undefined) throw new Error(`each: ${each.need} is not among the needs`);
  let next = 0;
  const source = (async function* () {
    for (const cell of list.cells) yield* readRecords(cell.path, `artifact of ${cell.cell}`);
  })();
  const outcome = await runItems({
    stage: job.stage,
    each,
    source,
    readHash: () => Promise.resolve(undefined),
    invoke: async (item) => {
      const directory = join(run.workspace, "items", String(next++));
      try {
        const { inputs, output, outputName, item: record, itemName } = await besides(directory, job);
        await linkTree(own.inputs, inputs);
        await mkdir(dirname(record));
        await writeFile(record, canonicalJson(item) + "\n");
        await processes.run({ argv: argvOf(stage.action, job, places, outputName, itemName), cwd: inputs, env, timeoutMs: job.timeoutMs, signal: run.signal, onLine: (line) => run.onLine(line, item.id) });
        const made = await stat(output).catch(() => undefined);
        if (made === undefined) throw missingOutput(job);
        if (!made.isFile()) throw new CellFailure("{output} must be a file");
        return await recordsIn(output);
      } finally {
        await removeTree(directory);
      }
    },
    output: job.output.path,
    validate: run.validators.get(""),
    onProgress: run.onItems,
    signal: run.signal,
  });
  return { records: outcome.records, items: outcome.counts, failures: outcome.failures, reads: outcome.reads };
}

const missingOutput = (job: CellJob): CellFailure => new CellFailure(`the command ended with 0 but wrote nothing to {output} (${job.output.place})`);

/** One record, an array of them, or JSON lines. */
async function recordsIn(path: string): Promise<Json> {
  const text = await readFile(path, "utf8");
  if (text.trim() === "") return [];
  try {
    return JSON.parse(text) as Json;
  } catch {
    const records: JsonRecord[] = [];
    for await (const record of readRecords(path, "{output}")) records.push(record);
    return records;
  }
}

/** Where a command's output and record lie, beside the directory of its inputs: no input can have their names. */
async function besides(directory: string, { output: { kind, path } }: CellJob): Promise<{ inputs: string; output: string; outputName: string; item: string; itemName: string }> {
  const outputName = `../output/output${kind === "directory" ? "" : extname(path)}`;
  const itemName = "../item/item.json";
  const inputs = join(directory, "inputs");
  await mkdir(join(directory, "output"), { recursive: true });
  return { inputs, output: join(inputs, outputName), outputName, item: join(inputs, itemName), itemName };
}

/** The argument list with placeholders filled in; in a shell script they are quoted. `{files.x}` of several files is an argument for each. */
export function argvOf(action: Action, job: CellJob, places: Places, output: string, item?: string): string[] {
  const filesOf = (name: string): string[] => places.files[name] ?? [];
  const fill = (text: string, quote: (value: string) => string): string =>
    parsePlaceholders(text)
      .map((part) => {
        switch (part.kind) {
          case "text":
          case "unknown":
            return part.text;
          case "output":
            return quote(output);
          case "item":
            return quote(item ?? "");
          case "params":
            return quote(plain(paramOf(job, part.name)));
          case "axis":
            return quote(plain(job.axis[part.name]));
          case "files":
            return filesOf(part.name).map(quote).join(" ");
          case "needs":
          case "prompts":
            return quote(places[part.kind][part.name] ?? "");
          default:
            return part satisfies never;
        }
      })
      .join("");
  switch (action.kind) {
    case "command":
      return action.argv.flatMap((argument) => {
        const [only, ...more] = parsePlaceholders(argument);
        return only?.kind === "files" && more.length === 0 ? filesOf(only.name) : [fill(argument, (value) => value)];
      });
    case "shell":
      return ["sh", "-c", fill(action.script, (value) => `'${value.replace(/'/g, `'\\''`)}'`)];
    case "module":
      throw new Error("not a command");
    default:
      return action satisfies never;
  }
}

/** A param by its dotted path: below the longest declared one. */
function paramOf({ params }: CellJob, path: string): Json | undefined {
  const declared = Object.keys(params).filter((name) => path === name || path.startsWith(`${name}.`)).sort((a, b) => b.length - a.length)[0];
  return declared === undefined ? undefined : paramAt({ declared: params[declared] ?? null }, `declared${path.slice(declared.length)}`);
}

const plain = (value: Json | undefined): string => (typeof value === "string" ? value : canonicalJson(value ?? null));

/** Moves what the command wrote to the job's output path. */
async function take(path: string, job: CellJob): Promise<void> {
  const made = await stat(path).catch(() => undefined);
  if (made === undefined) throw missingOutput(job);
  if (job.output.kind === "directory") {
    if (!made.isDirectory()) throw new CellFailure("{output} must be a directory: the stage's output ends with a slash");
  } else if (!made.isFile()) throw new CellFailure("{output} must be a file");
  await moveTree(path, job.output.path);
}
