import { acquire, StoreError } from "../store/index.ts";
import type { Lease } from "../store/index.ts";
import type { BuildRequest } from "./build.ts";
import type { BuildEnd, BuildTotals } from "./events.ts";
import type { Project } from "./project.ts";
import { leavers } from "./prune.ts";

export const emptyTotals = (): BuildTotals => ({ ran: [], restored: [], fresh: 0, failed: [], skipped: [], removed: [], calls: { made: 0, stored: 0 }, cost: 0, saved: 0, ledger: [], ms: 0 });

/** The turn to build in a project, or how the build ended without: interrupted in the wait for it, or fresh in a place that takes no writing. */
export async function lead(project: Project, request: BuildRequest): Promise<Lease | BuildEnd> {
  const { command, signal, emit } = request;
  try {
    return await acquire(project.places.lease, { command, signal, onWait: (owner, sinceMs) => emit({ type: "waiting", pid: owner.pid, host: owner.host, command: owner.command, sinceMs }) });
  } catch (error) {
    if (signal.aborted) return { kind: "interrupted", ...emptyTotals() };
    const denied = error instanceof StoreError && (error.reason === "read-only" || error.reason === "no-permission");
    const fresh = denied ? await allFresh(project, request) : undefined;
    if (fresh === undefined) throw error;
    return { kind: "done", ...emptyTotals(), fresh };
  }
}

/** How many cells there are where nothing has to be done, and so nothing to be written; otherwise undefined. */
async function allFresh(project: Project, { cells, forced }: BuildRequest): Promise<number | undefined> {
  const state = project.load(forced === undefined ? {} : { forced });
  const { cells: plans } = await state.planner.plan(cells.map(({ id }) => id));
  const idle = [...plans.values()].every(({ action }) => action === "fresh") && (await leavers(project, state)).length === 0;
  return idle ? plans.size : undefined;
}
