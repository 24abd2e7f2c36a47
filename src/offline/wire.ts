import type { Json } from "../stage/index.ts";

export type WireObject = { [key: string]: Json };

/** An error the simulator answers as an OpenAI-compatible server would: HTTP status and `error` body. */
export class WireError extends Error {
  override name = "WireError";
  readonly status: number;
  readonly code: string | undefined;
  readonly param: string | undefined;

  constructor(status: number, message: string, options: { code?: string; param?: string } = {}) {
    super(message);
    this.status = status;
    this.code = options.code;
    this.param = options.param;
  }

  /** The body of the HTTP answer. */
  body(): WireObject {
    const type = this.status === 429 ? "rate_limit_error" : this.status >= 500 ? "server_error" : "invalid_request_error";
    return { error: { message: this.message, type, param: this.param ?? null, code: this.code ?? null } };
  }
}

/** True for a JSON object. */
export function isObject(value: unknown): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
