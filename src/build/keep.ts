import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { eachOf, itemBaseOf, partialList, resultKeys } from "../plan/index.ts";
import { ObjectStore, readLock } from "../store/index.ts";
import type { LockCell, LockFile, Sha256, StoreProblem } from "../store/index.ts";
import { locksOfRevisions } from "./revisions.ts";
import type { Project } from "./project.ts";

/** What of cache/ must stay, by kind. */
export interface Keep {
  /** Artifacts, and the bytes behind inputs. Of a directory its listing stands for its files. */
  objects: Set<Sha256>;
  /** Those of them that are prompts: a list stands for its files, too. */
  prompts: Set<Sha256>;
  /** Keys of entries in cache/results. */
  results: Set<Sha256>;
  /** Bases of item journals. */
  journals: Set<Sha256>;
}

/** One lock that keeps something: where it lies, fit to print. */
export interface KeepingLock {
  name: string;
  cells: number;
}

export interface KeepRequest {
  root: string;
  /** Every pipeline of the project: what they would bring back, and go on with, stays too. */
  projects: readonly Project[];
  /** Also the locks of the last so many git revisions that touched one. */
  revisions: number;
}

export const emptyKeep = (): Keep => ({ objects: new Set(), prompts: new Set(), results: new Set(), journals: new Set() });

/** Keeps all that one recorded cell stands on: its artifact, its inputs, its result, the memory of its items. */
export function keepCell(keep: Keep, cell: LockCell): void {
  keep.objects.add(cell.artifact);
  for (const [label, hash] of Object.entries(cell.inputs)) {
    keep.objects.add(hash);
    if (label.startsWith("prompts.")) keep.prompts.add(hash);
  }
  for (const key of resultKeys(cell)) keep.results.add(key);
  const list = eachOf(cell.inputs);
  if (list !== undefined) keep.journals.add(itemBaseOf(cell.inputs, list.each, list.module));
}

/**
 * Decides what garbage collection must not touch: what the locks name (of every pipeline, of samples, of the revisions asked for), what the next run would
 * bring back without running, and the items of stages that are not finished. A lock that is not whole is a problem: then nothing may be collected.
 */
export async function whatToKeep({ root, projects, revisions }: KeepRequest): Promise<{ keep: Keep; locks: KeepingLock[]; problems: StoreProblem[] }> {
  const keep = emptyKeep();
  const locks: KeepingLock[] = [];
  const problems: StoreProblem[] = [];
  const take = (name: string, { lock, problems: found }: { lock: LockFile; problems: StoreProblem[] }): void => {
    const cells = Object.values(lock.cells);
    for (const cell of cells) keepCell(keep, cell);
    locks.push({ name, cells: cells.length });
    problems.push(...found);
  };
  for (const path of lockFiles(root)) take(path, readLock(join(root, path)));
  if (revisions > 0) for (const { name, ...read } of await locksOfRevisions(root, revisions)) take(name, read);
  if (problems.length === 0) for (const project of projects) await keepPlanned(keep, project);
  keepPartials(keep, root);
  return { keep, locks, problems };
}

/** Results a killed build left without an entry in the lock come back by recipe; items of a stage that failed are gone on with. */
async function keepPlanned(keep: Keep, project: Project): Promise<void> {
  const { cells } = await project.load().planner.plan(project.graph.cells.keys());
  for (const plan of cells.values()) {
    if (plan.action === "restore") keepCell(keep, plan.result);
    if (plan.action !== "run" || plan.inputs === undefined) continue;
    const { each, action } = plan.cell.stage;
    if (each !== undefined) keep.journals.add(itemBaseOf(plan.inputs, each, action.kind === "module"));
  }
}

/** Of a prompt kept as the list of what it renders, each text. */
function keepPartials(keep: Keep, root: string): void {
  const objects = new ObjectStore(join(root, "cache/objects"));
  for (const hash of keep.prompts) for (const part of partialList(textAt(objects.pathOf(hash)))?.values() ?? []) keep.objects.add(part);
}

/** As it lies there: only to know what to keep. */
function textAt(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not kept, then neither is what it lists
  }
}

/** Locks of the full builds and of samples, relative to the root, sorted. */
export function lockFiles(root: string): string[] {
  const samples = namesIn(join(root, "cache/state")).filter((name) => /^sample=\d+$/.test(name));
  return ["", ...samples.map((name) => `cache/state/${name}`)].flatMap((base) => [
    ...(existsSync(join(root, base, "dag.lock")) ? [join(base, "dag.lock")] : []),
    ...below(join(root, base, "pipelines")).map((path) => relative(root, path)),
  ]);
}

function below(directory: string): string[] {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // no pipelines of its own
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? below(join(directory, entry.name)) : entry.name.endsWith(".lock") ? [join(directory, entry.name)] : []));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // nothing kept yet
  }
}

/** Pipeline files of a project: pipeline.yaml and those under pipelines/, project-relative. */
export function pipelineFiles(root: string): string[] {
  const own = ["pipeline.yaml", "pipeline.yml"].find((name) => existsSync(join(root, name)));
  return [...(own === undefined ? [] : [own]), ...namesIn(join(root, "pipelines")).filter((name) => /\.ya?ml$/.test(name)).map((name) => `pipelines/${name}`)];
}
