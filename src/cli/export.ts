import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Project } from "../build/index.ts";
import type { BuildRecords, DatasetMeta } from "../exchange/index.ts";
import type { AxisValue, Cell } from "../pipeline/index.ts";
import { printable } from "../pipeline/index.ts";
import { common, EXIT, openProject, printJson, selection, UsageError, withCommon } from "./common.ts";

interface ExportOptions {
  license?: string;
  name?: string;
  creator?: string;
  url?: string;
  published?: string;
  versionName: string;
}

const FORMATS = ["personabench", "spb", "personagym", "huggingface"] as const;
type Format = (typeof FORMATS)[number];

/** `dag export <format> <dir>`: what was built, in a public format. */
export function exportCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("export"))
    .description(`write what was built in a public format: ${FORMATS.join(", ")}`)
    .argument("<format>", "personabench, huggingface: documents and questions; spb: the personas of seed; personagym: questions with a persona and a task")
    .argument("<dir>", "a new or empty directory")
    .option("--license <id>", "huggingface: licence of the dataset, e.g. cc-by-4.0")
    .option("--name <text>", "huggingface: shown name (default: the pipeline's)")
    .option("--creator <text>", "huggingface: who publishes it")
    .option("--url <url>", "huggingface: where it will stand")
    .option("--published <date>", "huggingface: date of publication, YYYY-MM-DD")
    .option("--version-name <text>", "huggingface: version of the dataset", "1.0.0")
    .action(async (format: string, directory: string, options: ExportOptions) => exit(await exportBuild(format, directory, options)));
}

async function exportBuild(format: string, directory: string, options: ExportOptions): Promise<number> {
  if (!isFormat(format)) throw new UsageError(`export knows ${FORMATS.join(", ")}, not ${JSON.stringify(format)}`);
  if (format === "huggingface" && options.license === undefined) throw new UsageError("a dataset card needs a licence: --license cc-by-4.0, or what you publish under");
  const target = resolve(common.directory ?? ".", directory);
  const there = await readdir(target).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? [] : undefined));
  if (there === undefined) throw new UsageError(`${directory} is not a directory`);
  if (there.length > 0) throw new UsageError(`${directory} is not empty; name a new directory`);
  const project = await openProject();
  if (project === undefined) return EXIT.usage;

  const { planner } = project.load();
  const cells = exported(project, format);
  const { cells: plans } = await planner.plan(withNeeds(project, cells).map(({ id }) => id));
  const absent = cells.filter((cell) => planner.onDisk(cell) === undefined);
  if (absent.length > 0) {
    process.stderr.write(`dag: not built yet: ${absent.map(({ id }) => id).join(", ")}; dag run ${[...new Set(absent.map(({ stage }) => stage.name))].join(" ")}\n`);
    return EXIT.stale;
  }
  const stale = cells.filter(({ id }) => plans.get(id)?.action !== "fresh");
  if (stale.length > 0) process.stderr.write(`warning: exported as it lies, though not fresh: ${stale.map(({ id }) => id).join(", ")}\n`);

  const { ReleaseError } = await import("../stats/index.ts");
  try {
    const { files, levels } = await write(format, target, project, cells, options);
    if (common.json) printJson({ event: "done", ok: true, format, files, ...(levels === undefined ? {} : { levels }) });
    else if (!common.quiet) process.stderr.write(`wrote ${files} ${files === 1 ? "file" : "files"} to ${printable(directory)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    process.stderr.write(`dag: ${printable(error.message)}\n`);
    return EXIT.failed;
  }
}

function isFormat(name: string): name is Format {
  return (FORMATS as readonly string[]).includes(name);
}

async function write(format: Format, target: string, project: Project, cells: readonly Cell[], options: ExportOptions): Promise<{ files: number; levels?: number[] }> {
  const { fromRecords, writeBank, writeGym, writeHuggingFace, writeRelease } = await import("../exchange/index.ts");
  if (format === "spb" || format === "personagym") {
    const lists = await Promise.all(cells.map((cell) => recordsOf(project, cell)));
    return { files: (await (format === "spb" ? writeBank : writeGym)(target, lists.flat())).length };
  }
  const records = await readRecords(project, cells);
  const levels = records.levels.map(({ noise }) => noise);
  if (format === "personabench") return { files: (await writeRelease(target, fromRecords(records))).length, levels };
  return { files: (await writeHuggingFace(target, records, await metaOf(project, cells, options))).length, levels };
}

/** Stages whose records a format has; those of the second list where the pipeline has them. */
const SOURCES: Record<Format, [needed: string[], more: string[]]> = { personabench: [["documents", "questions"], ["graph"]], huggingface: [["documents", "questions"], ["graph"]], spb: [["seed"], []], personagym: [["questions"], []] };

/** The cells an export reads. */
function exported(project: Project, format: Format): Cell[] {
  const [needed, more] = SOURCES[format];
  for (const stage of needed) {
    if (!project.graph.byStage.has(stage)) throw new UsageError(`this pipeline has no stage ${JSON.stringify(stage)}; export ${format} reads the records of ${needed.join(" and ")}`);
  }
  return [...more, ...needed].flatMap((stage) => project.graph.byStage.get(stage) ?? []);
}

/** The cells and all they are made from. */
function withNeeds(project: Project, cells: readonly Cell[]): readonly Cell[] {
  return selection(project, [...new Set(cells.map(({ stage }) => stage.name))]).cells;
}

async function readRecords(project: Project, cells: readonly Cell[]): Promise<BuildRecords> {
  const levels = new Map<AxisValue, BuildRecords["levels"][number]>();
  const records: BuildRecords = { graph: [], levels: [] };
  for (const cell of cells) {
    const name = cell.stage.name;
    if (name === "graph") records.graph.push(...(await recordsOf(project, cell) as never[]));
    else {
      const noise = cell.axis["noise"] ?? 0;
      const level = levels.get(noise) ?? { noise: Number(noise), documents: [], questions: [] };
      levels.set(noise, level);
      level[name === "documents" ? "documents" : "questions"].push(...(await recordsOf(project, cell) as never[]));
    }
  }
  records.levels = [...levels.values()].sort((a, b) => a.noise - b.noise);
  return records;
}

async function recordsOf(project: Project, cell: Cell): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(project.places.artifacts, cell.path), "utf8");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function metaOf(project: Project, cells: readonly Cell[], options: ExportOptions): Promise<DatasetMeta> {
  const { hashOfBuild } = await import("../store/index.ts");
  const { lock } = project.load();
  const roles = new Set(withNeeds(project, cells).flatMap(({ models }) => models));
  const hashes = cells.flatMap(({ id }) => {
    const hash = lock.cells[id]?.artifact;
    return hash === undefined ? [] : [{ cell: id, hash }];
  });
  const known = hashes.length === cells.length;
  return {
    name: options.name ?? project.pipeline.name,
    license: options.license ?? "",
    version: options.versionName,
    models: [...roles].sort().map((role) => ({ role, provider: project.pipeline.models[role]?.provider ?? "", model: project.pipeline.models[role]?.model ?? "" })),
    ...(known ? { build: hashOfBuild(hashes) } : {}),
    ...(options.url === undefined ? {} : { url: options.url }),
    ...(options.creator === undefined ? {} : { creator: options.creator }),
    ...(options.published === undefined ? {} : { published: options.published }),
  };
}
