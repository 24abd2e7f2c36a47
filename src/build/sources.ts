import { statSync } from "node:fs";
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { CellId } from "../pipeline/index.ts";
import { projectPath } from "../plan/index.ts";
import { compareBytes, isInside, StoreError } from "../store/index.ts";
import type { Project } from "./project.ts";

/** Everything cells are built from, but for artifacts, answers and packages: what a plan of them looked at. */
export interface Sources {
  /** Project-relative, sorted by byte order. */
  files: string[];
  /** Directories that must be there even where they hold no file, project-relative, sorted. */
  directories: string[];
  /** Absolute paths of declared files that lie outside of the project, sorted. */
  outside: string[];
}

/** The sources of cells, as a plan reads them now. Throws a StoreError where a declared input is missing or code does not parse. */
export async function sourcesOf(project: Project, cells: readonly CellId[]): Promise<Sources> {
  const { planner, snapshot } = project.load();
  const { cells: plans } = await planner.plan(cells);
  for (const plan of plans.values()) if (plan.action === "blocked") throw new StoreError("missing", project.root, `${plan.cell.id}: ${plan.message}`);
  const files = new Set([project.pipeline.file, ...["package.json", "package-lock.json"].filter((name) => isFile(join(project.root, name)))]);
  const outside = new Set<string>();
  for (const path of snapshot.observedFiles) {
    if (!isFile(path) || path.split(sep).includes("node_modules") || path.startsWith(project.options.tool + sep)) continue;
    const own = projectPath(project.root, path);
    if (isInside(own)) files.add(own);
    else outside.add(path);
  }
  const directories = [...snapshot.observedDirectories].map((path) => projectPath(project.root, path)).filter(isInside);
  return { files: [...files].sort(compareBytes), directories: directories.sort(compareBytes), outside: [...outside].sort(compareBytes) };
}

/**
 * Lays the sources of cells, and nothing else, into an empty directory. Packages are linked to where they are installed; files outside of the
 * project are linked to from where the pipeline's relative paths lead. Returns the root of the copy.
 */
export async function copySources(project: Project, { files, directories, outside }: Sources, into: string): Promise<string> {
  const far = outside.map((path) => relative(project.root, path).split(sep));
  const depth = Math.max(0, ...far.map((parts) => parts.filter((part) => part === "..").length));
  const root = join(into, ...Array.from({ length: depth }, () => "up"), "project");
  await mkdir(root, { recursive: true });
  for (const directory of directories) await mkdir(join(root, directory), { recursive: true });
  for (const file of files) await copyExecutable(join(project.root, file), join(root, file));
  for (const parts of far) {
    const place = resolve(root, ...parts);
    await mkdir(dirname(place), { recursive: true });
    await symlink(resolve(project.root, ...parts), place);
  }
  const packages = join(project.root, "node_modules");
  if (statSync(packages, { throwIfNoEntry: false })?.isDirectory() === true) await symlink(packages, join(root, "node_modules"));
  return root;
}

async function copyExecutable(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, isExecutable(from) ? 0o755 : 0o644);
}

export const isExecutable = (path: string): boolean => (statSync(path).mode & 0o100) !== 0;

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
