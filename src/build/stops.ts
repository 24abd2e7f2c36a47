import { setMaxListeners } from "node:events";
import type { CellId } from "../pipeline/index.ts";
import { Interrupted } from "./failure.ts";

/** Ends a build as a whole, or those of its cells that have been overtaken by a change of their inputs. */
export class Stops {
  private readonly whole = new AbortController();
  private readonly running = new Map<CellId, AbortController>();
  private readonly stale = new Set<CellId>();

  constructor() {
    setMaxListeners(0, this.whole.signal); // every command under way listens
  }

  /** Of the whole build. */
  get signal(): AbortSignal {
    return this.whole.signal;
  }

  /** Has a part of it been overtaken? */
  get overtaken(): boolean {
    return this.stale.size > 0;
  }

  /** Nothing new may begin. */
  get closing(): boolean {
    return this.whole.signal.aborted || this.overtaken;
  }

  stop(): void {
    this.whole.abort(new Interrupted());
    for (const one of this.running.values()) one.abort(new Interrupted());
  }

  /** Ends these cells where they run, and lets nothing new begin. */
  overtake(cells: Iterable<CellId>): void {
    for (const id of cells) {
      this.stale.add(id);
      this.running.get(id)?.abort(new Interrupted());
    }
    this.settle();
  }

  /** With nobody left but the overtaken, what waits to be bought for them is not bought any more. */
  private settle(): void {
    if (this.overtaken && !this.whole.signal.aborted && [...this.running.keys()].every((id) => this.stale.has(id))) this.stop();
  }

  isOvertaken(id: CellId): boolean {
    return this.stale.has(id);
  }

  /** Runs a cell under a signal of its own. */
  async during<T>(id: CellId, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    setMaxListeners(0, own.signal);
    if (this.whole.signal.aborted || this.stale.has(id)) own.abort(new Interrupted());
    this.running.set(id, own);
    try {
      return await work(own.signal);
    } finally {
      this.running.delete(id);
      this.settle();
    }
  }
}
