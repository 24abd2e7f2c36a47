import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ReleaseError, releaseCommunities, type ReleaseCommunity } from "../../stats/index.ts";

/** A PersonaBench release on disk. File names are relative to `directory`, with `/`. */
export interface ReleaseFiles {
  directory: string;
  names: string[];
  communities: ReleaseCommunity[];
}

/** From the data root down to a person's files there are five levels; deeper directories are none of a release. */
const DEPTH = 6;

/**
 * Finds the communities of a release under its data root, its synthetic_data or a single community. Throws ReleaseError where there is none.
 */
export async function openRelease(directory: string): Promise<ReleaseFiles> {
  const base = resolve(directory);
  const info = await stat(base).catch(() => undefined);
  if (info === undefined) throw new ReleaseError(`${directory} does not exist; --release takes the data root, its synthetic_data or one community of a PersonaBench release`);
  if (!info.isDirectory()) throw new ReleaseError(`${directory} is a file; --release takes a directory`);
  const names = await list(base, "", DEPTH);
  const communities = releaseCommunities(names);
  if (communities.length === 0) throw new ReleaseError(`no PersonaBench release in ${directory}: expected <community>/eval_info/eval_info_all.json somewhere below it`);
  return { directory: base, names, communities };
}

async function list(base: string, prefix: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(join(base, prefix), { withFileTypes: true });
  const out: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const name = `${prefix}${entry.name}`;
    const directory = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(join(base, name)).catch(() => undefined))?.isDirectory() === true);
    if (directory) out.push(...(await list(base, `${name}/`, depth - 1)));
    else out.push(name);
  }
  return out;
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
