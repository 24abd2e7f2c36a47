import type { LedgerRow } from "../model/index.ts";
import type { Diagnostic } from "../pipeline/index.ts";
import type { CellPlan, Reason } from "../plan/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { ItemCounts, ItemFailure } from "./job.ts";

export type CellResult = "ran" | "restored" | "fresh" | "failed" | "skipped";

export interface Calls {
  made: number;
  stored: number;
}

/** Everything a build tells while it goes on; printers render it, nothing else does. */
export type BuildEvent =
  /** Another process builds here; told again while waiting. */
  | { type: "waiting"; pid: number; host: string; command: string; sinceMs: number }
  | { type: "planned"; plans: CellPlan[] }
  | { type: "started"; cell: string }
  | { type: "items"; cell: string; counts: ItemCounts }
  /** Calls of a cell so far. */
  | { type: "calls"; cell: string; calls: Calls; cost: number }
  | { type: "log"; cell: string; message: string; item?: string }
  /** What the models are waiting for, and for how many milliseconds at most; undefined when for nothing. */
  | { type: "status"; line: string | undefined; ms?: number }
  | { type: "warning"; message: string }
  | {
      type: "cell";
      cell: string;
      outcome: CellResult;
      reasons: Reason[];
      items?: ItemCounts;
      calls: Calls;
      cost: number;
      artifact?: Sha256;
      ms: number;
      /** Why it failed or was skipped. */
      message?: string;
      failures?: ItemFailure[];
    };

/** How a build ended. `refused`: frozen or budget (exit 4). */
export type BuildEnd =
  | ({ kind: "done" | "failed" | "refused" | "interrupted" } & BuildTotals & { message?: string })
  /** Nothing ran: declared inputs are missing. */
  | { kind: "missing"; mistakes: Diagnostic[] };

export interface BuildTotals {
  ran: string[];
  restored: string[];
  fresh: number;
  failed: string[];
  skipped: string[];
  /** Artifacts of cells that the pipeline no longer has, removed from the artifacts directory. */
  removed: string[];
  calls: Calls;
  cost: number;
  saved: number;
  /** By stage and model: spent, saved, at risk. */
  ledger: LedgerRow[];
  ms: number;
}
