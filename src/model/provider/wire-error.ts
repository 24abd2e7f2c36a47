import { WireFailure } from "./types.ts";
import type { WireReason } from "./types.ts";

/** A server's refusal as it comes: status, headers, and the `error` object. */
export interface Refusal {
  status: number | undefined;
  header(name: string): string | null | undefined;
  code: string | number | null | undefined;
  type: string | null | undefined;
  param: string | null | undefined;
  message: string;
}

const QUOTA = /insufficient_quota|billing_hard_limit|billing_not_active|credit balance|exceeded your current quota|insufficient (funds|credits)/i;

/** Milliseconds of Retry-After: seconds or a date (RFC 9110, 10.2.3), or `retry-after-ms`. No bound. */
export function retryAfterOf(header: Refusal["header"], now: number): number | undefined {
  const ms = Number(header("retry-after-ms") ?? NaN);
  if (ms >= 0) return ms;
  const value = header("retry-after");
  if (value === null || value === undefined || value === "") return undefined;
  const seconds = Number(value);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function reasonOf({ status, code, type, message }: Refusal): WireReason {
  const words = `${code ?? ""} ${type ?? ""} ${message}`;
  if (status === 402) return "quota";
  if (status === 429 || code === "rate_limit_exceeded") return QUOTA.test(words) ? "quota" : "rate";
  if (status === 401 || status === 403) return "auth";
  if (status === 408 || status === 409 || status === undefined || status >= 500) return "server";
  return "request";
}

/** The failure a refusal is. `clean` takes credentials out of the server's words. */
export function failureOf(refusal: Refusal, now: number, clean: (text: string) => string): WireFailure {
  const reason = reasonOf(refusal);
  const words = clean(refusal.message).replace(/\s+/g, " ").slice(0, 500);
  const message = refusal.status === undefined ? words : `${refusal.status} ${words}`;
  return new WireFailure(reason, message, {
    status: refusal.status,
    retryAfterMs: reason === "rate" || reason === "server" ? retryAfterOf(refusal.header, now) : undefined,
    param: refusal.param ?? undefined,
  });
}

/** The failure in a 200 whose body is an `error`, as routers send when the model behind them fails; undefined for an answer. */
export function failureIn(response: unknown, now: number, clean: (text: string) => string): WireFailure | undefined {
  if (typeof response !== "object" || response === null || Array.isArray(response)) return new WireFailure("transport", "the answer is no JSON object");
  const body = response as Record<string, unknown>;
  const choice: unknown = Array.isArray(body["choices"]) ? body["choices"][0] : undefined;
  const inside = typeof choice === "object" && choice !== null ? (choice as Record<string, unknown>)["error"] : undefined;
  const error = body["error"] ?? inside;
  // Neither an answer nor a bill: what a proxy or another kind of server says.
  if (error === undefined || error === null) return body["choices"] ?? body["data"] ?? body["usage"] ? undefined : new WireFailure("server", `no answer but ${clean(JSON.stringify(response)).slice(0, 200)}`);
  const { code, type, param, message } = (typeof error === "object" ? error : { message: String(error) }) as Record<string, unknown>;
  const status = typeof code === "number" && code >= 400 && code < 600 ? code : typeof code === "string" && /^[45]\d\d$/.test(code) ? Number(code) : undefined;
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return failureOf({ status, code: text(code), type: text(type), param: text(param), message: text(message) ?? JSON.stringify(error), header: () => null }, now, clean);
}
