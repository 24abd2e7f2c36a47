import { join } from "node:path";
import type { Cell, CellId, CellNeed, Graph, Stage } from "../pipeline/index.ts";
import type { LockCell, LockFile, Sha256 } from "../store/index.ts";
import { CodeError } from "./code.ts";
import { cellContents, needHash, readStageInputs } from "./inputs.ts";
import type { InputSources, StageInputs } from "./inputs.ts";
import type { Reason } from "./reason.ts";
import { recipeOf } from "./recipe.ts";
import type { Inputs, RecipeHash } from "./recipe.ts";
import type { BuildResult, ResultStore } from "./results.ts";
import type { MissingInput } from "./snapshot.ts";

/** What will happen to a cell, and why. */
export type CellPlan = { cell: Cell; reasons: Reason[] } & (
  | { action: "fresh"; artifact: Sha256; recipe: RecipeHash }
  /** Built before from the same inputs: the artifact comes back (or stays where it is) and the lock learns of it. */
  | { action: "restore"; result: BuildResult; recipe: RecipeHash }
  /** `conditional`: only an upstream rebuild could change its inputs; if that comes out equal, the stage does not run. Inputs are known unless an upstream is pending. */
  | { action: "run"; conditional: boolean; inputs?: Inputs }
  /** Cannot be built: declared inputs are missing, or its code does not parse. */
  | { action: "blocked"; missing: MissingInput[]; message: string }
);

/** What a need hashes to, or the first of so many upstream cells that have no artifact yet. */
export type NeedState = { hash: Sha256; bytes?: string } | { cell: string; count: number };

/** The order is topological. */
export interface Plan {
  cells: Map<CellId, CellPlan>;
}

export interface PlannerOptions extends InputSources {
  lock: LockFile;
  results: ResultStore;
  /** Can an artifact with this hash be brought back? */
  kept: (artifact: Sha256) => Promise<boolean>;
  /** Absolute path of the artifacts directory. */
  artifacts: string;
  /** Cells to run whatever the inputs say. */
  forced?: (cell: Cell) => boolean;
  /** Last failure of a cell, for inputs that have not changed since. */
  failure?: (cell: CellId, recipe: RecipeHash) => string | undefined;
}

/**
 * Decides what is stale. `plan` folds `decide` over the cells before anything runs; a build calls the same `decide` when
 * the upstream artifacts of a cell are there. Nothing else in the tool decides staleness.
 */
export class Planner {
  private readonly artifacts = new Map<CellId, Sha256>();
  /** How often an artifact of a stage became another. */
  private readonly versions = new Map<string, number>();
  private readonly needs = new WeakMap<CellNeed, { version: number; state: NeedState }>();
  private readonly stages = new Map<string, Promise<StageInputs | CodeError>>();
  constructor(readonly options: PlannerOptions) {}

  get graph(): Graph {
    return this.options.graph;
  }

  async plan(cells: Iterable<CellId>): Promise<Plan> {
    const plans = new Map<CellId, CellPlan>();
    for (const id of cells) plans.set(id, await this.decide(id));
    return { cells: plans };
  }

  /** The artifact a cell has now, once it is fresh, restored or built. */
  artifact(id: CellId): Sha256 | undefined {
    return this.artifacts.get(id);
  }

  settle(id: CellId, artifact: Sha256): void {
    if (this.artifacts.get(id) === artifact) return;
    this.artifacts.set(id, artifact);
    const stage = this.graph.cells.get(id)?.stage.name ?? "";
    this.versions.set(stage, (this.versions.get(stage) ?? 0) + 1);
  }

  /** The hash of a need, or what it waits for. Cells share their needs, so that each is worked out once. */
  need(need: CellNeed): NeedState {
    const version = this.versions.get(need.stage) ?? 0;
    const known = this.needs.get(need);
    if (known?.version === version) return known.state;
    const waiting = need.cells.filter((id) => !this.artifacts.has(id));
    const [cell] = waiting;
    const hash = cell === undefined ? needHash(this.graph, need, (id) => this.artifacts.get(id)) : undefined;
    const state: NeedState = hash ?? { cell: cell ?? need.stage, count: waiting.length };
    this.needs.set(need, { version, state });
    return state;
  }

  /** Reads a stage's inputs anew when next asked. */
  forget(stage: Stage): void {
    this.stages.delete(stage.name);
  }

  /** Inputs shared by the cells of a stage, read once. */
  stageInputs(stage: Stage): Promise<StageInputs | CodeError> {
    let known = this.stages.get(stage.name);
    if (known === undefined) {
      known = readStageInputs(stage, this.options).catch((error: unknown) => {
        if (error instanceof CodeError) return error;
        throw error;
      });
      this.stages.set(stage.name, known);
    }
    return known;
  }

  async decide(id: CellId): Promise<CellPlan> {
    const cell = this.graph.cells.get(id);
    if (cell === undefined) throw new Error(`no cell ${id}`);
    const { lock, results } = this.options;
    const stage = await this.stageInputs(cell.stage);
    if (stage instanceof CodeError) return { cell, action: "blocked", reasons: [], missing: [], message: stage.message };
    const { missing } = stage;
    if (missing.length > 0) return { cell, action: "blocked", reasons: [], missing, message: missing.map((m) => `${m.label}: ${m.path}: ${m.message}`).join("; ") };

    const locked = Object.hasOwn(lock.cells, id) ? lock.cells[id] : undefined;
    const declared: Record<string, Sha256> = {};
    for (const [label, content] of Object.entries(stage.contents)) declared[label] = content.hash;
    for (const [label, content] of Object.entries(cellContents(cell, this.options))) declared[label] = content.hash;
    const pending: Reason[] = [];
    for (const need of cell.needs) {
      const state = this.need(need);
      if ("hash" in state) declared[`needs.${need.stage}`] = state.hash;
      else pending.push({ kind: "upstream", label: `needs.${need.stage}`, ...state });
    }

    const forced = this.options.forced?.(cell) === true;
    if (pending.length > 0) {
      const own: Reason[] = locked === undefined ? [{ kind: "never-built" }] : differences(this.withReads(declared, locked.inputs), locked.inputs, new Set(cell.needs.map((n) => `needs.${n.stage}`)));
      const found = this.onDisk(cell);
      const conditional = own.length === 0 && locked?.path === cell.path && !forced && (found === locked.artifact || (await this.options.kept(locked.artifact)));
      if (locked !== undefined) own.push(...misplaced(cell, locked, found));
      return { cell, action: "run", conditional, reasons: [...(forced ? [{ kind: "forced" } as const] : []), ...own, ...pending] };
    }

    const inputs = this.complete(declared, locked);
    const recipe = recipeOf(inputs);
    if (forced) return { cell, action: "run", conditional: false, reasons: [{ kind: "forced" }], inputs };

    const found = this.onDisk(cell);
    if (locked !== undefined && locked.recipe === recipe && locked.path === cell.path && found === locked.artifact) {
      this.settle(id, locked.artifact);
      return { cell, action: "fresh", reasons: [], artifact: locked.artifact, recipe };
    }

    const result: BuildResult | undefined = locked?.recipe === recipe ? { ...locked, path: cell.path } : results.find(recipe);
    const restored = result !== undefined && (found === result.artifact || (await this.options.kept(result.artifact))) ? result : undefined;
    const reasons: Reason[] = [];
    if (locked === undefined) reasons.push({ kind: found === undefined && restored === undefined ? "never-built" : "not-recorded" });
    else if (locked.recipe !== recipe) reasons.push(...differences(inputs, locked.inputs));
    if (locked !== undefined) reasons.push(...misplaced(cell, locked, found));
    else if (found === undefined && restored !== undefined) reasons.push({ kind: "output-missing", path: cell.path });
    if (restored !== undefined) {
      this.settle(id, restored.artifact);
      return { cell, action: "restore", reasons, result: restored, recipe };
    }
    const failure = this.options.failure?.(id, recipe);
    if (failure !== undefined) reasons.push({ kind: "failed", message: failure });
    return { cell, action: "run", conditional: false, reasons, inputs };
  }

  /** Declared inputs plus the files such a run reads, as the lock or an earlier result tells. */
  private complete(declared: Inputs, locked: LockCell | undefined): Inputs {
    if (locked !== undefined) {
      const inputs = this.withReads(declared, locked.inputs);
      if (recipeOf(inputs) === locked.recipe) return inputs;
    }
    const known = this.options.results.reads(declared);
    return this.withReads(declared, known ?? locked?.inputs ?? {});
  }

  private withReads(declared: Inputs, labels: Inputs | string[]): Inputs {
    const inputs: Record<string, Sha256> = { ...declared };
    for (const label of Array.isArray(labels) ? labels : Object.keys(labels)) if (label.startsWith("reads.")) inputs[label] = this.readHash(label);
    return inputs;
  }

  /** The hash of a file seen to be read; of `null` where it is gone. */
  private readHash(label: string): Sha256 {
    const { snapshot } = this.options;
    return snapshot.probe(label.slice("reads.".length)) ?? snapshot.value(null).hash;
  }

  /** Hash of what lies at a cell's place; undefined where nothing usable does. */
  onDisk(cell: Cell): Sha256 | undefined {
    const { stats } = this.options.snapshot;
    const path = join(this.options.artifacts, cell.path);
    try {
      return cell.stage.output.kind === "directory" ? stats.hashDirectorySync(path).hash : stats.hashSync(path);
    } catch {
      return undefined; // a file where a directory belongs, an unreadable one: nothing usable is there
    }
  }
}

/** What is wrong with the artifact that lies, or should lie, at a cell's place. */
function misplaced({ path }: Cell, locked: LockCell, found: Sha256 | undefined): Reason[] {
  if (locked.path !== path) return [{ kind: "output-moved", from: locked.path, to: path }];
  if (found === undefined) return [{ kind: "output-missing", path }];
  return found === locked.artifact ? [] : [{ kind: "output-edited", path, recorded: locked.artifact, found }];
}

/** Labels that differ, sorted; `except` are not compared. */
function differences(now: Inputs, before: Inputs, except: ReadonlySet<string> = new Set()): Reason[] {
  const reasons: Reason[] = [];
  for (const label of [...new Set([...Object.keys(now), ...Object.keys(before)])].sort()) {
    if (except.has(label)) continue;
    const [old, current] = [before[label], now[label]];
    if (old === current) continue;
    if (old === undefined && current !== undefined) reasons.push({ kind: "added", label, new: current });
    else if (current === undefined && old !== undefined) reasons.push({ kind: "removed", label, old });
    else if (old !== undefined && current !== undefined) reasons.push({ kind: "changed", label, old, new: current });
  }
  return reasons;
}
