import { readdirSync, statSync } from "node:fs";
import { posix, resolve } from "node:path";
import type { AbsentInput, DeclaredInput } from "./declared.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./words.ts";

/** Entries looked at for a hint: enough for a project's own files. */
const MOST = 5_000;
const PASSED_OVER = new Set(["node_modules", "artifacts", "cache"]);

/** A declared input that is not there, with the nearest one that is; undefined where it is there. `files` may be directories. */
export function absentInput(root: string, { label, path }: DeclaredInput): Pick<AbsentInput, "message" | "hint"> | undefined {
  const directories = label.startsWith("files.");
  const found = kindOf(resolve(root, path));
  if (found === "file" || (found === "directory" && directories)) return undefined;
  return found === "directory" ? { message: "is a directory, not a file" } : { message: "no such file", hint: nearestFile(root, path, directories) };
}

/** `did you mean "stages/a.ts"?`: of what lies beside the path, or else anywhere in the project, the most alike. */
export function nearestFile(root: string, path: string, directories = false): string | undefined {
  const name = posix.basename(path);
  const folder = posix.dirname(path);
  const beside = nearest(name, entries(root, folder).filter(({ folder: is }) => directories || !is).map(({ name: other }) => other));
  if (beside !== undefined) return `did you mean ${quote(posix.join(folder, beside))}?`;
  const all = [...below(root)];
  const near = nearest(path, all) ?? all.find((other) => posix.basename(other) === name && other !== path);
  return near === undefined ? undefined : `did you mean ${quote(near)}?`;
}

/** Files of the project, nearest to the root first. */
function* below(root: string): Generator<string> {
  let seen = 0;
  const open = [""];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const { name, folder } of entries(root, at)) {
      if (++seen > MOST) return;
      const path = posix.join(at, name);
      if (!folder) yield path;
      else if (!name.startsWith(".") && !(at === "" && PASSED_OVER.has(name)) && name !== "node_modules") open.push(path);
    }
  }
}

function entries(root: string, folder: string): { name: string; folder: boolean }[] {
  try {
    return readdirSync(resolve(root, folder), { withFileTypes: true })
      .map((entry) => ({ name: entry.name, folder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // not there: nothing lies beside
  }
}

function kindOf(absolute: string): "file" | "directory" | undefined {
  try {
    const stat = statSync(absolute, { throwIfNoEntry: false });
    return stat === undefined ? undefined : stat.isDirectory() ? "directory" : "file";
  } catch {
    return undefined; // a parent that is a file, a circle of links
  }
}
