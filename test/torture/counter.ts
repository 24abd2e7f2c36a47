import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { open } from "lmdb";
import { say, startServer } from "../rig/server.ts";
import type { RigServer } from "../rig/server.ts";
import type { Dice } from "./dice.ts";

/** A process that dies may have an answer in hand that is not yet on its disk; not for longer than this, however busy the machine. */
const IN_HAND_MS = 10_000;

/** An OpenAI-compatible server that counts how often each question was asked, and which answers a kill took away. */
export class Counter {
  private readonly asked = new Map<string, number>();
  private readonly excused = new Map<string, number>();
  private readonly open = new Set<string>();
  private readonly answered = new Map<string, number>();
  private readonly log: string[] = [];
  private constructor(private readonly server: RigServer) {}

  static async start(dice: Dice): Promise<Counter> {
    const server = await startServer();
    const counter = new Counter(server);
    server.otherwise = async ({ body }) => {
      const question = (body as { messages: { content: string }[] }).messages.map(({ content }) => content).join("\n");
      counter.asked.set(question, (counter.asked.get(question) ?? 0) + 1);
      counter.open.add(question);
      counter.note(`asked ${question}`);
      await new Promise((go) => setTimeout(go, dice.int(0, 30)));
      counter.open.delete(question);
      counter.answered.set(question, performance.now());
      return say(answerTo(question));
    };
    return counter;
  }

  get url(): string {
    return this.server.url;
  }

  /** A process was killed with -9 and is gone: what was under way and is not in its store may be asked once more. */
  async killed(store: string): Promise<void> {
    // What it had sent lies in this process's sockets: some turns of the loop, and it has been read.
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    const recent = performance.now() - IN_HAND_MS;
    const inHand = new Set([...this.open, ...[...this.answered].filter(([, at]) => at > recent).map(([question]) => question)]);
    const kept = await answersIn(store);
    const lost = [...inHand].filter((question) => !kept.some((text) => text.includes(JSON.stringify(answerTo(question)))));
    for (const question of lost) this.excused.set(question, (this.excused.get(question) ?? 0) + 1);
    this.note(`killed, without ${JSON.stringify(lost)}`);
  }

  note(what: string): void {
    this.log.push(`${(performance.now() / 1000).toFixed(3)} ${what}`);
  }

  /** Questions that were bought more often than once and no kill excuses, with all that happened. */
  boughtTwice(): string[] {
    const twice = [...this.asked].filter(([question, times]) => times > 1 + (this.excused.get(question) ?? 0));
    return twice.length === 0 ? [] : [...twice.map(([question, times]) => `${question}: ${String(times)} times`), ...this.log];
  }

  get total(): number {
    return [...this.asked.values()].reduce((sum, times) => sum + times, 0);
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

const answerTo = (question: string): string => `answer to ${question}`;

/** The entries of a project's embedded call store, past the tool's own code. */
async function answersIn(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const db = open<string, string>({ path, encoding: "string", readOnly: true });
  try {
    return Array.from(db.getRange(), ({ value }) => value);
  } finally {
    await db.close();
  }
}
