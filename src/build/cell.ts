import { join } from "node:path";
import type { Cell } from "../pipeline/index.ts";
import type { BuildResult, Content, Inputs } from "../plan/index.ts";
import { cellContents, CodeError, explainReason, needHash, projectPath, readStageInputs, textOf } from "../plan/index.ts";
import { removeTree, tempPath } from "../store/index.ts";
import { twoSnapshots } from "../model/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { CallDesk } from "./calls.ts";
import { runCommand } from "./command.ts";
import { checkWritten, place, store } from "./commit.ts";
import type { BuildEvent } from "./events.ts";
import { CellFailure, InputsChanged } from "./failure.ts";
import { broken, guardsOf } from "./guard.ts";
import type { CellOutcome, ItemCounts, ItemFailure } from "./job.ts";
import type { WorkerPool } from "./pool.ts";
import { prepareJob } from "./prepare.ts";
import type { Prepared } from "./prepare.ts";
import type { Processes } from "./process.ts";
import type { Project, State } from "./project.ts";
import { compileSchemas } from "./validate.ts";
import { mkdir } from "node:fs/promises";

/** What runs cells: the parts a build shares among them. */
export interface Workshop {
  project: Project;
  state: State;
  pool: WorkerPool;
  desk: CallDesk;
  processes: Processes;
  jobs: number;
  rehearsal: boolean;
  signal: AbortSignal;
  emit: (event: BuildEvent) => void;
}

export interface BuiltCell {
  result: BuildResult;
  items?: ItemCounts;
  /** Inputs that changed while the stage ran, in words: the result stands, but is not recorded. */
  changed: string[];
}

/** Runs one cell and puts its artifact in place. Throws CellFailure or Interrupted; the artifact that was there stays. */
export async function buildCell(shop: Workshop, cell: Cell, inputs: Inputs, afresh: boolean): Promise<BuiltCell> {
  const { project, state } = shop;
  const workspace = tempPath(project.places.temp);
  await mkdir(workspace, { recursive: true });
  try {
    const temp = join(workspace, cell.stage.output.kind === "directory" ? "out" : `out.${cell.stage.output.path.split(".").at(-1) ?? ""}`);
    const { job, stage } = await prepareJob(project, state, cell, inputs, temp, shop.jobs, afresh);
    // First the signatures, then the check: what is read between here and the end is what was hashed, or the signatures differ.
    const guards = guardsOf(job);
    if (job.each !== undefined) job.each.guards = guards;
    const early = await changedInputs(shop, cell, inputs);
    if (early.length > 0) throw new InputsChanged(early);
    const outcome = await runStage(shop, cell, { job, stage }, workspace);
    const changed = await changedInputs(shop, cell, { ...inputs, ...outcome.reads });
    if (changed.length === 0) changed.push(...broken(guards).map((path) => projectPath(project.root, path)));
    const declared = Object.fromEntries(Object.entries(inputs).filter(([label]) => !label.startsWith("reads.")));
    const result = await store(state.objects, state.results, { cell, declared, outcome, temp, record: changed.length === 0 });
    await keepInputs(shop, cell, declared);
    if (!(await place(state.objects, cell, result.artifact, project.places.artifacts))) throw new CellFailure("the artifact could not be read back from the cache");
    return { result, changed, ...(outcome.items === undefined ? {} : { items: outcome.items }) };
  } finally {
    await removeTree(workspace);
  }
}

async function runStage(shop: Workshop, cell: Cell, { job, stage }: Prepared, workspace: string): Promise<CellOutcome> {
  const { project, emit } = shop;
  const temp = job.output.path;
  const onItems = (counts: ItemCounts): void => emit({ type: "items", cell: cell.id, counts });
  const onLog = (message: string, item?: string): void => emit({ type: "log", cell: cell.id, message, ...(item === undefined ? {} : { item }) });
  const { action } = cell.stage;
  let outcome: CellOutcome;
  if (action.kind === "module") {
    if (stage.code === undefined) throw new CellFailure(`${action.path}: no code`);
    outcome = await shop.pool.run({
      job: { ...job, bundle: stage.code.bundle, source: action.path },
      signal: shop.signal,
      onCall: async (call) => {
        const reply = await shop.desk.answer(call, { cell: cell.id, stage: cell.stage.name, signal: shop.signal, ...(call.item === undefined ? {} : { item: call.item }) });
        const { cost, ...calls } = await shop.desk.calls(cell.id);
        emit({ type: "calls", cell: cell.id, calls, cost });
        return reply;
      },
      onItems,
      onLog,
    });
    if (outcome.records === undefined && outcome.failures.length === 0) {
      const records = await checkWritten(cell, temp, await compileSchemas(job.schemas, { timeoutMs: job.timeoutMs, signal: shop.signal }), shop.signal);
      if (records !== undefined) outcome.records = records;
    }
  } else if (shop.rehearsal) {
    throw new CellFailure("commands are not run to count calls");
  } else {
    const validators = await compileSchemas(job.schemas, { timeoutMs: job.timeoutMs, signal: shop.signal });
    outcome = await runCommand({ job, stage: cell.stage, programs: stage.programs, workspace, env: project.options.env, validators, processes: shop.processes, signal: shop.signal, onLine: onLog, onItems });
    if (job.each === undefined) {
      const records = await checkWritten(cell, temp, validators, shop.signal);
      if (records !== undefined) outcome.records = records;
    }
  }
  // Of one run the gateway has said so; of items remembered from another it knows nothing.
  if ((outcome.items?.kept ?? 0) > 0)
    for (const [role, [one, other]] of Object.entries(outcome.snapshots ?? {})) if (other !== undefined) emit({ type: "warning", message: twoSnapshots(cell.id, role, job.models[role]?.model ?? "", one ?? "", other) });
  const [first] = outcome.failures;
  if (first !== undefined) {
    throw new CellFailure(itemsText(outcome.failures, first), { items: outcome.items, failures: outcome.failures, call: outcome.failures.find((f) => f.call !== undefined)?.call });
  }
  return outcome;
}

/** The first failed item in words, and how many others failed with it. A failed call names its item itself. */
function itemsText(failures: readonly ItemFailure[], first: ItemFailure): string {
  const same = failures.filter(({ message }) => message === first.message).length;
  const others = failures.length - same;
  const who = same > 1 ? `${same} items, ${JSON.stringify(first.item)} first: ` : first.call === undefined ? `item ${JSON.stringify(first.item)}: ` : "";
  const [what = "", ...said] = first.message.split("\n");
  return [`${who}${what}${others > 0 ? ` (and ${others} more)` : ""}`, ...said].join("\n");
}

/** Hashes the inputs again: labels that no longer have the hash the stage was started with. */
async function changedInputs({ project, state }: Workshop, cell: Cell, before: Inputs): Promise<string[]> {
  const now = await readStageInputs(cell.stage, state.planner.options).catch((error: unknown) => {
    if (error instanceof CodeError) return undefined;
    throw error;
  });
  if (now === undefined) return ["code"];
  const contents: Record<string, Content> = { ...now.contents };
  for (const [label, { hash, bytes }] of Object.entries(cellContents(cell, state.planner.options))) contents[label] = { hash, bytes: () => bytes };
  for (const need of cell.needs) {
    const hash = needHash(project.graph, need, (id) => artifactOnDisk(project, state, id));
    if (hash !== undefined) contents[`needs.${need.stage}`] = { hash: hash.hash };
  }
  const then = await state.planner.stageInputs(cell.stage);
  const changed: string[] = [];
  for (const [label, old] of Object.entries(before).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = label.startsWith("reads.");
    const hash = read ? state.snapshot.probe(label.slice("reads.".length)) : contents[label]?.hash;
    if (hash === old || (read && hash === undefined && old === state.snapshot.value(null).hash)) continue;
    const [detail] = await explainReason(
      { kind: "changed", label, old, new: hash ?? state.snapshot.value(null).hash },
      {
        stage: cell.stage,
        before: async (hash) => (then instanceof CodeError ? undefined : textOf(then.contents[label], hash)),
        now: async (_, hash) => textOf(contents[label], hash),
      },
    );
    const where = now.missing.find((m) => m.label === label)?.path ?? detail?.replace(/: .*$/, "") ?? describe(cell, label);
    changed.push(where.startsWith(label) || where === label ? where : `${label} (${where})`);
  }
  return changed;
}

/** The file behind an input, where there is one. */
function describe({ stage }: Cell, label: string): string {
  const name = label.slice(label.indexOf(".") + 1);
  if (label.startsWith("prompts.")) return stage.prompts[name] ?? label;
  if (label.startsWith("files.")) return stage.files[name]?.join(", ") ?? label;
  if (label === "schema" && typeof stage.schema === "string") return stage.schema;
  return label === "code" && stage.action.kind === "module" ? stage.action.path : label;
}

function artifactOnDisk(project: Project, state: State, id: Cell["id"]): Sha256 | undefined {
  const cell = project.graph.cells.get(id);
  return cell === undefined ? undefined : state.planner.onDisk(cell);
}

/** Keeps the bytes behind small inputs, those of a list before the list itself, so that `why` can show old and new. */
async function keepInputs({ state }: Workshop, cell: Cell, declared: Inputs): Promise<void> {
  const stage = await state.planner.stageInputs(cell.stage);
  if (stage instanceof CodeError) return;
  const keep = async (label: string, hash: Sha256, bytes: string | undefined): Promise<void> => {
    if (declared[label] === hash) await keepBytes(state, hash, bytes);
  };
  for (const [label, content] of Object.entries(stage.contents)) {
    // Not looked at one by one for every cell: where the list is kept, they are.
    if (declared[label] === content.hash && content.parts !== undefined && !(await state.objects.has(content.hash))) for (const part of content.parts) await keepBytes(state, part.hash, part.bytes?.());
    await keep(label, content.hash, content.bytes?.());
  }
  for (const [label, content] of Object.entries(cellContents(cell, state.planner.options))) await keep(label, content.hash, content.bytes);
  for (const need of cell.needs) {
    const found = state.planner.need(need);
    if ("hash" in found) await keep(`needs.${need.stage}`, found.hash, found.bytes);
  }
}

async function keepBytes({ objects }: State, hash: Sha256, bytes: string | undefined): Promise<void> {
  if (bytes !== undefined && !(await objects.has(hash))) await objects.putBytes(bytes);
}
