import type { Clock } from "./clock.ts";

/** Says what is waited for, and for how long at most; undefined when it is over. */
export type Say = (line: string | undefined, ms?: number) => void;

/** What several wait for at once, shown as one line: the first to wait, and how many more. */
export class StatusBoard {
  private readonly waits = new Map<object, { line: string; until: number | undefined }>();

  constructor(
    private readonly clock: Clock,
    private readonly emit: Say,
  ) {}

  /** A voice of its own: what it says does not silence the others. */
  voice(): Say {
    const self = {};
    return (line, ms) => {
      if (line !== undefined) this.waits.set(self, { line, until: ms === undefined ? undefined : this.clock.now() + ms });
      else if (!this.waits.delete(self)) return;
      const [first] = this.waits.values();
      const more = this.waits.size > 1 ? ` (and ${this.waits.size - 1} more)` : "";
      if (first === undefined) this.emit(undefined);
      else this.emit(`${first.line}${more}`, first.until === undefined ? undefined : Math.max(0, first.until - this.clock.now()));
    };
  }

  /** A voice for many who wait for the same: silent when the last has ended. Returns what to call at the end. */
  shared(): (line: string, ms?: number) => () => void {
    const say = this.voice();
    let waiting = 0;
    return (line, ms) => {
      waiting++;
      say(line, ms);
      return () => {
        if (--waiting === 0) say(undefined);
      };
    };
  }
}
