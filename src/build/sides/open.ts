import { closeSync, mkdtempSync, openSync, readdirSync, readSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { loadPipeline, slugOf, unknownHint } from "../../pipeline/index.ts";
import type { Pipeline } from "../../pipeline/index.ts";
import { CodeError, projectPath } from "../../plan/index.ts";
import { readLock, StatCache } from "../../store/index.ts";
import type { LockFile, ReadLock } from "../../store/index.ts";
import { git } from "../git.ts";
import { lockFiles } from "../keep.ts";
import { placesOf } from "../project.ts";
import type { Project, State } from "../project.ts";
import { bundleSide } from "./bundled.ts";
import { bytesOf, fileIn } from "./bytes.ts";
import { Kept } from "./kept.ts";
import { commitOf, revisionSide } from "./revision.ts";
import type { Opened, Side } from "./types.ts";

const NAMEABLE = "name a dag.lock, what dag bundle made, or a git revision";

/** The working state's name. */
export const NOW = "now";

/** Opens builds by name, for one project; what was unpacked for them is removed at the end. */
export class Sides {
  private readonly temporary: string[] = [];
  private readonly current: ReadLock;
  private state: State | undefined;
  private readonly kept: Kept;

  constructor(private readonly project: Project) {
    const { root, places, options } = project;
    this.current = readLock(places.lock);
    this.kept = new Kept(places, this.current.lock, StatCache.load(join(places.state, "stat.json"), { root, onProblem: options.onProblem, readOnly: true }));
  }

  /**
   * `now`; else a lock file or bundle of that name, relative to the project; else a git revision. So a file goes before a revision of the same name, which
   * can be written in full (`refs/heads/x`), and a file called `now` as `./now`.
   */
  async open(name: string): Promise<Opened> {
    if (name === NOW) return this.now();
    const { root, places, options, pipeline } = this.project;
    const path = resolve(root, name);
    const kind = kindOf(path);
    if (kind === "bundle") return bundleSide(name, path, this.place(), this.kept);
    if (kind === "lock") return this.lockFile(name, path);
    const commit = await commitOf(root, name);
    if (typeof commit === "string") return revisionSide(name, commit, { root, lock: projectPath(root, places.lock), pipeline: pipeline.file, presets: options.presets ?? [], overrides: options.overrides ?? [] }, this.kept);
    return { ok: false, ...(await this.unknown(name, kind, commit)) };
  }

  /** A build whose lock is at hand: before and after a run, for example. */
  of(lock: LockFile, name = NOW): Side {
    return { ...this.working(), name, cells: lock.cells };
  }

  /** Removes what was unpacked, at once, so that a signal's handler may ask for it too: sources of bundles can no longer be read. */
  close(): Promise<void> {
    for (const directory of this.temporary.splice(0)) rmSync(directory, { recursive: true, force: true });
    return Promise.resolve();
  }

  private now(): Opened {
    const { lock, problems, exists } = this.current;
    if (!exists) return { ok: false, message: `there is no ${projectPath(this.project.root, this.project.places.lock)} yet, so nothing to compare`, hint: "dag run" };
    const [whole] = problems.filter(({ entry }) => entry === undefined);
    return whole === undefined ? { ok: true, side: { ...this.working(), cells: lock.cells, problems } } : { ok: false, message: whole.message, hint: whole.advice, damaged: true };
  }

  private working(): Side {
    const { root, pipeline } = this.project;
    return {
      ...bytesOf(this.kept),
      kind: "now",
      name: NOW,
      cells: this.current.lock.cells,
      problems: [],
      pipeline: () => Promise.resolve(pipeline),
      source: (path) => fileIn(root, path),
      hasCode: async (stage, hash) => {
        const known = pipeline.stages.get(stage);
        this.state ??= this.project.load();
        const inputs = known && (await this.state.planner.stageInputs(known));
        return inputs !== undefined && !(inputs instanceof CodeError) && inputs.contents["code"]?.hash === hash;
      },
    };
  }

  /** A lock beside the project it is of: what that project keeps is looked at too. */
  private lockFile(name: string, path: string): Opened {
    const { lock, problems } = readLock(path);
    const [whole] = problems.filter(({ entry }) => entry === undefined);
    // Of a file of another kind, nothing is damaged.
    if (whole !== undefined && !path.endsWith(".lock")) return { ok: false, message: `${name} is no lock file`, hint: NAMEABLE };
    if (whole !== undefined) return { ok: false, message: whole.message.replace(path, name).replace("; nothing in it is used", ""), hint: "bring it back, or name another build", damaged: true };
    const { root, file } = projectOf(path);
    const own = root === this.project.root;
    const places = placesOf(root, slugOf(file));
    const kept = own && places.artifacts === this.project.places.artifacts ? this.kept : new Kept(places, lock, this.unknownStats(root), this.kept);
    let parsed: Promise<Pipeline | undefined> | undefined;
    const load = async (): Promise<Pipeline | undefined> => {
      const { presets, overrides } = this.project.options;
      const result = await loadPipeline({ root, file, presets, overrides });
      return result.ok ? result.pipeline : undefined;
    };
    return { ok: true, side: { ...bytesOf(kept), kind: "lock", name, cells: lock.cells, problems: problems.map((problem) => ({ ...problem, message: problem.message.replace(path, name) })), pipeline: () => (parsed ??= load()), source: (source) => fileIn(root, source), hasCode: () => Promise.resolve(false) } };
  }

  /** Nothing that another project remembers of its files is believed. */
  private unknownStats(root: string): StatCache {
    return StatCache.load(join(this.project.places.state, "none.json"), { root, readOnly: true });
  }

  private async unknown(name: string, kind: ReturnType<typeof kindOf>, commit: Awaited<ReturnType<typeof commitOf>>): Promise<{ message: string; hint?: string }> {
    const { root } = this.project;
    const range = /^(.+?)\.\.\.?(.+)$/.exec(name);
    if (range !== null && kind === "none") return { message: `${JSON.stringify(name)} is a range of revisions`, hint: `name two builds: dag diff ${range[1] ?? ""} ${range[2] ?? ""}` };
    if (kind !== "none") return { message: `${name} is ${kind === "directory" ? "a directory" : kind === "special" ? "no regular file" : "neither a lock file nor a bundle"}`, hint: NAMEABLE };
    if (typeof commit === "object") return { message: name === "HEAD" ? `there is no revision to compare with: ${commit.why}` : `there is no file ${JSON.stringify(name)}, and no revision: ${commit.why}`, hint: "name two lock files or bundles: dag diff old.lock now" };
    const refs = await git(root, ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"]);
    const bundles = readdirSync(root).filter((file) => file.endsWith(".tgz")).sort();
    const names = refs.ok ? refs.out.toString("utf8").split("\n").filter((ref) => ref !== "") : [];
    if (name === "HEAD") return { message: "the git repository has no commit yet", hint: "commit dag.lock, or name two lock files or bundles" };
    return { message: `${JSON.stringify(name)} is no lock file, bundle or git revision`, hint: unknownHint(name, "builds", [NOW, "HEAD", ...lockFiles(root), ...bundles, ...names]) };
  }

  private place(): string {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "dag-diff-")));
    this.temporary.push(directory);
    return directory;
  }
}

/** The project a lock lies in, and the pipeline file it is of. */
function projectOf(lock: string): { root: string; file: string } {
  const [, root, name] = /^(.*)[/\\]pipelines[/\\](.+)\.lock$/.exec(lock) ?? [];
  return root === undefined || name === undefined ? { root: dirname(lock), file: "pipeline.yaml" } : { root, file: `pipelines/${name}.yaml` };
}

/** What lies at a path, by its first byte. */
function kindOf(path: string): "bundle" | "lock" | "file" | "directory" | "special" | "none" {
  let stats;
  try {
    stats = statSync(path);
  } catch {
    return "none"; // not there, or a name no file can have
  }
  if (!stats.isFile()) return stats.isDirectory() ? "directory" : "special";
  const head = Buffer.alloc(64);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return "bundle";
  // A lock with conflict markers is still meant as one.
  return path.endsWith(".lock") || head.toString("latin1").trimStart().startsWith("{") ? "lock" : "file";
}
