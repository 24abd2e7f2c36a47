import type { Clock } from "./clock.ts";
import { WireFailure } from "./provider/types.ts";
import type { WireReason } from "./provider/types.ts";
import type { Say } from "./status.ts";

export interface Limits {
  rpm?: number;
  tpm?: number;
  concurrency?: number;
}

/** Most requests at once where the model sets none. */
export const DEFAULT_CONCURRENCY = 32;
const MINUTE = 60_000;

/** Leave to send one request; `done` gives it back and tells how it went. */
export interface Slot {
  done(outcome: "ok" | WireReason, usedTokens?: number, retryAfterMs?: number): void;
}

interface Sent {
  at: number;
  tokens: number;
  /** More than a minute ago. */
  past: boolean;
}

interface Waiter {
  tokens: number;
  resolve(slot: Slot): void;
  reject(error: unknown): void;
}

/**
 * The way to one model: requests and tokens in any 60 s stay under its limits, requests at once under an adaptive window. The window starts
 * small, doubles with success until the first 429, then grows by one per round; a 429 halves it once per round, a 5xx stops growth for a
 * round; Retry-After holds everybody. Stages take turns.
 *
 *   admitted ──► on the wire ──► done(ok) ──► window grows
 *      ▲                          done(rate) ─► window halves, lane pauses for Retry-After
 *   queue of each stage, in turn
 */
export class Lane {
  private readonly queues = new Map<string, Waiter[]>();
  private turn: string[] = [];
  private sent: Sent[] = [];
  private sentTokens = 0;
  private window: number;
  private doubling = true;
  private growth = 0;
  private holdGrowth = 0;
  private round = 0;
  private active = 0;
  private pausedUntil = 0;
  private waking: AbortController | undefined;
  private readonly cap: number;

  constructor(
    private readonly name: string,
    private readonly limits: Limits,
    private readonly clock: Clock,
    private readonly onStatus: Say,
    private readonly signal: AbortSignal,
  ) {
    this.cap = Math.max(1, limits.concurrency ?? DEFAULT_CONCURRENCY);
    this.window = Math.min(this.cap, 8);
    signal.addEventListener("abort", () => this.clear(), { once: true });
  }

  /** Waits for leave to send. Rejects with a WireFailure of reason `aborted`. */
  admit(stage: string, tokens: number, first = false): Promise<Slot> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) {
        reject(new WireFailure("aborted", "interrupted"));
        return;
      }
      let queue = this.queues.get(stage);
      if (queue === undefined) {
        queue = [];
        this.queues.set(stage, queue);
        this.turn.push(stage);
      }
      const waiter = { tokens, resolve, reject };
      if (first) queue.unshift(waiter);
      else queue.push(waiter);
      this.pump();
    });
  }

  private pump(): void {
    while (this.turn.length > 0 && this.active < Math.floor(this.window)) {
      const stage = this.turn[0] as string;
      const queue = this.queues.get(stage) as Waiter[];
      const waiter = queue[0] as Waiter;
      const wait = this.waitFor(waiter.tokens);
      if (wait > 0) {
        this.wakeIn(wait);
        return;
      }
      queue.shift();
      this.turn.shift();
      if (queue.length > 0) this.turn.push(stage);
      else this.queues.delete(stage);
      waiter.resolve(this.slot(waiter.tokens));
    }
  }

  /** Milliseconds until a request of so many tokens may go. */
  private waitFor(tokens: number): number {
    const now = this.clock.now();
    if (now < this.pausedUntil) return this.pausedUntil - now;
    const { rpm, tpm } = this.limits;
    if (rpm === undefined && tpm === undefined) return 0;
    for (let oldest = this.sent[0]; oldest !== undefined && oldest.at <= now - MINUTE; oldest = this.sent[0]) {
      this.sent.shift();
      oldest.past = true;
      this.sentTokens -= oldest.tokens;
    }
    let wait = 0;
    if (rpm !== undefined && this.sent.length >= Math.max(1, rpm)) wait = (this.sent[this.sent.length - Math.max(1, rpm)] as Sent).at + MINUTE - now;
    if (tpm !== undefined && this.sentTokens + tokens > tpm && this.sent.length > 0) {
      // One request above the whole limit goes alone.
      let left = this.sentTokens + Math.min(tokens, tpm) - tpm;
      for (const { at, tokens: freed } of this.sent) {
        if (left <= 0) break;
        left -= freed;
        wait = Math.max(wait, at + MINUTE - now);
      }
    }
    return wait;
  }

  private slot(tokens: number): Slot {
    this.active++;
    const round = this.round;
    const record: Sent = { at: this.clock.now(), tokens, past: false };
    if (this.limits.rpm !== undefined || this.limits.tpm !== undefined) {
      this.sent.push(record);
      this.sentTokens += tokens;
    }
    let open = true;
    return {
      done: (outcome, usedTokens, retryAfterMs) => {
        if (!open) return;
        open = false;
        this.active--;
        if (usedTokens !== undefined && !record.past) {
          this.sentTokens += usedTokens - record.tokens;
          record.tokens = usedTokens;
        }
        this.adapt(outcome, round, retryAfterMs);
        this.pump();
      },
    };
  }

  private adapt(outcome: "ok" | WireReason, round: number, retryAfterMs: number | undefined): void {
    if (retryAfterMs !== undefined && (outcome === "rate" || outcome === "server")) this.pausedUntil = Math.max(this.pausedUntil, this.clock.now() + retryAfterMs);
    if (outcome === "ok") {
      if (this.holdGrowth > 0) this.holdGrowth--;
      else if (this.window < this.cap) {
        this.growth += this.doubling ? 1 : 1 / this.window;
        const steps = Math.floor(this.growth);
        this.growth -= steps;
        this.window = Math.min(this.cap, this.window + steps);
      }
    } else if (outcome === "rate" && round === this.round) {
      // Those sent before the last halving say nothing about the new window.
      this.round++;
      this.doubling = false;
      this.window = Math.max(1, Math.floor(this.window / 2));
    } else if (outcome === "server" || outcome === "transport") {
      this.doubling = false;
      this.holdGrowth = Math.ceil(this.window);
    }
  }

  private wakeIn(ms: number): void {
    if (this.waking !== undefined) return;
    const waking = new AbortController();
    this.waking = waking;
    if (ms >= 1000) this.onStatus(`${this.name}: waiting for the rate limit`, ms);
    const stop = (): void => waking.abort();
    this.signal.addEventListener("abort", stop, { once: true });
    void this.clock.sleep(ms, waking.signal).then(() => {
      this.signal.removeEventListener("abort", stop);
      this.waking = undefined;
      this.onStatus(undefined);
      this.pump();
    });
  }

  private clear(): void {
    const waiting = [...this.queues.values()].flat();
    this.queues.clear();
    this.turn = [];
    for (const waiter of waiting) waiter.reject(new WireFailure("aborted", "interrupted"));
  }
}
