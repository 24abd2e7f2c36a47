import { chmod, copyFile, link, mkdir, rename, stat } from "node:fs/promises";
import { constants, existsSync, lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Stage } from "../pipeline/index.ts";
import { projectPath } from "../plan/index.ts";
import { isInside, walkFiles } from "../store/index.ts";
import type { CellJob, NeedSource } from "./job.ts";

/** Where each input of a command was put, relative to its working directory. */
export interface Places {
  needs: Record<string, string>;
  /** One path of a file or directory, the files themselves of a glob or a list. */
  files: Record<string, string[]>;
  prompts: Record<string, string>;
}

/**
 * Copies a cell's declared inputs into a directory, each to its place in the project; what lies outside the project goes to
 * `files/<name>/`, with the directories below the one all of it lies in. Nothing is written outside the directory.
 */
export async function stageInputs(job: CellJob, stage: Stage, programs: readonly string[], directory: string): Promise<Places> {
  const places: Places = { needs: {}, files: {}, prompts: {} };
  const within = (to: string): string => {
    if (!isInside(to)) throw new Error(`${to} would lie outside the command's directory`);
    return join(directory, to);
  };
  const put = async (from: string, to: string): Promise<string> => {
    await copyTree(from, within(to));
    return to;
  };
  const inProject = (path: string): string | undefined => {
    const place = projectPath(job.root, path);
    return isInside(place) ? place : undefined;
  };
  for (const [name, need] of Object.entries(job.needs)) {
    for (const cell of need.cells) await put(cell.path, cell.place);
    const place = placeOfNeed(need);
    if (place !== undefined) places.needs[name] = place;
  }
  const free = (place: string): string => (existsSync(within(place)) ? free(`${place}_`) : place);
  for (const [name, path] of Object.entries(stage.prompts)) {
    const place = inProject(resolve(job.root, path));
    if (place !== undefined) places.prompts[name] = await put(resolve(job.root, path), place);
  }
  for (const path of programs) await put(join(job.root, path), path);

  // A directory outside keeps its files together, also those of the project below it.
  const outside: { name: string; paths: string[]; base: string }[] = [];
  for (const [name, source] of Object.entries(job.files)) {
    const several = source.path === job.root;
    const whole = several ? undefined : inProject(source.path);
    const isFile = source.files[0] === source.path;
    if (whole === undefined && !several) {
      outside.push({ name, paths: source.files, base: isFile ? dirname(source.path) : source.path });
      continue;
    }
    if (!isFile && whole !== undefined) await mkdir(within(whole), { recursive: true });
    const far: string[] = [];
    const near: string[] = [];
    for (const path of source.files) {
      const place = inProject(path);
      if (place === undefined) far.push(path);
      else near.push(await put(path, place));
    }
    places.files[name] = whole === undefined ? near : [whole];
    if (far.length > 0) outside.push({ name, paths: far, base: commonDirectory(far) });
  }
  // Last, where no file of the project has its place.
  for (const { name, paths, base } of outside) {
    const place = free(`files/${name}`);
    await mkdir(within(place), { recursive: true });
    const laid: string[] = [];
    for (const path of paths) laid.push(await put(path, `${place}/${projectPath(base, path)}`));
    const source = job.files[name];
    if (source?.path === job.root) places.files[name]?.push(...laid);
    else places.files[name] ??= source?.path === paths[0] ? laid : [place];
  }
  for (const [name, path] of Object.entries(stage.prompts)) places.prompts[name] ??= await put(resolve(job.root, path), `${free(`files/${name}`)}/${basename(path)}`);
  return places;
}

/** The artifact of a need; of a gathered one the directory that holds all of its cells. */
function placeOfNeed({ cells, gathered }: NeedSource): string | undefined {
  const [first] = cells;
  if (first === undefined || !gathered) return first?.place;
  // The last parts of an artifact's path are its axes; which of them is gathered first?
  const parts = first.place.split("/");
  const at = Object.keys(first.axis).map((axis) => parts.findLastIndex((part) => part.startsWith(`${axis}=`)));
  return parts.slice(0, Math.min(...at)).join("/");
}

/** The deepest directory all files lie in. */
function commonDirectory(files: readonly string[]): string {
  let common = dirname(files[0] ?? "");
  for (const file of files) while (dirname(common) !== common && relative(common, file).split(sep)[0] === "..") common = dirname(common);
  return common;
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
export async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of walkFiles(from)) {
    const path = join(to, file.path);
    await mkdir(dirname(path), { recursive: true });
    await link(file.absolute, path).catch(() => copyFile(file.absolute, path));
  }
}

/** Moves a file or directory to a path where nothing, or an empty directory, is. Links become the bytes they lead to; a special file is refused. */
export async function moveTree(from: string, to: string): Promise<void> {
  const own = lstatSync(from);
  const plain = own.isDirectory() ? readdirSync(from, { recursive: true, withFileTypes: true }).every((entry) => entry.isFile() || entry.isDirectory()) : own.isFile();
  if (plain && (await renamed(from, to))) return;
  if (!(await stat(from)).isDirectory()) return copyInto(from, to);
  for (const file of walkFiles(from)) await copyInto(file.absolute, join(to, file.path));
}

/** False on another file system, or where the directory may not be moved. */
async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(() => true, () => false);
}
