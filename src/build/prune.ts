import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CellId } from "../pipeline/index.ts";
import { signatureSync } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { Project, State } from "./project.ts";

/** A cell of the lock that the pipeline no longer has. */
export interface Leaver {
  id: string;
  /** Relative to the artifacts directory. */
  path: string;
  /** Its artifact goes with it: it lies there as it was built, and in nobody else's place. */
  removes: boolean;
}

/** Cells that leave the lock at the end of a run, in order of ids. */
export async function leavers({ graph, places }: Project, { lock, stats }: Pick<State, "lock" | "stats">): Promise<Leaver[]> {
  const used = new Set(Array.from(graph.cells.values(), ({ path }) => path));
  const above = new Set([...used].flatMap(directoriesOf));
  const found: Leaver[] = [];
  for (const id of Object.keys(lock.cells).sort()) {
    const cell = lock.cells[id];
    if (cell === undefined || graph.cells.has(id as CellId)) continue;
    const { path, artifact } = cell;
    const taken = used.has(path) || above.has(path) || directoriesOf(path).some((directory) => used.has(directory));
    found.push({ id, path, removes: !taken && (await hashAt(stats, join(places.artifacts, path))) === artifact });
  }
  return found;
}

/** Removes an artifact, and the directories it leaves empty. */
export async function removeArtifact(artifacts: string, path: string): Promise<void> {
  await rm(join(artifacts, path), { recursive: true, force: true });
  for (let parent = dirname(join(artifacts, path)); parent !== artifacts && parent.startsWith(artifacts); parent = dirname(parent)) {
    if (!(await rmdir(parent).then(() => true, () => false))) break;
  }
}

async function hashAt(stats: State["stats"], path: string): Promise<Sha256 | undefined> {
  try {
    return signatureSync(path) === undefined ? undefined : stats.hashSync(path);
  } catch {
    return stats.hashDirectory(path).then(({ hash }) => hash, () => undefined);
  }
}

/** The directories a path lies in: `a` and `a/b` of `a/b/c`. */
function directoriesOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}
