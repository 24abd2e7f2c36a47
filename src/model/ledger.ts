import type { Usage } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import type { Caller, LedgerRow } from "./types.ts";

/** USD of a usage at a model's prices per million tokens; cached input is part of input. Undefined where the model has no price. */
export function costOf(usage: Usage, spec: ModelSpec, images = 0): number | undefined {
  if (spec.provider === "offline" || spec.provider === "transformers") return 0;
  const { price } = spec;
  if (price === undefined) return undefined;
  const cached = Math.min(usage.cached_input, usage.input);
  const input = price.input ?? 0;
  return ((usage.input - cached) * input + cached * (price.cached_input ?? input) + usage.output * (price.output ?? 0)) / 1e6 + images * (price.image ?? 0);
}

/** Who bought what, by stage and role, and by cell. */
export class Ledger {
  private readonly rows = new Map<string, LedgerRow>();
  private readonly cells = new Map<string, { made: number; stored: number; cost: number }>();

  /** Counts one answer; `made` where it was bought now. */
  add(caller: Caller, role: string, spec: ModelSpec, made: boolean, usage: Usage, images = 0): void {
    const cost = costOf(usage, spec, images);
    const name = `${caller.stage}\0${role}`;
    let row = this.rows.get(name);
    if (row === undefined) {
      row = { stage: caller.stage, role, model: spec.model, made: 0, stored: 0, usage: { input: 0, cached_input: 0, output: 0 } };
      this.rows.set(name, row);
    }
    let cell = this.cells.get(caller.cell);
    if (cell === undefined) {
      cell = { made: 0, stored: 0, cost: 0 };
      this.cells.set(caller.cell, cell);
    }
    if (made) {
      row.made++;
      cell.made++;
      cell.cost += cost ?? 0;
      row.usage.input += usage.input;
      row.usage.cached_input += usage.cached_input;
      row.usage.output += usage.output;
      if (cost !== undefined) row.cost = (row.cost ?? 0) + cost;
    } else {
      row.stored++;
      cell.stored++;
      if (cost !== undefined) row.saved = (row.saved ?? 0) + cost;
    }
  }

  list(): LedgerRow[] {
    const by = (row: LedgerRow): string => `${row.stage}\0${row.role}`;
    return [...this.rows.values()].sort((a, b) => (by(a) < by(b) ? -1 : 1)).map((row) => ({ ...row, usage: { ...row.usage } }));
  }

  cell(name: string): { made: number; stored: number; cost: number } {
    return { ...(this.cells.get(name) ?? { made: 0, stored: 0, cost: 0 }) };
  }
}
