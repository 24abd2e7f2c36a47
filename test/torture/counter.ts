import { say, startServer } from "../rig/server.ts";
import type { RigServer } from "../rig/server.ts";
import type { Dice } from "./dice.ts";

/** An OpenAI-compatible server that counts how often each question was asked, and which were under way at a kill. */
export class Counter {
  private readonly asked = new Map<string, number>();
  private readonly excused = new Map<string, number>();
  private readonly open = new Set<string>();
  private readonly answered = new Map<string, number>();
  private constructor(private readonly server: RigServer) {}

  static async start(dice: Dice): Promise<Counter> {
    const server = await startServer();
    const counter = new Counter(server);
    server.otherwise = async ({ body }) => {
      const question = (body as { messages: { content: string }[] }).messages.map(({ content }) => content).join("\n");
      counter.asked.set(question, (counter.asked.get(question) ?? 0) + 1);
      counter.open.add(question);
      await new Promise((go) => setTimeout(go, dice.int(0, 30)));
      counter.open.delete(question);
      counter.answered.set(question, performance.now());
      return say(`answer to ${question}`);
    };
    return counter;
  }

  get url(): string {
    return this.server.url;
  }

  /** A process was killed: what was under way, or answered a moment ago and perhaps not yet on its disk, may be asked once more. */
  killed(): void {
    const recent = performance.now() - 500;
    const excuse = new Set([...this.open, ...[...this.answered].filter(([, at]) => at > recent).map(([question]) => question)]);
    for (const question of excuse) this.excused.set(question, (this.excused.get(question) ?? 0) + 1);
  }

  /** Questions that were bought more often than once and no kill excuses. */
  boughtTwice(): string[] {
    return [...this.asked].filter(([question, times]) => times > 1 + (this.excused.get(question) ?? 0)).map(([question, times]) => `${question}: ${String(times)} times`);
  }

  get total(): number {
    return [...this.asked.values()].reduce((sum, times) => sum + times, 0);
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}
