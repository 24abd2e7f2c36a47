import { renameSync, writeFileSync } from "node:fs";
import type { Project } from "./project.ts";
import type { DagEvent, Result, Running } from "./run.ts";

/** A running `dag watch`, heard event by event (with --json) or line by line; each wait goes on where the last one ended. */
export class Watching {
  private at = 0;

  constructor(
    readonly running: Running,
    private readonly project: Project,
  ) {}

  static start(project: Project, ...args: string[]): Watching {
    return new Watching(project.start("watch", "--json", ...args), project);
  }

  /** The next event that is meant; those before it are passed over. */
  async next(event: string, meant: (event: DagEvent) => boolean = () => true): Promise<DagEvent> {
    for (;;) {
      const from = this.at;
      const lines = this.running.stdout.split("\n").slice(0, -1);
      for (let i = from; i < lines.length; i++) {
        const found = JSON.parse(lines[i] ?? "") as DagEvent;
        if (found.event !== event || !meant(found)) continue;
        this.at = i + 1;
        return found;
      }
      await this.running.more();
    }
  }

  /** The next closing line: cells that ran and that were restored. */
  async built(): Promise<{ ok: boolean | undefined; ran: string[]; restored: string[] }> {
    const { ok, ran = [], restored = [] } = (await this.next("done")) as DagEvent & { restored?: string[] };
    return { ok, ran, restored };
  }

  /** Waits until nothing is being built and all is under watch. */
  async idle(): Promise<DagEvent> {
    return this.next("watching");
  }

  /** Saves as editors do: another file takes the place. */
  save(name: string, content: string): void {
    const path = this.project.path(name);
    writeFileSync(`${path}.new~`, content);
    renameSync(`${path}.new~`, path);
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<Result> {
    this.running.kill(signal);
    return this.running.result;
  }
}
