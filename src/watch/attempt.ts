import type { CellId } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import type { State } from "../build/index.ts";

/** What a build that failed had before it: it is not tried again until something of that changes. */
export class Attempt {
  private readonly contents: ReadonlyMap<string, string | undefined>;
  private readonly begun: ReadonlyMap<CellId, CellPlan>;
  /** What the build has left to do, once that is known. */
  private left: string | undefined;

  /** `plans`: what the build began with; `done`: cells that were fresh or came to be. */
  constructor(
    private readonly state: State,
    plans: readonly CellPlan[],
    private readonly done: ReadonlySet<CellId>,
  ) {
    this.contents = new Map(Array.from(state.snapshot.observedFiles, (path) => [path, hashOf(state, path)]));
    this.begun = new Map(plans.map((plan) => [plan.cell.id, plan]));
  }

  /** Is there anything in these plans that this attempt has not had before it? */
  async isOutdone(state: State, plans: readonly CellPlan[]): Promise<boolean> {
    const open = plans.filter(({ action }) => action !== "fresh");
    const left = JSON.stringify(open.map((plan) => [plan.cell.id, plan.action === "blocked" ? plan.message : plan.action === "run" ? (plan.inputs ?? null) : plan.recipe]));
    if (this.left !== undefined && this.left !== left) return true;
    // A failed stage may have looked at files that are inputs only once it succeeds.
    if ([...this.contents].some(([path, hash]) => hashOf(state, path) !== hash)) return true;
    // What is left is what it had, or a save has come between.
    if (this.left === undefined) for (const plan of open) if (this.done.has(plan.cell.id) || !(await this.had(plan))) return true;
    this.left = left;
    return false;
  }

  private async had(plan: CellPlan): Promise<boolean> {
    const then = this.begun.get(plan.cell.id);
    if (then === undefined || plan.action === "restore") return false;
    if (plan.action === "blocked") return then.action === "blocked" && then.message === plan.message;
    if (plan.action !== "run" || then.action === "blocked") return false;
    const { inputs } = plan;
    if (inputs === undefined) return true;
    if (then.action === "run" && then.inputs !== undefined) return JSON.stringify(then.inputs) === JSON.stringify(inputs);
    // Then it waited for another cell: what it declares beside that is compared.
    const read = await this.state.planner.stageInputs(plan.cell.stage);
    return "contents" in read && Object.entries(read.contents).every(([label, { hash }]) => inputs[label] === hash);
  }
}

function hashOf(state: State, path: string): string | undefined {
  try {
    return state.stats.hashSync(path);
  } catch {
    return undefined; // a directory, or not to be read
  }
}
