import { statSync } from "node:fs";
import { join } from "node:path";
import { build, leavers, overtaken } from "../build/index.ts";
import type { BuildEnd, BuildEvent, BuildRequest, Project, State, UnderWay, WorkerPool } from "../build/index.ts";
import type { Cell, CellId, Diagnostic } from "../pipeline/index.ts";
import { canonicalJson, ownerOf } from "../store/index.ts";
import type { LockCell } from "../store/index.ts";
import { Attempt } from "./attempt.ts";
import { changesOf } from "./changes.ts";
import type { Changed } from "./changes.ts";
import { next } from "./machine.ts";
import type { Effect, Event, State as Standing, Why } from "./machine.ts";
import { identityOf, Observer } from "./observer.ts";
import type { ObserverOptions } from "./observer.ts";
import { Outputs } from "./outputs.ts";
import { inputsAmong, placesOf } from "./places.ts";

/** What is to be built, as the pipeline file says at this moment. */
export type Opened = { ok: true; project: Project; cells: readonly Cell[]; asked: readonly CellId[] } | { ok: false; mistakes: readonly Diagnostic[] } | { ok: false; message: string };

export type Cells = Readonly<Record<string, LockCell>>;

export type WatchEvent =
  | { type: "build"; event: BuildEvent }
  /** A build is about to run, because of these. */
  | { type: "changed"; why: Why; changes: Changed[]; under: UnderWay }
  /** The pipeline cannot be read as one. */
  | { type: "mistaken"; opened: Extract<Opened, { ok: false }> }
  | { type: "built"; why: Why; end: BuildEnd; project: Project; asked: ReadonlySet<CellId>; state: State; before: Cells | undefined; after: Cells; overtaken: boolean }
  /** Something was saved, and nothing follows from it. `failed`: what failed last is not tried again for that. */
  | { type: "unchanged"; failed: boolean; cells: number }
  | { type: "watching"; files: number; directories: number }
  /** What was saved makes work under way stale: that is ended, and another build follows. */
  | { type: "overtaking" }
  /** Another process has built something else here. */
  | { type: "elsewhere" }
  | { type: "limited"; code: string }
  | { type: "gone"; directory: string };

export interface WatchOptions {
  root: string;
  /** The pipeline file, absolute. */
  file: string;
  open: () => Promise<Opened>;
  request: Pick<BuildRequest, "jobs" | "keepGoing" | "frozen" | "maxCalls" | "maxCost" | "command" | "worker">;
  pool: WorkerPool;
  emit: (event: WatchEvent) => Promise<void> | void;
  poll?: boolean;
  listen?: ObserverOptions["listen"];
}

/** Outputs are put back without haste: whoever deletes a whole project is not to be kept from it. */
const OUTPUTS_MS = 100;
/** Builds in a row that no change asked for: more, and something undoes what they do. */
const MOST_UNASKED = 3;
/** Between two looks whether another process still builds here. */
const ELSEWHERE_MS = 200;

/** Builds, and again after every change of what a plan has looked at. The states and what leads from one to the other are machine.ts's. */
export class Watcher {
  private standing: Standing = { kind: "initial" };
  private readonly observer: Observer;
  private readonly home: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private peace: NodeJS.Timeout | undefined;
  private end: (() => void) | undefined;
  private interrupt = new AbortController();
  private under: UnderWay | undefined;
  private opened: Extract<Opened, { ok: true }> | undefined;
  private warm: State | undefined;
  /** Cells this build has finished. */
  private finished = new Set<string>();
  private running = new Set<string>();
  private stale: Set<CellId> | undefined;
  private outputs: Outputs | undefined;
  /** Inputs that were looked at. */
  private inputs = new Set<string>();
  /** Was one of them heard of, rather than something beside them? */
  private touched = false;
  private attempt: Attempt | undefined;
  private mistaken = "";
  private before: Cells | undefined;
  /** As the last build left its lock. */
  private left: string | undefined;
  private unasked = 0;
  private readonly spent = { calls: 0, cost: 0 };
  private looked: { files: ReadonlySet<string>; directories: ReadonlySet<string> } = { files: new Set(), directories: new Set() };
  private told = "";
  /** What ended the watch unasked. */
  fault: { error: unknown } | undefined;

  constructor(private readonly options: WatchOptions) {
    this.home = identityOf(options.root);
    this.observer = new Observer({
      heard: (path) => this.hear(path),
      limited: (code) => void options.emit({ type: "limited", code }),
      ...(options.poll === undefined ? {} : { poll: options.poll }),
      ...(options.listen === undefined ? {} : { listen: options.listen }),
    });
  }

  /** Resolves once stopped and quiet. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.end = resolve));
    this.step({ type: "start" });
    await ended;
    clearTimeout(this.timer);
    clearTimeout(this.peace);
    this.observer.close();
  }

  /** Is the project's directory no longer there, or another at its place? */
  private get isGone(): boolean {
    return identityOf(this.options.root) !== this.home;
  }

  /** Builds now, also what has failed. */
  again(): void {
    this.step({ type: "asked" });
  }

  /** Ends the watch; a build under way is interrupted. */
  stop(): void {
    this.step({ type: "stop" });
  }

  private step(event: Event): void {
    const { state, effects } = next(this.standing, event);
    this.standing = state;
    for (const effect of effects) this.act(effect);
  }

  private act(effect: Effect): void {
    switch (effect.do) {
      case "wait":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.step({ type: "quiet" }), effect.ms);
        break;
      case "build":
        void this.build(effect.why);
        break;
      case "judge":
        void this.judge();
        break;
      case "overtake":
        void this.options.emit({ type: "overtaking" });
        if (this.under === undefined) this.interrupt.abort();
        else this.under.overtake(this.stale ?? []);
        break;
      case "interrupt":
        this.interrupt.abort();
        break;
      case "end":
        this.end?.();
        break;
      default:
        effect satisfies never;
    }
  }

  /** Something may have changed at a path. */
  private hear(path: string): void {
    const { opened, outputs } = this;
    if (path === this.options.root && !this.isGone) return; // its entries are told by their names
    if (opened !== undefined && path !== this.options.root && Outputs.has(opened.project, path)) {
      // What a build writes is its own, and noted when it ends.
      if (this.standing.kind === "watching" && outputs?.isOther(path) === true) this.whenQuietHere(opened.project);
      return;
    }
    if (this.inputs.has(path)) this.touched = true;
    this.step({ type: "changed", at: performance.now() });
  }

  /** An artifact or the lock is not as this watch left it: by hand, then it is put back; or another process builds here, and is left alone. */
  private whenQuietHere(project: Project): void {
    clearTimeout(this.peace);
    this.peace = setTimeout(() => {
      if (this.standing.kind !== "watching" || this.outputs === undefined || this.opened?.project !== project) return;
      if (ownerOf(project.places.lease) !== undefined) return this.whenQuietHere(project);
      if (!this.outputs.isAnothers) return this.step({ type: "changed", at: performance.now() });
      void this.options.emit({ type: "elsewhere" });
      this.listen();
    }, ownerOf(project.places.lease) === undefined ? OUTPUTS_MS : ELSEWHERE_MS);
  }

  private async build(why: Why): Promise<void> {
    const { touched } = this;
    this.touched = false;
    this.interrupt = new AbortController();
    this.under = undefined;
    this.stale = undefined;
    this.finished = new Set();
    this.running = new Set();
    let unheard = false;
    try {
      unheard = await this.buildOnce(why, touched);
    } catch (error) {
      if (!this.isGone) this.fault = { error };
    }
    this.under = undefined;
    if (this.isGone) await this.options.emit({ type: "gone", directory: this.options.root });
    if (this.isGone || this.fault !== undefined) this.stop();
    this.step({ type: "built", unheard });
    if (this.standing.kind === "watching") this.tellWatched();
  }

  private async buildOnce(why: Why, touched: boolean): Promise<boolean> {
    const { emit, request } = this.options;
    if (this.isGone) return false;
    const opened = await this.options.open();
    if (!opened.ok) {
      const text = JSON.stringify("mistakes" in opened ? opened.mistakes : opened.message);
      if (text !== this.mistaken) await emit({ type: "mistaken", opened });
      else if (touched) await emit({ type: "unchanged", failed: true, cells: 0 });
      this.mistaken = text;
      return this.listen();
    }
    this.mistaken = "";
    this.opened = opened;
    const { project, cells, asked } = opened;
    let planned: UnderWay | undefined;
    let declined = false;
    let unheard = false;
    const end = await build(project, {
      ...request,
      cells,
      asked: new Set(asked),
      spent: this.spent,
      pool: this.options.pool,
      warm: this.warm,
      signal: this.interrupt.signal,
      planned: async (under) => {
        planned = under;
        this.warm = under.state;
        unheard = this.listen(under.state);
        this.before ??= structuredClone(under.state.lock.cells);
        if (!(await this.isWorth(why, under, touched))) {
          declined = true;
          return false;
        }
        await emit({ type: "changed", why, changes: await changesOf(under), under });
        this.finished = new Set(under.plans.flatMap(({ action, cell }) => (action === "fresh" ? [cell.id] : [])));
        this.under = under;
        return true;
      },
      emit: (event) => {
        if (event.type === "started") this.running.add(event.cell);
        if (event.type === "cell") {
          this.running.delete(event.cell);
          this.finished.add(event.cell);
        }
        if (!(event.type === "planned" && why !== "start")) void emit({ type: "build", event });
      },
    });
    if (planned === undefined) return this.listen();
    const { state, plans } = planned;
    if (declined) return this.listen(state) || unheard;
    const done = "ran" in end ? [...plans.flatMap(({ action, cell }) => (action === "fresh" ? [cell.id] : [])), ...([...end.ran, ...end.restored] as CellId[])] : [];
    this.attempt = end.kind === "done" || end.kind === "interrupted" ? undefined : new Attempt(state, plans, new Set(done));
    const after = structuredClone(state.lock.cells);
    this.left = canonicalJson(after);
    this.listen(state);
    // What was written was not listened to meanwhile: hands may have been there too.
    unheard = true;
    await emit({ type: "built", why, end, project, asked: new Set(asked), state, before: why === "start" ? undefined : this.before, after, overtaken: this.stale !== undefined });
    if (end.kind === "done") this.before = after;
    return unheard;
  }

  /** Is there anything to do, or to try, that was not there last time? */
  private async isWorth(why: Why, under: UnderWay, touched: boolean): Promise<boolean> {
    if (why === "start" || why === "asked") return true;
    const { state, plans } = under;
    if (why !== "unheard") this.unasked = 0;
    else if (this.left !== undefined && canonicalJson(state.lock.cells) !== this.left) {
      await this.options.emit({ type: "elsewhere" });
      return false;
    } else if (this.unasked++ >= MOST_UNASKED) return false;
    // More is coming: this would be overtaken before it has begun.
    if (this.standing.kind === "building" && this.standing.change.kind !== "calm") return false;
    const fresh = plans.every(({ action }) => action === "fresh");
    if (fresh && (await leavers(under.project, state)).length > 0) return true;
    // Nothing is left to do, but what came of it has not been told.
    if (fresh && this.attempt !== undefined && canonicalJson(state.lock.cells) !== canonicalJson(this.before ?? {})) return true;
    if (!fresh && (this.attempt === undefined || (await this.attempt.isOutdone(state, plans)))) return true;
    if (touched && why === "change") await this.options.emit({ type: "unchanged", failed: !fresh, cells: plans.length });
    return false;
  }

  /** Compares what is there now with what the build under way stands on. */
  private async judge(): Promise<void> {
    const { under, opened: begun } = this;
    const stale = await this.staleNow(under, begun).catch(() => undefined); // unreadable now: seen when the build has ended
    if (this.under !== under || this.opened !== begun) return;
    this.stale = stale;
    this.step({ type: "judged", stale: stale !== undefined });
  }

  private async staleNow(under: UnderWay | undefined, begun: Extract<Opened, { ok: true }> | undefined): Promise<Set<CellId> | undefined> {
    const now = await this.options.open();
    if (!now.ok || begun === undefined) return undefined;
    if (under === undefined) {
      // Nothing has run yet (another process builds): a new pipeline need not wait for its turn with the old one.
      return describe(now.project) === describe(begun.project) ? undefined : new Set();
    }
    const state = now.project.load({ warm: under.state });
    const stale = await overtaken(begun.cells, under, { project: now.project, state });
    const open = (id: CellId): boolean => !this.finished.has(id);
    const runs = [...stale].some((id) => this.running.has(id));
    // What has not begun reads its inputs when it does; only another pipeline, or another upstream, it would not see.
    const rewired = describe(now.project) !== describe(begun.project);
    const late = [...stale].some((id) => !open(id)) || rewired;
    return runs || (late && [...stale].some(open)) ? stale : undefined;
  }

  /** Listens to all that the last plan has looked at; true if some of it was not listened to before. */
  private listen(state?: State): boolean {
    const { root, file } = this.options;
    if (state !== undefined) this.looked = { files: state.snapshot.observedFiles, directories: state.snapshot.observedDirectories };
    const { opened } = this;
    if (opened !== undefined) this.outputs = Outputs.of(opened.project, opened.cells);
    const own = [join(root, "artifacts"), join(root, "cache")];
    const files = inputsAmong([...this.looked.files, file], own);
    this.inputs = new Set(files);
    const fresh = this.observer.sync(placesOf(root, [...files, ...(this.outputs?.paths ?? [])], [...inputsAmong(this.looked.directories, own), ...(this.outputs?.whole ?? [])]));
    return fresh;
  }

  /** Says how much is watched, where that has changed. */
  private tellWatched(): void {
    const files = [...this.inputs].filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true).length;
    const text = `${files} ${this.observer.size}`;
    if (text !== this.told) void this.options.emit({ type: "watching", files, directories: this.observer.size });
    this.told = text;
  }
}

/** What a pipeline says that may matter to a build of it. */
function describe({ pipeline }: Project): string {
  const { params, models, stages } = pipeline;
  return JSON.stringify([params, models, [...stages.values()].map(({ position: _, ...stage }) => stage)]);
}
