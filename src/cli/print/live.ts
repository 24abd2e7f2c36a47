import type { BuildEvent, Calls } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { callsText, duration } from "./words.ts";

/** Where a build stands: cells done of total, what runs, items, calls, cost, time. */
export class Standing {
  private total = 0;
  private done = 0;
  private status: { line: string; until: number | undefined } | undefined;
  private readonly running = new Map<string, string>();
  private readonly spent = new Map<string, { calls: Calls; cost: number }>();
  private readonly started = performance.now();

  note(event: BuildEvent): void {
    switch (event.type) {
      case "planned":
        this.total = event.plans.length;
        break;
      case "started":
        this.running.set(event.cell, "");
        break;
      case "items": {
        const { ran, kept, failed, total } = event.counts;
        this.running.set(event.cell, ` ${ran + kept + failed}/${total}${failed > 0 ? ` (${failed} failed)` : ""}`);
        break;
      }
      case "calls":
        this.spent.set(event.cell, event);
        break;
      case "cell":
        this.running.delete(event.cell);
        this.done++;
        break;
      case "status":
        this.status = event.line === undefined ? undefined : { line: event.line, until: event.ms === undefined ? undefined : performance.now() + event.ms };
        break;
      case "log":
      case "warning":
      case "waiting":
        break;
      default:
        event satisfies never;
    }
  }

  /** Undefined while nothing runs. */
  line(): string | undefined {
    if (this.running.size === 0) return undefined;
    const spent = [...this.spent.values()];
    const sum = (of: (s: { calls: Calls; cost: number }) => number): number => spent.reduce((total, s) => total + of(s), 0);
    const parts = [`[${this.done}/${this.total}]`, ...this.waiting(), [...this.running].map(([cell, items]) => `${cell}${items}`).join(", ")];
    const calls = callsText({ made: sum((s) => s.calls.made), stored: sum((s) => s.calls.stored) }, sum((s) => s.cost));
    if (calls !== undefined) parts.push(calls);
    parts.push(duration(performance.now() - this.started));
    return parts.join(" · ");
  }

  /** First of all, lest a narrow terminal cut it off. */
  private waiting(): string[] {
    if (this.status === undefined) return [];
    const { line, until } = this.status;
    const left = until === undefined ? "" : `, ${seconds(until - performance.now())}`;
    return [`${printable(line)}${left}`];
  }
}

/** The progress line of a terminal, redrawn ten times a second. */
export class LiveLine {
  private readonly timer: NodeJS.Timeout;
  private drawn = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly standing: Standing,
  ) {
    this.timer = setInterval(() => this.draw(), 100);
    this.timer.unref();
  }

  draw(): void {
    const line = this.standing.line();
    if (line === undefined) return this.clear();
    this.stream.write(`\r${clip(line, (this.stream.columns || 80) - 1)}\u001b[K`);
    this.drawn = true;
  }

  clear(): void {
    if (this.drawn) this.stream.write("\r\u001b[K");
    this.drawn = false;
  }

  stop(): void {
    clearInterval(this.timer);
    this.clear();
  }
}

/** `87 s`, `2 min 05 s`: whole seconds still to wait. */
const seconds = (ms: number): string => (ms < 60_000 ? `${Math.max(0, Math.ceil(ms / 1000))} s` : duration(ms));

const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`);
