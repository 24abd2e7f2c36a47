import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Pause between two looks whether those that were asked to end have ended. */
export const POLL_MS = 50;

/** A process at one moment: `start` (clock ticks since boot) tells it from a later one with its id. */
interface Seen {
  pid: number;
  parent: number;
  group: number;
  start: string;
}

/** Who is at the head of a family. */
export interface Head {
  /** A process; its group belongs to it. */
  group?: number;
  /** A thread of this process, by the system's number of it: the processes it started. All of this process's where neither is given. */
  thread?: number;
  /** Whoever works in this directory, or holds a file open there. */
  place?: string;
}

/**
 * Processes with all that come from them, also those that have a session of their own; with a place, also those whose parents are gone. Linux only: elsewhere
 * there is no /proc, and nobody is found. This process is never one of them.
 */
export class Family {
  private readonly known = new Map<number, string>();
  constructor(private readonly head: Head) {}

  /** Sends a signal to all of them that live, and says how many there were. */
  signal(name: NodeJS.Signals): number {
    const { thread } = this.head;
    // The usual case of a stage that starts nothing, without a look at the whole machine.
    if (thread !== undefined && this.known.size === 0 && childrenOf(thread).size === 0) return 0;
    const living = processes();
    this.meet(living);
    const { place } = this.head;
    if (place !== undefined) this.meet(living, (pid) => isIn(pid, place));
    for (const pid of this.known.keys()) {
      try {
        process.kill(pid, name);
      } catch {
        // it has ended meanwhile, or belongs to somebody else
      }
    }
    return this.known.size;
  }

  /** Ends all of them without asking; again and again, as one of them may have had a child in the meantime. */
  async kill(): Promise<void> {
    for (let round = 0; round < 20 && this.signal("SIGKILL") > 0; round++) await sleep(POLL_MS);
  }

  /** Whether any of them lives, but for those that only their place gives away. */
  lives(): boolean {
    this.meet(processes());
    return this.known.size > 0;
  }

  /** Those once found stay known, whatever becomes of their parents. */
  private meet(living: readonly Seen[], belongs = (_pid: number): boolean => false): void {
    const starts = new Map(living.map(({ pid, start }) => [pid, start]));
    for (const [pid, start] of this.known) if (starts.get(pid) !== start) this.known.delete(pid);
    const children = new Map<number, Seen[]>();
    for (const seen of living) children.set(seen.parent, [...(children.get(seen.parent) ?? []), seen]);
    const add = (seen: Seen, known = false): void => {
      if (seen.pid === process.pid || (this.known.has(seen.pid) && !known)) return;
      this.known.set(seen.pid, seen.start);
      for (const child of children.get(seen.pid) ?? []) add(child);
    };
    const { group, thread } = this.head;
    const started = thread === undefined ? undefined : childrenOf(thread);
    const own = (seen: Seen): boolean => {
      if (group !== undefined) return seen.pid === group || seen.group === group;
      return started === undefined ? seen.parent === process.pid : started.has(seen.pid);
    };
    for (const seen of living) {
      const known = this.known.has(seen.pid);
      if (known || own(seen) || belongs(seen.pid)) add(seen, known);
    }
  }
}

/** Processes a thread of this one has started and that live, proc(5); none where the kernel does not say. */
function childrenOf(thread: number): Set<number> {
  try {
    return new Set((readFileSync(`/proc/self/task/${thread}/children`, "utf8").match(/\d+/g) ?? []).map(Number));
  } catch {
    return new Set();
  }
}

/** The system's number of this thread, proc(5); undefined elsewhere than on Linux. */
export function thisThread(): number | undefined {
  const number = /\/task\/(\d+)$/.exec(target("/proc/thread-self"))?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Every process that has not ended, by proc(5): its id, parent (field 4), group (5) and start time (22). */
function processes(): Seen[] {
  return names("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, "utf8");
    } catch {
      return []; // it has just ended
    }
    // The command in field 2 may hold spaces and parentheses.
    const [state = "", parent, group, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group), start: rest[16] ?? "" }];
  });
}

function isIn(pid: number, place: string): boolean {
  const inside = (link: string): boolean => `${target(link)}/`.startsWith(`${place}/`);
  return inside(`/proc/${pid}/cwd`) || names(`/proc/${pid}/fd`).some((fd) => inside(`/proc/${pid}/fd/${fd}`));
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // gone, another user's, or no such system
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
