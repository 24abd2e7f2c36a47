/**
 * What the build asks of the models. One gateway per run; it lives in the main process, stage workers reach it by message.
 */
import type { CallResult, ChatRequest, ImageRequest, Json } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import type { CallKey } from "./key.ts";

/** Who asks: for scope, messages and the ledger. Never part of a key, except through `scope`. */
export interface Caller {
  cell: string;
  stage: string;
  /** Item id in an `each` stage. */
  item?: string;
  /** Fires when nobody waits for the answer any more: what has not left yet stays; an answer on the wire is kept. */
  signal?: AbortSignal;
  /** Told the key of every answer it is given, attempts that were not usable too. */
  heard?: (key: CallKey) => void;
}

export interface GatewayOptions {
  /** Absolute project root: the default store is <root>/cache/calls, keys of the environment are read per model. */
  root: string;
  /** DAG_CACHE, or undefined for the embedded store. */
  store?: string;
  models: Record<string, ModelSpec>;
  /** No call may leave; the first missing one is explained, or (`quiet`) only refused. */
  frozen?: boolean | "quiet";
  maxCalls?: number;
  /** USD. */
  maxCost?: number;
  /** What counts towards these two already; what is bought is added. */
  spent?: { calls: number; cost: number };
  /** Aborts waiting and queued calls; answers already on the wire are awaited for a grace time and stored. */
  signal: AbortSignal;
  env: Record<string, string | undefined>;
  /** What is waited for, e.g. "gpt-4o: waiting for the rate limit", and for how many milliseconds at most; undefined when for nothing. */
  onStatus?: (line: string | undefined, ms?: number) => void;
  /** Something the user should know, e.g. a damaged entry, or one alias answered by two snapshots. Each is said once. */
  onWarning?: (line: string) => void;
  /** Every answer that is given out, by key. */
  onAnswer?: (key: CallKey) => void;
}

/** Totals of one stage and model role. */
export interface LedgerRow {
  stage: string;
  role: string;
  model: string;
  made: number;
  stored: number;
  usage: { input: number; cached_input: number; output: number };
  /** USD spent now; undefined where the model has no price. */
  cost?: number;
  /** USD the stored answers would have cost. */
  saved?: number;
  /** Requests that left and whose answer has not come: the server may bill them. Absent where there are none. */
  unanswered?: number;
  /** USD they may cost at most. */
  at_risk?: number;
}

export interface ChatCall {
  role: string;
  request: ChatRequest;
  /** Resolved JSON Schema with the name that structured output carries (file name without `.schema.json`). */
  schema?: { name: string; schema: { [key: string]: Json } };
}

export interface Gateway {
  chat(call: ChatCall, caller: Caller): Promise<CallResult<Json | undefined>>;
  embed(call: { role: string; texts: string[]; options?: { scope?: string; [field: string]: unknown } }, caller: Caller): Promise<CallResult<Float32Array[]>>;
  image(call: { role: string; request: ImageRequest }, caller: Caller): Promise<CallResult<Uint8Array>>;
  /** Rows so far, sorted by stage then role. */
  ledger(): LedgerRow[];
  /** Calls made and stored of one cell so far. */
  calls(cell: string): { made: number; stored: number; cost: number };
  /** Waits for writes to be durable and closes the store. */
  close(): Promise<void>;
}

/** Why the gateway refused or failed. The `message` is fit to print; `kind` decides the exit code. */
export type CallFailureKind =
  | "frozen" | "budget" // exit 4
  | "quota" | "auth" | "request" | "transport" | "store" | "capability" | "outcome" // exit 1
  | "aborted";

export class CallError extends Error {
  override name = "CallError";
  readonly kind: CallFailureKind;
  constructor(kind: CallFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
