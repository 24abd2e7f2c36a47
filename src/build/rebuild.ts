import { createGateway } from "../model/index.ts";
import type { CallKey } from "../model/index.ts";
import type { CellId, Diagnostic } from "../pipeline/index.ts";
import type { LockFile } from "../store/index.ts";
import { build } from "./build.ts";
import type { BuildEvent } from "./events.ts";
import { Project } from "./project.ts";
import type { ProjectOptions } from "./project.ts";
import type { Verdict } from "./verify.ts";

/** Who drives a build, and who hears of it. */
export interface Drive {
  jobs: number;
  worker: URL;
  signal: AbortSignal;
  emit: (event: BuildEvent) => void;
}

export interface RebuildRequest extends Drive {
  /** Of a clean place: sources, but no artifacts, lock or cache. */
  options: ProjectOptions;
  /** The cells asked for; what they need is built too. */
  cells: ReadonlySet<CellId>;
  /** Where the answers are: the root they belong to, and DAG_CACHE. */
  answers: { root: string; store: string | undefined };
  /** Hears of every answer that was used. */
  onAnswer?: (key: CallKey) => void;
  /** For those who wait for this build. */
  command: string;
}

/** `refused`: an answer was not there. `lock` has what did come out of a build some cells of which failed. */
export type Rebuilt = { ok: true; lock: LockFile } | { ok: false; message: string; refused?: true; interrupted?: true };

/** Builds cells from nothing, with stored answers only. */
export async function rebuild(request: RebuildRequest): Promise<Rebuilt> {
  const { options, answers, onAnswer, ...rest } = request;
  const opened = await Project.open({ ...options, readOnly: false });
  if (!opened.ok) return { ok: false, message: listed(opened.diagnostics) };
  const { project } = opened;
  const end = await build(project, {
    ...rest,
    cells: [...project.graph.cells.values()].filter(({ id }) => request.cells.has(id)),
    asked: request.cells,
    keepGoing: true,
    frozen: true,
    gateway: () =>
      createGateway({
        root: answers.root,
        models: project.pipeline.models,
        frozen: true,
        signal: request.signal,
        env: options.env,
        onStatus: (line) => request.emit({ type: "status", line }),
        onWarning: (message) => request.emit({ type: "warning", message }),
        ...(answers.store === undefined ? {} : { store: answers.store }),
        ...(onAnswer === undefined ? {} : { onAnswer }),
      }),
  });
  switch (end.kind) {
    case "done":
    case "failed":
      return { ok: true, lock: project.load().lock };
    case "refused":
      return { ok: false, refused: true, message: end.message ?? "a model call was refused" };
    case "interrupted":
      return { ok: false, interrupted: true, message: "interrupted" };
    case "missing":
      return { ok: false, message: listed(end.mistakes) };
    default:
      return end satisfies never;
  }
}

const listed = (mistakes: readonly Diagnostic[]): string => mistakes.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n");

/** What was recorded beside what came out, sorted by cell; with the inputs that were others where the bytes differ. */
export function compareLocks(recorded: LockFile, rebuilt: LockFile, ids: Iterable<string>): Verdict[] {
  return Array.from(ids, (cell) => {
    const before = recorded.cells[cell];
    const now = rebuilt.cells[cell];
    if (before === undefined) throw new Error(`${cell} is not recorded`);
    const labels = now === undefined || now.artifact === before.artifact ? [] : [...new Set([...Object.keys(before.inputs), ...Object.keys(now.inputs)])].filter((label) => before.inputs[label] !== now.inputs[label]).sort();
    return { cell, path: before.path, recorded: before.artifact, ...(now === undefined ? {} : { found: now.artifact }), ...(labels.length === 0 ? {} : { inputs: labels }) };
  });
}
