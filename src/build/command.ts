import { chmod, copyFile, link, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { constants, existsSync, readdirSync } from "node:fs";
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { parsePlaceholders } from "../pipeline/index.ts";
import type { Action, Stage } from "../pipeline/index.ts";
import { projectPath } from "../plan/index.ts";
import type { Json, JsonRecord } from "../stage/index.ts";
import { canonicalJson, removeTree, walkFiles } from "../store/index.ts";
import { CellFailure } from "./failure.ts";
import { runItems } from "./items.ts";
import type { CellJob, CellOutcome, ItemCounts } from "./job.ts";
import { readRecords } from "./jsonl.ts";
import { runProcess } from "./process.ts";
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
  signal: AbortSignal;
  onLine: (line: string, item?: string) => void;
  onItems: (counts: ItemCounts) => void;
}

/** Variables every command may see, declared or not. */
const ALWAYS = ["PATH", "HOME", "LANG", "TMPDIR"];

/** Runs a command stage in a directory that holds only its declared inputs, at their places in the project. */
export async function runCommand(run: CommandRun): Promise<CellOutcome> {
  const { job, stage } = run;
  const inputs = join(run.workspace, "inputs");
  await mkdir(inputs, { recursive: true });
  const places = await stageInputs(run, inputs);
  const env: Record<string, string> = {};
  for (const name of [...ALWAYS, ...stage.env]) if (run.env[name] !== undefined) env[name] = run.env[name];

  if (job.each === undefined) {
    const output = outputIn(inputs, job);
    await runProcess({ argv: argvOf(stage.action, job, places, output.name), cwd: inputs, env, timeoutMs: job.timeoutMs, signal: run.signal, onLine: (line) => run.onLine(line) });
    await take(output.path, job);
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
      const directory = join(run.workspace, `item-${next++}`);
      try {
        await linkTree(inputs, directory);
        await writeFile(join(directory, "item.json"), canonicalJson(item) + "\n");
        const output = outputIn(directory, job);
        await runProcess({ argv: argvOf(stage.action, job, places, output.name, "item.json"), cwd: directory, env, timeoutMs: job.timeoutMs, signal: run.signal, onLine: (line) => run.onLine(line, item.id) });
        if (!existsSync(output.path)) throw missingOutput(job);
        return await recordsIn(output.path);
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

/** Where each input was put, relative to the working directory. */
interface Places {
  needs: Record<string, string>;
  files: Record<string, string>;
  prompts: Record<string, string>;
}

async function stageInputs({ job, stage, programs }: CommandRun, directory: string): Promise<Places> {
  const places: Places = { needs: {}, files: {}, prompts: {} };
  const put = async (from: string, to: string): Promise<string> => {
    await copyTree(from, join(directory, to));
    return to;
  };
  for (const [name, need] of Object.entries(job.needs)) {
    for (const cell of need.cells) await put(cell.path, cell.place);
    const [first] = need.cells;
    if (first === undefined) continue;
    const path = first.place;
    places.needs[name] = need.gathered ? path.split("/").slice(0, -Object.keys(first.axis).length || undefined).join("/") : path;
  }
  for (const [name, source] of Object.entries(job.files)) {
    const inside = (path: string): string => (isInsideRoot(job.root, path) ? projectPath(job.root, path) : join("files", name, relative(source.path, path)));
    if (source.path !== job.root && source.files[0] !== source.path) await mkdir(join(directory, inside(source.path)), { recursive: true });
    for (const path of source.files) await put(path, inside(path));
    places.files[name] = source.path === job.root ? "." : inside(source.path).replace(/\/$/, "");
    if (source.path === source.files[0] && !isInsideRoot(job.root, source.path)) {
      places.files[name] = await put(source.path, join("files", name, source.path.split("/").at(-1) ?? name));
    }
  }
  for (const [name, path] of Object.entries(stage.prompts)) places.prompts[name] = await put(join(job.root, path), path);
  for (const path of programs) await put(join(job.root, path), path);
  return places;
}

const isInsideRoot = (root: string, path: string): boolean => {
  const inside = relative(root, path);
  return inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
};

function outputIn(directory: string, job: CellJob): { name: string; path: string } {
  const name = job.output.kind === "directory" ? "output" : `output${extname(job.output.path)}`;
  return { name, path: resolve(directory, name) };
}

/** The argument list with placeholders filled in; in a shell script they are quoted. */
export function argvOf(action: Action, job: CellJob, places: Places, output: string, item?: string): string[] {
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
            return quote(plain(job.params[part.name]));
          case "axis":
            return quote(plain(job.axis[part.name]));
          case "needs":
          case "files":
          case "prompts":
            return quote(places[part.kind][part.name] ?? "");
          default:
            return part satisfies never;
        }
      })
      .join("");
  switch (action.kind) {
    case "command":
      return action.argv.map((argument) => fill(argument, (value) => value));
    case "shell":
      return ["sh", "-c", fill(action.script, (value) => `'${value.replace(/'/g, `'\\''`)}'`)];
    case "module":
      throw new Error("not a command");
    default:
      return action satisfies never;
  }
}

const plain = (value: Json | undefined): string => (typeof value === "string" ? value : canonicalJson(value ?? null));

/** Moves what the command wrote to the job's output path. */
async function take(path: string, job: CellJob): Promise<void> {
  const made = await stat(path).catch(() => undefined);
  if (made === undefined) throw missingOutput(job);
  if (job.output.kind === "directory") {
    if (!made.isDirectory()) throw new CellFailure("{output} must be a directory: the stage's output ends with a slash");
    if (readdirSync(path).length === 0) throw missingOutput(job);
    for (const file of walkFiles(path)) await copyInto(file.absolute, join(job.output.path, file.path));
    return;
  }
  if (!made.isFile()) throw new CellFailure("{output} must be a file");
  await copyInto(path, job.output.path);
}

async function copyTree(from: string, to: string): Promise<void> {
  if (!(await stat(from)).isDirectory()) return copyInto(from, to, true);
  await mkdir(to, { recursive: true });
  for (const file of walkFiles(from)) await copyInto(file.absolute, join(to, file.path), true);
}

async function copyInto(from: string, to: string, readOnly = false): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if (existsSync(to)) return;
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  if (readOnly) await chmod(to, (await stat(to)).mode & 0o555);
}

/** The same tree again by hard links: an item's own directory costs no copying. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of walkFiles(from)) {
    const path = join(to, file.path);
    await mkdir(dirname(path), { recursive: true });
    await link(file.absolute, path).catch(() => copyFile(file.absolute, path));
  }
}
