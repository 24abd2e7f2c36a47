import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, parse, resolve } from "node:path";
import { isInside } from "../plan/index.ts";

/** Real directories, and the names in each whose change may change what was looked at: some, or any. */
export type Places = Map<string, Set<string> | "any">;

/** Links followed on the way to one path, as the system allows. */
const MOST_LINKS = 40;

/**
 * Where to listen in order to hear of every change of these paths, present or not: directories, since editors save by putting another file in
 * place. The directories on the way count too (below the root; of paths outside of it from the top), and what links lead to. `whole`: directories of
 * which every entry counts.
 */
export function placesOf(root: string, paths: Iterable<string>, whole: Iterable<string>): Places {
  const places: Places = new Map();
  const known = new Map<string, string | undefined>();
  const add = (directory: string, name: string): void => {
    const names = places.get(directory);
    if (names === undefined) places.set(directory, new Set([name]));
    else if (names !== "any") names.add(name);
  };

  /** What a path leads to in the end; undefined where it leads nowhere. */
  const follow = (path: string, links: number): string | undefined => {
    const directory = real(dirname(path), links);
    if (directory === undefined) return undefined;
    const name = basename(path);
    add(directory, name);
    const found = join(directory, name);
    try {
      if (!lstatSync(found).isSymbolicLink()) return found;
      return links === 0 ? undefined : follow(resolve(directory, readlinkSync(found)), links - 1);
    } catch {
      return undefined; // not there (yet), or not to be looked at
    }
  };
  const real = (directory: string, links: number): string | undefined => {
    if (directory === root || directory === parse(directory).root) return directory;
    if (!known.has(directory)) {
      known.set(directory, undefined);
      known.set(directory, follow(directory, links));
    }
    return known.get(directory);
  };

  for (const path of paths) if (path !== root) follow(path, MOST_LINKS);
  for (const path of whole) {
    const directory = real(path, MOST_LINKS);
    if (directory !== undefined) places.set(directory, "any");
  }
  // Of the root itself is heard whatever is looked at in it.
  if (!places.has(root)) places.set(root, new Set());
  return places;
}

/** Paths outside of what the tool itself writes below the root. */
export const inputsAmong = (paths: Iterable<string>, own: readonly string[]): string[] => Array.from(paths).filter((path) => !own.some((place) => path === place || isInside(place, path)));
