import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ownPlace } from "../pipeline/index.ts";
import { isInside, projectPath } from "./code.ts";

/** Never input by pattern, nor as part of a directory: what the tool, its stages and package managers write below the root. */
export function isSkipped(root: string, path: string): boolean {
  if (!isInside(root, path)) return false;
  const place = projectPath(root, path);
  return place === "artifacts" || place === "node_modules" || ownPlace(place) !== undefined;
}

/** A file (absolute) under the name that stages and listings know it by: no part of the machine's own paths is in it. */
export interface NamedFile {
  name: string;
  path: string;
}

interface Visitor {
  visited: (directory: string) => void;
  unreadable: (directory: string) => void;
}

export const isGlob = (pattern: string): boolean => /[*?[\]{}]|^!|[@+]\(/.test(pattern);

/**
 * Files that match the patterns, sorted by name. Names are project-relative with `/`; a file outside of the project is named from the part of
 * its pattern that has no wildcard. Patterns starting with `!` exclude. `*` does not match a leading dot. `visited` hears every directory listed,
 * `unreadable` each that cannot be, `unmatched` every pattern that found nothing.
 */
export async function expandGlob(root: string, patterns: readonly string[], { visited, unreadable, unmatched }: Visitor & { unmatched: (pattern: string) => void }): Promise<NamedFile[]> {
  const { default: picomatch } = await import("picomatch");
  /** Patterns are matched from their base on: what stands before it is a place, not a pattern. */
  const compile = (pattern: string): { base: string; glob: string; matches: (path: string) => boolean } => {
    const { base, glob } = picomatch.scan(pattern);
    const from = resolve(root, base);
    const match = glob === "" ? undefined : picomatch(glob);
    return { base: from, glob, matches: (path) => (match === undefined ? path === from : isInside(from, path) && match(projectPath(from, path))) };
  };
  const ignore = patterns.filter((p) => p.startsWith("!")).map((p) => compile(p.slice(1)));
  const found: NamedFile[] = [];
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) continue;
    const { base, glob, matches } = compile(pattern);
    const name = (path: string): string => (isInside(root, path) ? projectPath(root, path) : glob === "" ? basename(path) : projectPath(base, path));
    if (glob === "") found.push({ name: name(base), path: base });
    else {
      const before = found.length;
      for (const path of walk(root, base, { visited, unreadable })) if (matches(path) && !ignore.some((no) => no.matches(path))) found.push({ name: name(path), path });
      if (found.length === before) unmatched(pattern);
    }
  }
  return distinct(found);
}

/** Each file once, sorted by name; of different files with the same name, the later ones are numbered. */
export function distinct(found: readonly NamedFile[]): NamedFile[] {
  const names = new Map<string, string>();
  for (const { name, path } of found) {
    let own = name;
    for (let n = 2; names.has(own) && names.get(own) !== path; n++) own = `${n}/${name}`;
    names.set(own, path);
  }
  return [...names].map(([name, path]) => ({ name, path })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function* walk(root: string, directory: string, visitor: Visitor): Generator<string> {
  if (ownPlace(projectPath(root, directory)) !== undefined) return;
  visitor.visited(directory);
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // A base that does not exist matches nothing.
    if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) visitor.unreadable(directory);
    return;
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (isSkipped(root, path)) continue;
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules") yield* walk(root, path, visitor);
    } else if (!entry.isSymbolicLink() || !isDirectory(path)) yield path;
  }
}

/** A link to a directory is not walked (it may lead in circles); one that leads nowhere, or round and round, stays and is reported as missing. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
