import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Never inputs by pattern: what the tool and package managers write. */
const SKIPPED = new Set([".git", "node_modules", "cache", "artifacts"]);

export const isGlob = (pattern: string): boolean => /[*?[\]{}]|^!|[@+]\(/.test(pattern);

/**
 * Files that match the patterns, project-relative with `/`, sorted by code unit. Patterns starting with `!` exclude.
 * `*` does not match a leading dot. `visited` hears every directory that was listed.
 */
export async function expandGlob(root: string, patterns: readonly string[], visited: (directory: string) => void): Promise<string[]> {
  const { default: picomatch } = await import("picomatch");
  const ignore = patterns.filter((p) => p.startsWith("!")).map((p) => picomatch(p.slice(1)));
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) continue;
    const { base, glob } = picomatch.scan(pattern);
    if (glob === "") {
      found.add(pattern);
      continue;
    }
    const matches = picomatch(pattern);
    for (const path of walk(root, base, visited)) if (matches(path) && !ignore.some((no) => no(path))) found.add(path);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

function* walk(root: string, directory: string, visited: (directory: string) => void): Generator<string> {
  const absolute = join(root, directory);
  visited(absolute);
  let entries;
  try {
    entries = readdirSync(absolute, { withFileTypes: true });
  } catch {
    return; // a base that does not exist matches nothing
  }
  for (const entry of entries) {
    const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!(directory === "" && SKIPPED.has(entry.name)) && entry.name !== "node_modules") yield* walk(root, path, visited);
    } else if (!entry.isSymbolicLink() || !isDirectory(join(root, path))) yield path;
  }
}

/** A link to a directory is not walked (it may lead in circles); a dangling link stays and is reported as missing. */
const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
