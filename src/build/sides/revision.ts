import { parsePipeline } from "../../pipeline/index.ts";
import type { Pipeline } from "../../pipeline/index.ts";
import { isInside, parseLock } from "../../store/index.ts";
import { git } from "../git.ts";
import { bytesOf } from "./bytes.ts";
import { LARGEST_TEXT } from "./kept.ts";
import type { Kept } from "./kept.ts";
import type { Opened } from "./types.ts";

/** Some hundred thousand cells. */
const LARGEST_LOCK = 1 << 29;

export interface RevisionRequest {
  root: string;
  /** Project-relative. */
  lock: string;
  pipeline: string;
  presets: readonly string[];
  overrides: readonly string[];
}

/** The commit a revision expression names; undefined where it names none, why where git cannot say. */
export async function commitOf(root: string, name: string): Promise<string | undefined | { why: string; reason: "absent" | "no-repository" }> {
  // No name of git's begins with a dash, and none may reach it as an option.
  if (name === "" || name.startsWith("-") || name.includes("\0")) return undefined;
  const found = await git(root, ["rev-parse", "--verify", "--quiet", name]);
  if (!found.ok) return found.reason === "unknown" ? undefined : { why: found.why, reason: found.reason };
  const object = found.out.toString("latin1").trim();
  if (!/^[0-9a-f]{40,64}$/.test(object)) return undefined;
  // Peeled by hash: in a search (:/words) the suffix would be one more word.
  const commit = await git(root, ["rev-parse", "--verify", "--quiet", `${object}^{commit}`]);
  return commit.ok ? commit.out.toString("latin1").trim() : undefined;
}

/** The build a commit records. The project may be a part of the repository. */
export async function revisionSide(name: string, revision: string, { root, lock, pipeline, presets, overrides }: RevisionRequest, kept: Kept): Promise<Opened> {
  const read = async (path: string, most: number): Promise<Buffer | undefined> => {
    if (!isInside(path)) return undefined;
    const object = `${revision}:./${path}`;
    const size = await git(root, ["cat-file", "-s", object]);
    if (!size.ok || Number(size.out.toString("latin1")) > most) return undefined;
    // Not `show`, which may run a filter for a file's text.
    const blob = await git(root, ["cat-file", "blob", object]);
    return blob.ok ? blob.out : undefined;
  };
  const source = (path: string): Promise<Buffer | undefined> => read(path, LARGEST_TEXT);
  const text = await read(lock, LARGEST_LOCK);
  if (text === undefined) return { ok: false, message: `${JSON.stringify(name)} (${revision.slice(0, 12)}) has no ${lock}`, hint: `name a revision with a build: git log --oneline -- ${lock}` };
  const parsedLock = parseLock(text.toString("utf8"), `${lock} at ${revision.slice(0, 12)}`);
  let parsed: Promise<Pipeline | undefined> | undefined;
  const load = async (): Promise<Pipeline | undefined> => {
    const content = await source(pipeline);
    const result = content && (await parsePipeline(content, { root, file: pipeline, presets, overrides }));
    return result?.ok === true ? result.pipeline : undefined;
  };
  const [whole] = parsedLock.problems.filter(({ entry }) => entry === undefined);
  if (whole !== undefined) return { ok: false, message: whole.message, hint: "name another revision", damaged: true };
  return { ok: true, side: { ...bytesOf(kept), kind: "revision", name, revision, cells: parsedLock.lock.cells, problems: parsedLock.problems, source, hasCode: () => Promise.resolve(true), pipeline: () => (parsed ??= load()) } };
}
