import { readFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { paramAt } from "../pipeline/index.ts";
import type { Cell } from "../pipeline/index.ts";
import { CodeError, itemBaseOf } from "../plan/index.ts";
import type { Inputs, StageInputs } from "../plan/index.ts";
import type { Json } from "../stage/index.ts";
import type { Sha256 } from "../store/index.ts";
import { CellFailure } from "./failure.ts";
import type { CellJob, NeedSource, SchemaJob } from "./job.ts";
import type { Project, State } from "./project.ts";

/** Items of a module stage under way at once, unless `-j 1` asks for one thing at a time: enough to keep a model's limits busy, and a bound on memory. */
const MODULE_ITEMS = 128;
const BATCH_ITEMS = 20_000;

export interface Prepared {
  job: CellJob;
  stage: StageInputs;
}

/** Everything a cell's runner needs, from the plan's inputs. `temp` is where the output goes. */
export async function prepareJob(project: Project, state: State, cell: Cell, inputs: Inputs, temp: string, jobs: number, afresh: boolean): Promise<Prepared> {
  const { stage } = cell;
  const read = await state.planner.stageInputs(stage);
  if (read instanceof CodeError) throw new CellFailure(read.message);
  const hashOf = (label: string): Sha256 => inputs[label] ?? "sha256:";
  if (stage.output.kind === "directory") await mkdir(temp, { recursive: true });
  const job: CellJob = {
    cell: cell.id,
    stage: stage.name,
    root: project.root,
    axis: cell.axis,
    params: Object.fromEntries(stage.params.map((path) => [path, paramAt(project.pipeline.params, path) ?? null])),
    needs: Object.fromEntries(cell.needs.map((need) => [need.stage, needSource(project, state, need, hashOf(`needs.${need.stage}`))])),
    files: Object.fromEntries(Object.entries(read.files).map(([name, files]) => [name, { ...files, hash: hashOf(`files.${name}`) }])),
    prompts: Object.fromEntries(await Promise.all(Object.entries(stage.prompts).map(async ([name, path]) => [name, { path, text: await readFile(resolve(project.root, path), "utf8") }] as const))),
    models: Object.fromEntries(cell.models.map((role) => [role, { provider: project.pipeline.models[role]?.provider ?? "", model: project.pipeline.models[role]?.model ?? "" }])),
    output: { kind: stage.output.kind, path: temp, place: cell.path },
    schemas: await schemasOf(project, cell),
    ...(stage.timeoutMs === undefined ? {} : { timeoutMs: stage.timeoutMs }),
  };
  if (stage.each !== undefined) {
    const base = itemBaseOf(inputs, stage.each, stage.action.kind === "module");
    job.each = { need: stage.each, list: hashOf(`needs.${stage.each}`), journal: join(project.places.cache, "items", base.slice(7, 9), `${base.slice(9)}.jsonl`), concurrency: itemWindow(project, cell, jobs), afresh, guards: [], ...(project.options.sample === undefined ? {} : { limit: project.options.sample }) };
    const expected = (cell.needs.find((need) => need.stage === stage.each)?.cells ?? []).reduce((sum, id) => sum + (state.lock.cells[id]?.records ?? 0), 0);
    if (expected > 0) job.each.expected = Math.min(expected, project.options.sample ?? expected);
  }
  return { job, stage: read };
}

/** A batch is made of calls that wait at once. */
function itemWindow({ pipeline }: Project, { stage, models }: Cell, jobs: number): number {
  if (stage.action.kind !== "module" || jobs === 1) return jobs;
  return models.some((role) => pipeline.models[role]?.mode === "batch") ? BATCH_ITEMS : MODULE_ITEMS;
}

function needSource(project: Project, state: State, need: Cell["needs"][number], hash: Sha256): NeedSource {
  const cells = need.cells.map((id) => {
    const upstream = project.graph.cells.get(id);
    const artifact = state.planner.artifact(id);
    if (upstream === undefined || artifact === undefined) throw new Error(`${id} has no artifact`);
    return { cell: id, axis: Object.fromEntries(need.gathered.map((axis) => [axis, upstream.axis[axis] ?? ""])), path: join(project.places.artifacts, upstream.path), place: ["artifacts", project.pipeline.slug, upstream.path].filter((part) => part !== "").join("/"), hash: artifact };
  });
  const kind = project.pipeline.stages.get(need.stage)?.output.kind ?? "file";
  return { stage: need.stage, kind, gathered: need.gathered.length > 0, cells, hash };
}

async function schemasOf(project: Project, { stage }: Cell): Promise<SchemaJob[]> {
  const declared = typeof stage.schema === "string" ? { "": stage.schema } : (stage.schema ?? {});
  return Promise.all(
    Object.entries(declared).map(async ([file, path]) => {
      try {
        return { file, path, schema: JSON.parse(await readFile(resolve(project.root, path), "utf8")) as Json };
      } catch (error) {
        throw new CellFailure(`${path}: not JSON: ${(error as Error).message}`);
      }
    }),
  );
}
