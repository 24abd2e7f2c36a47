import { parseLock, StoreError } from "../store/index.ts";
import type { LockFile, StoreProblem } from "../store/index.ts";
import { git } from "./git.ts";

export interface RevisionLock {
  /** `dag.lock at 1a2b3c4d5e6f`. */
  name: string;
  lock: LockFile;
  problems: StoreProblem[];
}

/** Paths of locks, from the project's root down. */
const LOCKS = [":(glob)dag.lock", ":(glob)pipelines/**/*.lock"];

/**
 * The locks as they were in the last so many git revisions that touched one, newest first. The project may be a part of the repository.
 * Throws a StoreError where git or the repository is missing.
 */
export async function locksOfRevisions(root: string, revisions: number): Promise<RevisionLock[]> {
  const found: RevisionLock[] = [];
  for (const revision of lines(await asked(root, ["log", `--max-count=${revisions}`, "--format=%H", "--", ...LOCKS]), "\n")) {
    for (const path of lines(await asked(root, ["ls-tree", "-r", "-z", "--name-only", revision, "--", "dag.lock", "pipelines/"]), "\0")) {
      if (!path.endsWith(".lock")) continue;
      const name = `${path} at ${revision.slice(0, 12)}`;
      found.push({ name, ...parseLock(await asked(root, ["show", `${revision}:./${path}`]), name) });
    }
  }
  return found;
}

async function asked(root: string, args: string[]): Promise<string> {
  const answer = await git(root, args);
  if (answer.ok) return answer.out.toString("utf8");
  throw new StoreError("io", root, `cannot read the revisions of ${root}: ${answer.why}`, { advice: "leave out --revisions, or run in a git repository" });
}

const lines = (text: string, separator: string): string[] => text.split(separator).filter((line) => line !== "");
