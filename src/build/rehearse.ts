import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRehearsal } from "../model/index.ts";
import type { Forecast, RehearsalGateway } from "../model/index.ts";
import type { Cell } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import { removeTree } from "../store/index.ts";
import { build } from "./build.ts";
import type { BuildEvent } from "./events.ts";
import { Project } from "./project.ts";
import type { ProjectOptions } from "./project.ts";

export interface RehearsalRequest {
  options: ProjectOptions;
  cells: readonly Cell[];
  plans: ReadonlyMap<string, CellPlan>;
  jobs: number;
  worker: URL;
  signal: AbortSignal;
  emit: (event: BuildEvent) => void;
}

export interface Rehearsed {
  forecast: Forecast[];
  /** Cells that could not be rehearsed to the end, with what stopped them: their calls are not all counted. */
  failed: { cell: string; message: string }[];
}

/**
 * Runs what a plan would run in a scratch directory, with answers that are stored where they are and made up by the simulator where they are not:
 * nothing leaves, nothing of the project is written, and the calls are counted.
 */
export async function rehearse(request: RehearsalRequest): Promise<Rehearsed> {
  const { options, cells, plans } = request;
  const scratch = await mkdtemp(join(tmpdir(), "dag-plan-"));
  let gateway: RehearsalGateway | undefined;
  try {
    const opened = await Project.open({ ...options, scratch, readOnly: false });
    const own = await Project.open({ ...options, readOnly: true });
    if (!opened.ok || !own.ok) throw new Error("the pipeline changed while it was planned");
    const { project } = opened;
    if (existsSync(join(options.root, "node_modules"))) await symlink(join(options.root, "node_modules"), join(scratch, "node_modules"));
    if (existsSync(own.project.places.lock)) await copyFile(own.project.places.lock, project.places.lock);
    const { objects } = own.project.load();
    for (const { id, path } of cells) {
      const plan = plans.get(id);
      const from = plan?.action === "fresh" ? join(own.project.places.artifacts, path) : plan?.action === "restore" ? objects.pathOf(plan.result.artifact) : undefined;
      if (from === undefined || (plan?.action === "restore" && plan.cell.stage.output.kind === "directory")) continue;
      await mkdir(dirname(join(project.places.artifacts, path)), { recursive: true });
      await symlink(from, join(project.places.artifacts, path));
    }
    const failed: Rehearsed["failed"] = [];
    await build(project, {
      cells,
      asked: new Set(),
      jobs: request.jobs,
      keepGoing: true,
      frozen: false,
      rehearsal: true,
      command: "plan",
      worker: request.worker,
      signal: request.signal,
      emit: (event) => {
        if (event.type === "cell" && event.outcome === "failed") failed.push({ cell: event.cell, message: event.message ?? "" });
        request.emit(event);
      },
      gateway: async () =>
        (gateway ??= await createRehearsal(
          { root: options.root, models: project.pipeline.models, signal: request.signal, env: options.env, ...(options.env["DAG_CACHE"] === undefined ? {} : { store: options.env["DAG_CACHE"] }) },
          scratch,
          options.env["DAG_CACHE"] !== undefined || existsSync(join(options.root, "cache/calls")),
        )),
    });
    return { forecast: gateway?.forecast() ?? [], failed };
  } finally {
    await removeTree(scratch);
  }
}
