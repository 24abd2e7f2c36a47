import { detailOf } from "../build/index.ts";
import type { UnderWay } from "../build/index.ts";
import { describeReason } from "../plan/index.ts";
import type { Reason } from "../plan/index.ts";

/** One thing that is not as it was, for all the cells it makes stale. */
export interface Changed {
  /** `prompts.answer changed 1a2b3c4d → 5e6f7a8b`. */
  message: string;
  /** File and line, old → new; none where nothing more can be told. */
  detail: string[];
  cells: string[];
}

/** What makes the cells of a build stale: each cause once, with what exactly it is. What only follows from another cell is left out. */
export async function changesOf({ state, plans }: UnderWay): Promise<Changed[]> {
  const found = new Map<string, Changed>();
  for (const { cell, reasons } of plans) {
    for (const reason of reasons) {
      if (follows(reason)) continue;
      const message = describeReason(reason);
      const known = found.get(message);
      if (known !== undefined) known.cells.push(cell.id);
      else found.set(message, { message, detail: await detailOf(state, cell, reason, false), cells: [cell.id] });
    }
  }
  // Two stages that read one file, or two files of one name: what was changed is said once.
  const byDetail = new Map<string, Changed>();
  for (const change of found.values()) {
    const key = change.detail.length === 0 ? change.message : change.detail.join("\n");
    const known = byDetail.get(key);
    if (known === undefined) byDetail.set(key, change);
    else known.cells.push(...change.cells);
  }
  return [...byDetail.values()];
}

const follows = (reason: Reason): boolean => reason.kind === "upstream" || reason.kind === "failed" || ("label" in reason && reason.label.startsWith("needs."));
