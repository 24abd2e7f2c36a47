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
  private readonly risks = new Map<LedgerRow, Set<{ cost: number | undefined }>>();
  private readonly rows = new Map<string, LedgerRow>();
  private readonly cells = new Map<string, { made: number; stored: number; cost: number }>();

  /** Counts one answer; `made` where it was bought now. */
  add(caller: Caller, role: string, spec: ModelSpec, made: boolean, usage: Usage, images = 0): void {
    const cost = costOf(usage, spec, images);
    const row = this.row(caller.stage, role, spec);
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

  /** Notes a request that leaves, of at most this usage; the function returned takes it back where an answer came or none is billed. */
  risk(stage: string, role: string, spec: ModelSpec, usage: Usage, images: number): () => void {
    const row = this.row(stage, role, spec);
    let risks = this.risks.get(row);
    if (risks === undefined) this.risks.set(row, (risks = new Set()));
    const risk = { cost: costOf(usage, spec, images) };
    risks.add(risk);
    return () => risks.delete(risk);
  }

  private row(stage: string, role: string, spec: ModelSpec): LedgerRow {
    const name = `${stage}\0${role}`;
    let row = this.rows.get(name);
    if (row === undefined) this.rows.set(name, (row = { stage, role, model: spec.model, made: 0, stored: 0, usage: { input: 0, cached_input: 0, output: 0 } }));
    return row;
  }

  list(): LedgerRow[] {
    const by = (row: LedgerRow): string => `${row.stage}\0${row.role}`;
    return [...this.rows.values()].sort((a, b) => (by(a) < by(b) ? -1 : 1)).map((row) => ({ ...row, usage: { ...row.usage }, ...this.riskOf(row) }));
  }

  private riskOf(row: LedgerRow): Pick<LedgerRow, "unanswered" | "at_risk"> {
    const risks = [...(this.risks.get(row) ?? [])];
    if (risks.length === 0) return {};
    const costs = risks.flatMap(({ cost }) => cost ?? []);
    return { unanswered: risks.length, ...(costs.length === 0 ? {} : { at_risk: costs.reduce((sum, cost) => sum + cost, 0) }) };
  }

  cell(name: string): { made: number; stored: number; cost: number } {
    return { ...(this.cells.get(name) ?? { made: 0, stored: 0, cost: 0 }) };
  }
}
