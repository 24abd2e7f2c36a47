import { createWriteStream } from "node:fs";
import { mkdtemp, realpath, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Answers } from "../../model/index.ts";
import type { CallKey } from "../../model/index.ts";
import type { CellId } from "../../pipeline/index.ts";
import { projectPath } from "../../plan/index.ts";
import { canonicalJson, compareBytes, emptyLock, formatLock, hashFile, hashOfBuild, removeTree, writeArchive } from "../../store/index.ts";
import type { ArchiveFile, LockFile, Sha256 } from "../../store/index.ts";
import type { Project } from "../project.ts";
import { compareLocks, rebuild } from "../rebuild.ts";
import type { Drive, Rebuilt } from "../rebuild.ts";
import { copySources, isExecutable, sourcesOf } from "../sources.ts";
import type { Sources } from "../sources.ts";
import type { Verdict } from "../verify.ts";
import { ANSWERS, BUNDLE_VERSION, MANIFEST, PROJECT } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

declare const __VERSION__: string;

export type Packed =
  | { kind: "done"; build: Sha256; content: Sha256; bytes: number; files: number; answers: number; cells: number }
  /** These are not what the sources make now. */
  | { kind: "stale"; cells: string[] }
  /** Declared files that lie outside of the project. */
  | { kind: "outside"; paths: string[] }
  /** A clean rebuild made other bytes. */
  | { kind: "differs"; verdicts: Verdict[] }
  | { kind: "failed"; failure: Extract<Rebuilt, { ok: false }> };

export interface PackRequest {
  asked: readonly CellId[];
  /** The cells asked for and all they need, topological. */
  cells: readonly CellId[];
  /** Absolute path of the archive. */
  path: string;
  drive: Drive;
}

/**
 * Packs everything a reviewer needs to build cells again: sources, the lock's part, and the answers that a clean rebuild asked for. That rebuild is
 * made first, so that what is packed is known to replay.
 */
export async function packBundle(project: Project, { asked, cells, path, drive }: PackRequest): Promise<Packed> {
  const state = project.load();
  const { cells: plans } = await state.planner.plan(cells);
  const stale = cells.filter((id) => plans.get(id)?.action !== "fresh");
  if (stale.length > 0) return { kind: "stale", cells: stale };
  const sources = await sourcesOf(project, cells);
  if (sources.outside.length > 0) return { kind: "outside", paths: sources.outside };
  const lock = emptyLock();
  for (const id of cells) lock.cells[id] = state.lock.cells[id] as LockFile["cells"][string];

  const work = await mkdtemp(join(await realpath(tmpdir()), "dag-bundle-"));
  try {
    const root = await copySources(project, sources, join(work, "clean"));
    const answers = { root: project.root, store: project.options.env["DAG_CACHE"] };
    const keys = new Set<CallKey>();
    const rebuilt = await rebuild({ ...drive, options: { ...project.options, root }, cells: new Set(cells), answers, onAnswer: (key) => void keys.add(key), command: "bundle" });
    if (!rebuilt.ok) return { kind: "failed", failure: rebuilt };
    const verdicts = compareLocks(lock, rebuilt.lock, cells).filter(({ recorded, found }) => recorded !== found);
    if (verdicts.length > 0) return { kind: "differs", verdicts };
    if (keys.size > 0) await writeAnswers(answers, keys, join(work, ANSWERS));
    await writeFile(join(work, "lock"), formatLock(lock));

    const files = filesOf(project, sources, root, work, keys.size > 0);
    const manifest = await manifestOf(project, asked, lock, sources, files);
    await writeFile(join(work, MANIFEST), `${canonicalJson(manifest)}\n`);
    const { content } = await writeArchive(path, [{ name: MANIFEST, path: join(work, MANIFEST) }, ...files]);
    return { kind: "done", build: manifest.build, content, bytes: (await stat(path)).size, files: files.length, answers: keys.size, cells: cells.length };
  } finally {
    await removeTree(work);
  }
}

function filesOf(project: Project, sources: Sources, root: string, work: string, answers: boolean): ArchiveFile[] {
  const files: ArchiveFile[] = sources.files.map((file) => ({ name: PROJECT + file, path: join(root, file), executable: isExecutable(join(root, file)) }));
  files.push({ name: PROJECT + lockOf(project), path: join(work, "lock") });
  if (answers) files.push({ name: ANSWERS, path: join(work, ANSWERS) });
  return files.sort((a, b) => compareBytes(a.name, b.name));
}

async function manifestOf(project: Project, asked: readonly CellId[], lock: LockFile, sources: Sources, files: readonly ArchiveFile[]): Promise<Manifest> {
  const listed: Manifest["files"] = {};
  for (const { name, path, executable } of files) {
    const { hash, bytes } = await hashFile(path);
    listed[name] = { sha256: hash, bytes, ...(executable === true ? { executable } : {}) };
  }
  return {
    bundle: BUNDLE_VERSION,
    daguerre: __VERSION__,
    name: project.pipeline.name,
    pipeline: project.pipeline.file,
    lock: lockOf(project),
    presets: [...(project.options.presets ?? [])],
    params: [...(project.options.overrides ?? [])],
    targets: [...asked],
    build: hashOfBuild(Object.entries(lock.cells).map(([cell, { artifact }]) => ({ cell, hash: artifact }))),
    directories: sources.directories,
    files: listed,
  };
}

const lockOf = (project: Project): string => projectPath(project.root, project.places.lock);

async function writeAnswers(from: { root: string; store: string | undefined }, keys: ReadonlySet<CallKey>, path: string): Promise<void> {
  const answers = await Answers.open({ root: from.root, ...(from.store === undefined ? {} : { store: from.store }) });
  try {
    await pipeline(answers.export({ keep: (key) => keys.has(key), times: false }), createWriteStream(path, { flags: "wx" }));
  } finally {
    await answers.close();
  }
}
