import type { KeyedCall, WireBody } from "../key.ts";

export type WireReason =
  | "rate" // 429: slower
  | "quota" // 429 for want of money: stop
  | "auth" // 401, 403
  | "request" // 400, 404, 422 …: asking again will not help
  | "server" // 408, 409, 5xx, an `error` body of that kind
  | "transport" // reset, timeout, no JSON
  | "aborted";

/** A request that got no answer. The message is fit to print: no credentials in it. */
export class WireFailure extends Error {
  override name = "WireFailure";
  readonly reason: WireReason;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** The request's field the server complains of. */
  readonly param: string | undefined;

  constructor(reason: WireReason, message: string, more: { status?: number | undefined; retryAfterMs?: number | undefined; param?: string | undefined; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.reason = reason;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
    this.param = more.param;
  }
}

/** One try of one request. */
export interface Provider {
  /** In process and free: no limits, retries, claims or price. */
  readonly local: boolean;
  send(kind: KeyedCall["kind"], body: WireBody, signal: AbortSignal): Promise<WireBody>;
}
