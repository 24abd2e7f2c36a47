import { StoreError, systemError } from "../store/index.ts";
import type { ItemCounts, ItemFailure } from "./job.ts";

/** A cell that did not come to an artifact. `call` is the kind of a failed model call: frozen and budget refuse the whole run. */
export class CellFailure extends Error {
  override name = "CellFailure";
  readonly call: string | undefined;
  readonly items: ItemCounts | undefined;
  readonly failures: ItemFailure[];
  constructor(message: string, details: { call?: string | undefined; items?: ItemCounts | undefined; failures?: ItemFailure[] } = {}) {
    super(message);
    this.call = details.call;
    this.items = details.items;
    this.failures = details.failures ?? [];
  }
}

/** The run was interrupted while the cell was built. */
export class Interrupted extends Error {
  override name = "AbortError";
  constructor() {
    super("interrupted");
  }
}

/** Inputs are no longer what the plan saw; nothing has run yet. */
export class InputsChanged extends Error {
  override name = "InputsChanged";
  constructor(changed: readonly string[]) {
    super(`${changed.join(", ")} changed before it could run`);
  }
}

/** A duration of a message, `1.5 s`. */
export const seconds = (ms: number): string => `${ms / 1000} s`;

/** The message of an error; where it is the disk's fault rather than the stage's, in the store's words and with what to do. */
export function messageOf(error: unknown): string {
  const known = systemError(error, "write", (error as { path?: string }).path ?? "the output");
  const ours = known instanceof StoreError && (known === error || known.reason === "no-space" || known.reason === "read-only" || known.reason === "too-many-open-files");
  if (!ours) return (error as Error).message;
  return known.advice === undefined ? known.message : `${known.message}; ${known.advice}`;
}
