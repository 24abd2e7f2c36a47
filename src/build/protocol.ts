import type { Json } from "../stage/index.ts";
import type { CellOutcome, ItemCounts, ModuleJob } from "./job.ts";

/** Main thread → worker. */
export type ToWorker =
  | { type: "run"; job: ModuleJob }
  /** Start nothing new; finish what is under way. */
  | { type: "abort"; reason: string }
  | { type: "answer"; id: number; result: unknown }
  | { type: "refused"; id: number; error: FailureShape };

/** Worker → main thread. */
export type FromWorker =
  | { type: "call"; id: number; method: "chat" | "embed" | "image"; role: string; request: Record<string, unknown>; item?: string }
  | { type: "items"; counts: ItemCounts }
  /** The system's number of the thread, at the start of a run: what it started is found by it. */
  | { type: "thread"; thread: number }
  /** The thread is not blocked. */
  | { type: "beat" }
  | { type: "log"; message: string; item?: string }
  | { type: "done"; outcome: CellOutcome }
  | { type: "failed"; error: FailureShape; outcome?: Partial<CellOutcome> };

/** An error that has crossed a thread. */
export interface FailureShape {
  message: string;
  /** First frame inside the project, `stages/x.ts:12:5`. */
  at?: string;
  /** A CallFailureKind, where a model call failed. */
  call?: string;
}

/** What an answered call carries besides its result: the keys of the answers behind it, and of a chat the schema file it read. */
export interface CallReply {
  result: Json;
  keys: string[];
  reads?: Record<string, string>;
}
