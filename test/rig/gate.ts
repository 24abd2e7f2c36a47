import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { resolve } from "node:path";
import { repository } from "./run.ts";

/** What a gate says: who it is at first, then the orders it obeyed and the signals it ignored. */
interface Line {
  name?: string;
  pid?: number;
  cwd?: string;
  signal?: string;
  obeyed?: unknown;
}

/** One started gate process (or a module stage that connected by hand). */
export class Visitor {
  readonly lines: Line[] = [];
  /** Resolves when the process is gone: its end of the socket closes whatever killed it. */
  readonly gone: Promise<void>;
  isGone = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    readonly name: string,
    readonly pid: number,
    readonly cwd: string,
  ) {
    this.gone = new Promise((done) => socket.on("close", () => { this.isGone = true; done(); this.wake(); }));
  }

  hear(line: Line): void {
    this.lines.push(line);
    this.wake();
  }

  /** Sends an order and waits until it was obeyed (for `exit`: until the process is gone). */
  async order(order: { output?: string; copy?: boolean; say?: string; exit?: number; spawn?: boolean; detached?: boolean }): Promise<void> {
    const obeyed = (): number => this.lines.filter((line) => line.obeyed !== undefined).length;
    const before = obeyed();
    this.socket.write(`${JSON.stringify(order)}\n`);
    if (order.exit !== undefined) await this.gone;
    else await this.until(() => obeyed() > before);
  }

  /** Waits for a signal that a stubborn gate reports and ignores. */
  async signalled(signal: string): Promise<void> {
    await this.until(() => this.lines.some((line) => line.signal === signal));
  }

  private async until(there: () => boolean): Promise<void> {
    while (!there()) {
      if (this.socket.destroyed) throw new Error(`${this.name} is gone`);
      await new Promise<void>((wake) => this.waiters.push(wake));
    }
  }

  private wake(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }
}

/** The test's side of gates: a loopback server on which controllable stages report. */
export class Gate {
  private readonly visitors: Visitor[] = [];
  private readonly taken = new Set<Visitor>();
  private readonly sockets = new Set<Socket>();
  /** Why nobody is waited for any more. */
  private given: string | undefined;
  private waiters: (() => void)[] = [];

  private constructor(private readonly server: Server) {
    server.on("connection", (socket) => { this.greet(socket); });
  }

  static async open(): Promise<Gate> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Gate(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Argument list of a gate process, for `cmd` of a stage: flags, then the output's placeholder, then inputs'. */
  command(name: string, ...words: string[]): string[] {
    return [process.execPath, resolve(repository, "test/rig/gate.mjs"), String(this.port), name, ...(words.some((word) => !word.startsWith("--")) ? words : [...words, "{output}"])];
  }

  /** Module source that stops until it is told `{"exit":0}` and then returns what `then` says. */
  module(name: string, then: string): string {
    return `import { connect } from "node:net";
export default async (context) => {
  let item = "";
  try { item = "/" + context.item.id; } catch { /* a stage without items */ }
  const socket = connect(${String(this.port)}, "127.0.0.1");
  await new Promise((go, stop) => {
    socket.on("connect", () => socket.write(JSON.stringify({ name: ${JSON.stringify(name)} + item, pid: process.pid }) + "\\n"));
    socket.on("data", () => go());
    socket.on("error", stop);
    context.signal.addEventListener("abort", () => stop(new Error("aborted")));
  }).finally(() => socket.destroy());
  ${then}
};
`;
  }

  /** The next living process that reports under this name, come or coming; a test that waits in vain is told for whom. */
  async arrived(name: string): Promise<Visitor> {
    const late = setTimeout(() => { this.given = `${name} did not come; ${this.seen.join(", ") || "nobody"} did`; this.wake(); }, 30_000);
    try {
      return await this.next(name);
    } finally {
      clearTimeout(late);
    }
  }

  private async next(name: string): Promise<Visitor> {
    for (;;) {
      if (this.given !== undefined) throw new Error(this.given);
      const found = this.visitors.find((visitor) => visitor.name === name && !this.taken.has(visitor) && !visitor.isGone);
      if (found !== undefined) {
        this.taken.add(found);
        return found;
      }
      await new Promise<void>((wake) => this.waiters.push(wake));
    }
  }

  /** Names of all that ever reported, in order. */
  get seen(): string[] {
    return this.visitors.map((visitor) => visitor.name);
  }

  async close(): Promise<void> {
    for (const visitor of this.visitors) {
      if (visitor.pid > 0 && visitor.pid !== process.pid) try { process.kill(visitor.pid, "SIGKILL"); } catch { /* gone already */ }
    }
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((done) => this.server.close(() => { done(); }));
  }

  private wake(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }

  private greet(socket: Socket): void {
    this.sockets.add(socket);
    let visitor: Visitor | undefined;
    let rest = "";
    socket.setEncoding("utf8").on("error", () => undefined);
    socket.on("data", (text: string) => {
      rest += text;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const raw of lines) {
        const line = JSON.parse(raw) as Line;
        if (visitor === undefined) {
          visitor = new Visitor(socket, line.name ?? "?", line.pid ?? 0, line.cwd ?? "");
          this.visitors.push(visitor);
          this.wake();
        } else visitor.hear(line);
      }
    });
  }
}
