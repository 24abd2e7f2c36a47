import { CallError } from "./types.ts";

/**
 * The caps of a run. A call reserves its place before it is sent and settles it after, so the caps hold at any concurrency. Where the caps would
 * be passed only if every call in flight came out at its estimate, the next one waits for those to settle.
 */
export class Budget {
  private reserved = 0;
  private inFlight = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxCalls: number | undefined,
    private readonly maxCost: number | undefined,
    /** What counts towards the caps, and is counted on. */
    private readonly account: { calls: number; cost: number } = { calls: 0, cost: 0 },
  ) {}

  /** True where costs have to be known. */
  get countsCost(): boolean {
    return this.maxCost !== undefined;
  }

  /** Reserves one call of at most `cost` USD; throws a CallError of kind `budget` where it does not fit. */
  async reserve(cost: number): Promise<Reservation> {
    for (let again = false; ; again = true) {
      const callFits = this.maxCalls === undefined || this.account.calls + this.inFlight < this.maxCalls;
      const costFits = this.maxCost === undefined || this.account.cost + this.reserved + cost <= this.maxCost;
      if (callFits && costFits) break;
      if (this.inFlight === 0) throw callFits ? this.tooDear(cost) : this.tooMany();
      // In turn: who does not fit yet stays the first.
      await new Promise<void>((resolve) => (again ? this.waiting.unshift(resolve) : this.waiting.push(resolve)));
    }
    this.inFlight++;
    this.reserved += cost;
    this.wake(1);
    return {
      settle: (paid) => {
        this.inFlight--;
        this.reserved = this.inFlight === 0 ? 0 : this.reserved - cost;
        if (paid !== undefined) {
          this.account.calls++;
          this.account.cost += paid;
        }
        // With nothing in flight the rest will never fit: all are to hear it.
        this.wake(this.inFlight === 0 ? this.waiting.length : 1);
      },
    };
  }

  private wake(most: number): void {
    for (const wake of this.waiting.splice(0, most)) wake();
  }

  private tooMany(): CallError {
    return new CallError("budget", `the limit of ${this.maxCalls} ${this.maxCalls === 1 ? "call" : "calls"} is reached; what was bought is kept, run again with a higher --max-calls to go on`);
  }

  private tooDear(cost: number): CallError {
    return new CallError(
      "budget",
      `the next call may cost up to $${cost.toFixed(4)}, and $${this.account.cost.toFixed(4)} of $${this.maxCost} is spent; what was bought is kept, run again with a higher --max-cost to go on, or set max_tokens for a closer bound`,
    );
  }
}

export interface Reservation {
  /** What it cost, or undefined where no answer came. */
  settle(paid: number | undefined): void;
}
