import type { CellPlan } from "../plan/index.ts";
import type { State } from "../build/index.ts";

/** What a build that failed had before it: it is not tried again until something of that changes. */
export class Attempt {
  private constructor(
    private readonly contents: ReadonlyMap<string, string | undefined>,
    private readonly blocked: ReadonlySet<string>,
  ) {}

  static of(state: State, plans: readonly CellPlan[]): Attempt {
    return new Attempt(new Map(Array.from(state.snapshot.observedFiles, (path) => [path, hashOf(state, path)])), new Set(plans.flatMap(told)));
  }

  /** Is there anything in these plans that this attempt has not seen fail? */
  isOutdone(state: State, plans: readonly CellPlan[]): boolean {
    if (plans.flatMap(told).some((text) => !this.blocked.has(text))) return true;
    if (plans.some((plan) => plan.action === "restore" || (plan.action === "run" && plan.inputs !== undefined && !plan.reasons.some(({ kind }) => kind === "failed")))) return true;
    // A failed stage may have looked at files that are inputs only once it succeeds.
    return [...this.contents].some(([path, hash]) => hashOf(state, path) !== hash);
  }
}

const told = (plan: CellPlan): string[] => (plan.action === "blocked" ? [plan.message] : []);

function hashOf(state: State, path: string): string | undefined {
  try {
    return state.stats.hashSync(path);
  } catch {
    return undefined; // a directory, or not to be read
  }
}
