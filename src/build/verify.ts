import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { CellId } from "../pipeline/index.ts";
import { hashDirectory, hashFile, StoreError } from "../store/index.ts";
import type { LockCell, LockFile, Sha256 } from "../store/index.ts";
import type { Project } from "./project.ts";

/** One artifact beside what the lock records of it. */
export interface Verdict {
  cell: string;
  /** Relative to the artifacts directory. */
  path: string;
  recorded: Sha256;
  /** Hash of the bytes that lie there; undefined where nothing usable does. */
  found?: Sha256;
  /** Labels of inputs that were not those recorded; only where it was built again. */
  inputs?: string[];
}

/** Reads every byte of the artifacts the lock records under these ids, trusting no memory of earlier reads. */
export async function* verifyArtifacts(project: Project, lock: LockFile, ids: Iterable<string>): AsyncGenerator<Verdict> {
  for (const cell of ids) {
    const { artifact: recorded, path } = lock.cells[cell] as LockCell;
    const kind = project.graph.cells.get(cell as CellId)?.stage.output.kind;
    const found = await hashOf(join(project.places.artifacts, path), kind === undefined ? undefined : kind === "directory");
    yield { cell, path, recorded, ...(found === undefined ? {} : { found }) };
  }
}

async function hashOf(path: string, directory: boolean | undefined): Promise<Sha256 | undefined> {
  try {
    const is = lstatSync(path).isDirectory();
    if (directory !== undefined && is !== directory) return undefined;
    return (is ? await hashDirectory(path) : await hashFile(path)).hash;
  } catch (error) {
    if (error instanceof StoreError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}
