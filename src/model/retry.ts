import type { Clock } from "./clock.ts";
import type { Lane } from "./lane.ts";
import { WireFailure } from "./provider/types.ts";

/** Tries of a request that fails for a reason that may pass; rate limits are waited for without end. */
export const MOST_TRIES = 8;
const BASE_MS = 500;
const LONGEST_MS = 60_000;

/**
 * Full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter"): uniform in [0, min(60 s, 0.5 s · 2^failures)]. `failures` counts
 * from 1.
 */
export function backoffMs(failures: number, random: number): number {
  return random * Math.min(LONGEST_MS, BASE_MS * 2 ** Math.min(failures, 20));
}

export interface Sending<T> {
  stage: string;
  /** Estimate of input and output. */
  tokens: number;
  send(): Promise<{ value: T; tokens: number }>;
  /** Told of a wait before the next try; what it returns is called after it. */
  rest?(failure: WireFailure, ms: number): () => void;
}

/** Sends until there is an answer: 408, 409, 5xx and broken connections up to 8 times, 429 for as long as it takes. Other failures are thrown at once. */
export async function sendWithRetries<T>(sending: Sending<T>, lane: Lane, clock: Clock, signal: AbortSignal): Promise<T> {
  let broken = 0;
  let limited = 0;
  for (;;) {
    const slot = await lane.admit(sending.stage, sending.tokens, broken + limited > 0);
    try {
      const { value, tokens } = await sending.send();
      slot.done("ok", tokens);
      return value;
    } catch (error) {
      if (!(error instanceof WireFailure)) {
        slot.done("request");
        throw error;
      }
      slot.done(error.reason, undefined, error.retryAfterMs);
      if (error.reason === "rate") limited++;
      else if (error.reason === "server" || error.reason === "transport") broken++;
      else throw error;
      if (broken >= MOST_TRIES) throw error;
      // The lane waits for Retry-After; a little jitter keeps the waiters from coming back as one.
      const ms = error.retryAfterMs === undefined ? backoffMs(broken + limited, clock.random()) : error.retryAfterMs + clock.random() * BASE_MS;
      const rested = sending.rest?.(error, ms);
      await clock.sleep(ms, signal);
      rested?.();
      if (signal.aborted) throw error;
    }
  }
}
