import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ReleaseError, releaseCommunities, type ReleaseCommunity } from "../../stats/index.ts";

/** A PersonaBench release on disk. File names are relative to `directory`, with `/`. */
export interface ReleaseFiles {
  directory: string;
  names: string[];
  communities: ReleaseCommunity[];
}

/** Communities lie at most this far below the directory that was named: data root, synthetic_data, community. */
const DEPTH = 3;
/** A directory that is no release is given up after this many directories. */
const MOST = 5000;

/**
 * Finds the communities of a release under its data root, its synthetic_data or a single community. Throws ReleaseError where there is none.
 */
export async function openRelease(directory: string): Promise<ReleaseFiles> {
  const base = resolve(directory);
  const info = await stat(base).catch(() => undefined);
  if (info === undefined) throw new ReleaseError(`${directory} does not exist; --release takes the data root, its synthetic_data or one community of a PersonaBench release`);
  if (!info.isDirectory()) throw new ReleaseError(`${directory} is a file; --release takes a directory`);
  const names: string[] = [];
  await search(base, "", DEPTH, new Set(), names);
  const communities = releaseCommunities(names);
  if (communities.length === 0) throw new ReleaseError(`no PersonaBench release in ${directory}: expected <community>/eval_info/eval_info_all.json at most ${DEPTH} levels below it`);
  return { directory: base, names, communities };
}

/** Collects the files of every community below; inside of one nothing else is looked for, and no directory is entered twice, whatever links to it. */
async function search(base: string, prefix: string, depth: number, seen: Set<string>, names: string[]): Promise<void> {
  const real = await realpath(join(base, prefix)).catch(() => undefined);
  if (real === undefined || seen.has(real) || seen.size >= MOST) return;
  seen.add(real);
  const evalInfo = await filesIn(base, `${prefix}eval_info/`);
  if (evalInfo.includes(`${prefix}eval_info/eval_info_all.json`)) {
    names.push(...evalInfo, ...(await filesIn(base, `${prefix}graph_json/`)));
    for (const level of await directoriesIn(base, `${prefix}private_data/`)) names.push(...(await filesIn(base, level)));
    return;
  }
  if (depth === 0) return;
  for (const inner of await directoriesIn(base, prefix)) await search(base, inner, depth - 1, seen, names);
}

async function filesIn(base: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(base, prefix), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => `${prefix}${entry.name}`).sort();
}

/** Directories and links to them, but hidden ones and those of packages, with a slash at the end. */
async function directoriesIn(base: string, prefix: string): Promise<string[]> {
  const out: string[] = [];
  for (const entry of await readdir(join(base, prefix), { withFileTypes: true }).catch(() => [])) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const directory = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(join(base, prefix, entry.name)).catch(() => undefined))?.isDirectory() === true);
    if (directory) out.push(`${prefix}${entry.name}/`);
  }
  return out.sort();
}

/** Result files named by paths: files stay, a directory gives the .json files in it whose name says result. Throws ReleaseError. */
export async function resultPaths(paths: readonly string[]): Promise<string[]> {
  const out = new Map<string, string>();
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) throw new ReleaseError(`${path} does not exist; --results takes result files such as result_noise_0.5.json`);
    const found = info.isDirectory() ? (await readdir(path)).filter((name) => /result.*\.json$/i.test(name)).map((name) => join(path, name)) : [path];
    if (found.length === 0) throw new ReleaseError(`no result*.json in ${path}`);
    for (const file of found) if (!out.has(await realpath(file))) out.set(await realpath(file), file);
  }
  return [...out.values()];
}

/** Reads a text file; what goes wrong is a ReleaseError with the path as given. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ReleaseError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
