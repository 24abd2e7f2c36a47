import { join } from "node:path";
import { createGateway } from "../model/index.ts";
import type { CallError, Gateway } from "../model/index.ts";
import type { Cell, CellId } from "../pipeline/index.ts";
import { itemBaseOf, recipeOf, writeFreshNote } from "../plan/index.ts";
import type { CellPlan, Inputs, Reason } from "../plan/index.ts";
import { sweepTemps, walkFiles } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { CallDesk } from "./calls.ts";
import { buildCell } from "./cell.ts";
import type { Workshop } from "./cell.ts";
import { place } from "./commit.ts";
import type { BuildEnd, BuildEvent, BuildTotals, CellResult } from "./events.ts";
import { CellFailure, InputsChanged, Interrupted, messageOf } from "./failure.ts";
import { LockWriter } from "./lock.ts";
import { idlePatterns, missingInputs } from "./mistakes.ts";
import { WorkerPool } from "./pool.ts";
import { Processes } from "./process.ts";
import type { ItemCounts } from "./job.ts";
import { emptyTotals, lead } from "./lead.ts";
import { leavers, removeArtifact } from "./prune.ts";
import type { Project, State } from "./project.ts";
import { schedule } from "./schedule.ts";
import { Stops } from "./stops.ts";

export interface BuildRequest {
  /** The targets and all they need, topological. */
  cells: readonly Cell[];
  /** The targets themselves. */
  asked: ReadonlySet<CellId>;
  jobs: number;
  keepGoing: boolean;
  /** Cells to run whatever the inputs say. */
  forced?: ((cell: Cell) => boolean) | undefined;
  frozen: boolean;
  maxCalls?: number | undefined;
  maxCost?: number | undefined;
  /** What counts towards these limits already; what this build buys is added. */
  spent?: { calls: number; cost: number } | undefined;
  /** For those who wait for this build. */
  command: string;
  worker: URL;
  /** Nothing outside the scratch directory may be touched: commands are not run. */
  rehearsal?: boolean;
  /** Answers model calls; the project's gateway unless given. */
  gateway?: (() => Promise<Gateway>) | undefined;
  /** Names this very command line: if nothing has to be done, a note under it saves planning next time. */
  freshStamp?: string | undefined;
  /** Threads to run modules in, which stay when the build ends; its own unless given. */
  pool?: WorkerPool | undefined;
  /** What an earlier build of this process has read and need not read again. */
  warm?: Pick<State, "stats" | "code"> | undefined;
  /** Told when it is known what is to be done, before anything is; false: nothing is. */
  planned?: ((under: UnderWay) => boolean | Promise<boolean>) | undefined;
  signal: AbortSignal;
  emit: (event: BuildEvent) => void;
}

/** A build that is about to run, for who may want to end a part of it. */
export interface UnderWay {
  project: Project;
  state: State;
  plans: readonly CellPlan[];
  /** Ends the work on these cells, as an interrupt does; nothing else begins, what runs beside them is finished. */
  overtake(cells: Iterable<CellId>): void;
}

/** Builds what is stale. One build at a time in a project: others wait their turn. */
export async function build(project: Project, request: BuildRequest): Promise<BuildEnd> {
  const lease = await lead(project, request);
  if ("kind" in lease) return lease;
  try {
    const began = Date.now();
    await sweepTemps(project.places.temp).catch(() => []);
    const state = project.load({ ...(request.forced === undefined ? {} : { forced: request.forced }), ...(request.warm === undefined ? {} : { warm: request.warm }) });
    return await new Build(project, state, request, began).run();
  } finally {
    await lease.release();
  }
}

class Build {
  private readonly totals = emptyTotals();
  private readonly stops = new Stops();
  private readonly lock: LockWriter;
  private readonly desk: CallDesk;
  private readonly shop: Workshop;
  private readonly broken = new Set<CellId>();
  /** Of something that a later run must say again. */
  private warned = false;
  private refused: string | undefined;
  private fatal: { error: CallError; cell: string } | undefined;
  private readonly restarts = new Map<CellId, number>();
  private readonly items = new Map<string, ItemCounts>();
  private readonly started = performance.now();

  constructor(
    private readonly project: Project,
    private readonly state: State,
    private readonly request: BuildRequest,
    /** When this build began to look at the disk, ms since 1970. */
    private readonly began: number,
  ) {
    const onAbort = (): void => this.stops.stop();
    if (request.signal.aborted) onAbort();
    else request.signal.addEventListener("abort", onAbort, { once: true });
    this.lock = new LockWriter(project.places.lock, state.lock);
    this.desk = new CallDesk(project.root, request.gateway ?? (() => this.openGateway()), { onFatal: (error, caller) => this.refuse(error, caller.cell), onRead: (path) => state.snapshot.probe(path) });
    this.shop = { project, state, pool: request.pool ?? new WorkerPool(request.worker), desk: this.desk, processes: new Processes(request.jobs), jobs: request.jobs, rehearsal: request.rehearsal === true, signal: this.stops.signal, emit: (event) => this.hear(event) };
  }

  /** What the parts of the build tell goes on to the printer. */
  private hear(event: BuildEvent): void {
    if (event.type === "items") this.items.set(event.cell, event.counts);
    this.request.emit(event);
  }

  async run(): Promise<BuildEnd> {
    const { cells, emit, jobs, keepGoing } = this.request;
    const { state } = this;
    const { cells: plans } = await state.planner.plan(cells.map(({ id }) => id));
    emit({ type: "planned", plans: [...plans.values()] });
    const under: UnderWay = { project: this.project, state, plans: [...plans.values()], overtake: (stale) => this.stops.overtake(stale) };
    if ((await this.request.planned?.(under)) === false) return { kind: "done", ...emptyTotals() };
    const mistakes = keepGoing ? [] : await missingInputs(this.project, plans.values());
    if (mistakes.length > 0) return { kind: "missing", mistakes };
    const warnings = await idlePatterns(state, plans.values());
    for (const message of warnings) emit({ type: "warning", message });
    this.warned = warnings.length > 0;
    try {
      const outcomes = await schedule({
        cells: cells.map(({ id, needs }) => ({ id, needs: needs.flatMap((need) => need.cells) })),
        jobs,
        keepGoing,
        stopped: () => this.stops.closing,
        run: (id) => this.step(id, plans.get(id)),
      });
      for (const [id, outcome] of outcomes) if (outcome.kind === "skipped") this.skip(id, outcome.because);
      if (!this.stops.closing && this.totals.failed.length === 0) await this.prune();
    } finally {
      // Whatever cannot be closed, the lock is written.
      await (this.request.pool === undefined ? this.shop.pool.close() : Promise.resolve()).finally(() => this.desk.close()).finally(() => this.save());
    }
    return this.end();
  }

  /** Brings one cell up to date; its upstream cells are. True if downstream may go on. */
  private async step(id: CellId, planned: CellPlan | undefined): Promise<boolean> {
    const { planner } = this.state;
    // Decided before anything ran, unless an upstream was pending then.
    const plan = planned === undefined || (planned.action === "run" && planned.inputs === undefined) ? await planner.decide(id) : planned;
    const started = performance.now();
    switch (plan.action) {
      case "fresh":
        this.totals.fresh++;
        this.tell(plan.cell, "fresh", plan.reasons, started, { artifact: plan.artifact });
        return true;
      case "restore": {
        const { result, cell } = plan;
        if (planner.onDisk(cell) !== result.artifact && !(await place(this.state.objects, cell, result.artifact, this.project.places.artifacts))) {
          // Its object was damaged: as if it had never been kept.
          if (this.broken.has(id)) throw new Error(`${id} cannot be restored`);
          this.broken.add(id);
          return this.step(id, undefined);
        }
        await this.lock.set(id, { ...result, path: cell.path });
        planner.settle(id, result.artifact);
        this.state.memory.note(id, result.recipe, plan.reasons);
        this.totals.restored.push(id);
        this.tell(cell, "restored", plan.reasons, started, { artifact: result.artifact });
        return true;
      }
      case "blocked":
        this.fail(plan.cell, plan.reasons, started, new CellFailure(plan.message));
        return false;
      case "run":
        return this.runCell(plan, started);
      default:
        return plan satisfies never;
    }
  }

  private async runCell(plan: CellPlan & { action: "run" }, started: number): Promise<boolean> {
    const { cell, reasons, inputs } = plan;
    if (inputs === undefined) throw new Error(`${cell.id}: inputs are not known`);
    this.request.emit({ type: "started", cell: cell.id });
    try {
      const afresh = reasons.some(({ kind }) => kind === "forced");
      const { result, items, changed } = await this.stops.during(cell.id, (signal) => buildCell({ ...this.shop, signal }, cell, inputs, afresh));
      this.state.planner.settle(cell.id, result.artifact);
      this.state.memory.note(cell.id, result.recipe, reasons, { items: sharedOf(cell, inputs) });
      if (changed.length > 0) {
        await this.lock.remove(cell.id);
        this.request.emit({ type: "warning", message: `${cell.id}: ${changed.join(", ")} changed while it ran: the result is not recorded as fresh; run again` });
      } else await this.lock.set(cell.id, result);
      this.totals.ran.push(cell.id);
      this.tell(cell, "ran", reasons, started, { artifact: result.artifact, ...(items === undefined ? {} : { items }), calls: await this.desk.calls(cell.id) });
      return true;
    } catch (error) {
      const overtaken = this.stops.isOvertaken(cell.id);
      if (error instanceof InputsChanged && !overtaken) return this.again(cell, error);
      const fatal = this.fatal?.cell === cell.id ? new CellFailure(this.fatal.error.message, { call: this.fatal.error.kind }) : undefined;
      if (fatal === undefined && (error instanceof Interrupted || overtaken || this.stops.signal.aborted)) {
        this.totals.skipped.push(cell.id);
        this.tell(cell, "skipped", reasons, started, { message: `${overtaken ? "its inputs have changed" : "interrupted"}: what was finished of it is kept`, ...this.itemsOf(cell.id), calls: await this.desk.calls(cell.id) });
        return false;
      }
      const failure = fatal ?? (error instanceof CellFailure ? error : new CellFailure(messageOf(error)));
      this.state.memory.note(cell.id, recipeOf(inputs), reasons, { failure, items: sharedOf(cell, inputs) });
      this.fail(cell, reasons, started, failure, await this.desk.calls(cell.id));
      return false;
    }
  }

  /** A call that no other can follow: the run stops with it; what is finished is kept. */
  private refuse(error: CallError, cell: string): void {
    if (this.stops.signal.aborted) return;
    this.fatal = { error, cell };
    if (error.kind === "frozen" || error.kind === "budget") this.refused = error.message;
    this.stops.stop();
  }

  /** Inputs were edited between plan and start: decided anew from what they are now. */
  private async again(cell: Cell, changed: InputsChanged): Promise<boolean> {
    const times = (this.restarts.get(cell.id) ?? 0) + 1;
    this.restarts.set(cell.id, times);
    this.state.planner.forget(cell.stage);
    if (times < 5) return this.step(cell.id, undefined);
    this.fail(cell, [], performance.now(), new CellFailure(`${changed.message}, again and again: run again when they rest`));
    return false;
  }

  private fail(cell: Cell, reasons: Reason[], started: number, failure: CellFailure, calls?: { made: number; stored: number; cost: number }): void {
    this.totals.failed.push(cell.id);
    this.tell(cell, "failed", reasons, started, { message: failure.message, failures: failure.failures, ...(failure.items === undefined ? this.itemsOf(cell.id) : { items: failure.items }), ...(calls === undefined ? {} : { calls }) });
  }

  /** Counts of a cell's items as last told. */
  private itemsOf(id: CellId): { items?: ItemCounts } {
    const items = this.items.get(id);
    return items === undefined ? {} : { items };
  }

  private skip(id: CellId, because: CellId | undefined): void {
    const cell = this.project.graph.cells.get(id);
    if (cell === undefined) return;
    this.totals.skipped.push(id);
    this.tell(cell, "skipped", [], performance.now(), { message: because === undefined || this.stops.closing ? "the run stopped before it" : `needs ${because}` });
  }

  private tell(cell: Cell, outcome: CellResult, reasons: Reason[], started: number, more: Partial<Extract<BuildEvent, { type: "cell" }>> & { calls?: { made: number; stored: number; cost?: number } } = {}): void {
    const { calls, ...rest } = more;
    this.request.emit({ type: "cell", cell: cell.id, outcome, reasons, calls: { made: calls?.made ?? 0, stored: calls?.stored ?? 0 }, cost: calls?.cost ?? 0, ms: Math.round(performance.now() - started), ...rest });
  }

  /** Cells the pipeline no longer has leave the lock, and their artifacts the directory, unless edited since. */
  private async prune(): Promise<void> {
    for (const { id, path, removes } of await leavers(this.project, this.state)) {
      await this.lock.remove(id);
      if (!removes) continue;
      await removeArtifact(this.project.places.artifacts, path);
      this.totals.removed.push(path);
    }
  }

  private async openGateway() {
    const { frozen, maxCalls, maxCost, spent, emit } = this.request;
    const { env } = this.project.options;
    return createGateway({
      root: this.project.root,
      models: this.project.pipeline.models,
      frozen,
      signal: this.stops.signal,
      env,
      onStatus: (line, ms) => emit({ type: "status", line, ...(ms === undefined ? {} : { ms }) }),
      onWarning: (message) => emit({ type: "warning", message }),
      ...(env["DAG_CACHE"] === undefined ? {} : { store: env["DAG_CACHE"] }),
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(maxCost === undefined ? {} : { maxCost }),
      ...(spent === undefined ? {} : { spent }),
    });
  }

  private async save(): Promise<void> {
    await this.lock.save();
    this.state.memory.save();
    this.state.code.save();
    this.state.stats.save();
  }

  /** Nothing had to be done: next time that may be known without a plan. */
  private noteFresh(stamp: string): void {
    const { cells } = this.request;
    const { artifacts, lock } = this.project.places;
    const paths = [join(this.project.root, this.project.pipeline.file), lock];
    const results: string[] = [];
    for (const { id, path, stage } of cells) {
      const place = join(artifacts, path);
      paths.push(place);
      if (stage.output.kind !== "directory") continue;
      if (this.request.asked.has(id)) results.push(place);
      for (const { absolute } of walkFiles(place, (directory) => paths.push(directory))) paths.push(absolute);
    }
    writeFreshNote(this.project.root, this.state.snapshot, { stamp, cells: cells.length, results, paths, began: this.began });
  }

  private async end(): Promise<BuildEnd> {
    const rows = (await this.desk.opened())?.ledger() ?? [];
    const sum = (of: (row: (typeof rows)[number]) => number | undefined): number => rows.reduce((total, row) => total + (of(row) ?? 0), 0);
    const totals: BuildTotals = { ...this.totals, calls: { made: sum((r) => r.made), stored: sum((r) => r.stored) }, cost: sum((r) => r.cost), saved: sum((r) => r.saved), ledger: rows, ms: Math.round(performance.now() - this.started) };
    if (this.request.freshStamp !== undefined && !this.warned && totals.fresh === this.request.cells.length) this.noteFresh(this.request.freshStamp);
    if (this.refused !== undefined) return { kind: "refused", message: this.refused, ...totals };
    if (this.request.signal.aborted || this.stops.overtaken) return { kind: "interrupted", ...totals };
    return { kind: totals.failed.length > 0 ? "failed" : "done", ...totals };
  }
}

/** What the items of a cell share, and their list; undefined for a stage without each. */
function sharedOf({ stage }: Cell, inputs: Inputs): { base: Sha256; list: Sha256 } | undefined {
  const list = stage.each === undefined ? undefined : inputs[`needs.${stage.each}`];
  return stage.each === undefined || list === undefined ? undefined : { base: itemBaseOf(inputs, stage.each, stage.action.kind === "module"), list };
}
