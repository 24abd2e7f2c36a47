import type { BuildEvent } from "../../build/index.ts";
import { duration, money } from "./words.ts";

/** The progress line of a terminal: cells done of total, what runs, items, calls, cost, time. Redrawn at most ten times a second. */
export class LiveLine {
  private total = 0;
  private done = 0;
  private made = 0;
  private stored = 0;
  private cost = 0;
  private status: string | undefined;
  private readonly running = new Map<string, string>();
  private readonly started = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private drawn = false;
  private stopped = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  event(event: BuildEvent): void {
    switch (event.type) {
      case "planned":
        this.total = event.plans.length;
        this.timer = setInterval(() => this.draw(), 100);
        this.timer.unref();
        break;
      case "started":
        this.running.set(event.cell, "");
        break;
      case "items": {
        const { ran, kept, failed, total } = event.counts;
        this.running.set(event.cell, ` ${ran + kept + failed}/${total}${failed > 0 ? ` (${failed} failed)` : ""}`);
        break;
      }
      case "cell":
        this.running.delete(event.cell);
        this.done++;
        this.made += event.calls.made;
        this.stored += event.calls.stored;
        this.cost += event.cost;
        break;
      case "status":
        this.status = event.line;
        break;
      case "log":
      case "warning":
      case "waiting":
        break;
      default:
        event satisfies never;
    }
  }

  draw(): void {
    if (this.total === 0 || this.stopped || this.running.size === 0) return;
    const parts = [`[${this.done}/${this.total}]`, [...this.running].map(([cell, items]) => `${cell}${items}`).join(", ")];
    if (this.made + this.stored > 0) parts.push(`${this.made} calls${this.stored > 0 ? ` +${this.stored} stored` : ""}`);
    if (this.cost > 0) parts.push(money(this.cost));
    parts.push(duration(performance.now() - this.started));
    if (this.status !== undefined) parts.push(this.status);
    this.stream.write(`\r${clip(parts.join(" · "), (this.stream.columns || 80) - 1)}\u001b[K`);
    this.drawn = true;
  }

  clear(): void {
    if (this.drawn) this.stream.write("\r\u001b[K");
    this.drawn = false;
  }

  stop(): void {
    clearInterval(this.timer);
    this.clear();
    this.stopped = true;
  }
}

const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`);
