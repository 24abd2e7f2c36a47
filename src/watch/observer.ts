import { lstatSync, readdirSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, join } from "node:path";
import type { Places } from "./places.ts";

export interface ObserverOptions {
  /** Told of a path that may have changed. */
  heard: (path: string) => void;
  /** Told once that some directories are looked at instead, and why. */
  limited?: (code: string) => void;
  /** Looks instead of listening, everywhere. */
  poll?: boolean;
  /** What tests replace. */
  listen?: (directory: string, listener: (event: string, name: string | null) => void) => FSWatcher;
}

/** Between two looks at a directory that cannot be listened to. */
const POLL_MS = 500;
/** The system gives no more watches, or no more of what carries them. */
const LIMITS: ReadonlySet<string> = new Set(["ENOSPC", "EMFILE", "ENFILE"]);

interface Listening {
  names: Set<string> | "any";
  /** Tells a directory from another that took its place. */
  identity: string | undefined;
  watcher?: FSWatcher;
  /** Of one that is looked at: each name, and how it was. */
  seen?: Map<string, string>;
}

/** Listens to directories, one by one and not below them; where the system gives no (more) watches it looks twice a second. */
export class Observer {
  private readonly listening = new Map<string, Listening>();
  private timer: NodeJS.Timeout | undefined;
  private told = false;

  constructor(private readonly options: ObserverOptions) {}

  /** Directories listened to or looked at. */
  get size(): number {
    return this.listening.size;
  }

  /** Listens to these places and to no others. True if any of them was not under watch before: what happened there until now has not been heard. */
  sync(places: Places): boolean {
    let fresh = false;
    for (const [directory, { watcher }] of this.listening) {
      if (places.has(directory)) continue;
      watcher?.close();
      this.listening.delete(directory);
    }
    for (const [directory, names] of places) {
      const identity = identityOf(directory);
      const known = this.listening.get(directory);
      if (known !== undefined && known.identity === identity) {
        if (known.seen === undefined) known.names = names;
        else {
          fresh ||= names === "any" ? known.names !== "any" : known.names !== "any" && [...names].some((name) => !(known.names as Set<string>).has(name));
          known.names = names;
          known.seen = look(directory, names);
        }
        continue;
      }
      known?.watcher?.close();
      this.listening.delete(directory);
      if (identity === undefined) continue; // gone again: its parent tells when it comes
      this.begin(directory, names, identity);
      fresh = true;
    }
    const polled = [...this.listening.values()].some(({ seen }) => seen !== undefined);
    if (polled) this.timer ??= setInterval(() => this.look(), POLL_MS);
    else {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    return fresh;
  }

  close(): void {
    clearInterval(this.timer);
    for (const { watcher } of this.listening.values()) watcher?.close();
    this.listening.clear();
  }

  private begin(directory: string, names: Set<string> | "any", identity: string): void {
    const entry: Listening = { names, identity };
    this.listening.set(directory, entry);
    if (this.options.poll === true) {
      entry.seen = look(directory, names);
      return;
    }
    const fall = (error: unknown): void => {
      const { code = "" } = error as NodeJS.ErrnoException;
      entry.watcher?.close();
      delete entry.watcher;
      entry.seen = look(directory, names);
      this.timer ??= setInterval(() => this.look(), POLL_MS);
      if (!LIMITS.has(code) || this.told) return;
      this.told = true;
      this.options.limited?.(code);
    };
    try {
      const { heard, listen = watch } = this.options;
      entry.watcher = listen(directory, (event, name) => {
        if (name === null) {
          for (const one of entry.names === "any" ? [] : entry.names) heard(join(directory, one));
          heard(directory);
          return;
        }
        if (entry.names === "any" || entry.names.has(name)) heard(join(directory, name));
        // So inotify tells that the directory itself has gone.
        else if (event === "rename" && name === basename(directory)) heard(directory);
      });
      entry.watcher.on("error", fall);
    } catch (error) {
      fall(error);
    }
  }

  private look(): void {
    for (const [directory, entry] of this.listening) {
      if (entry.seen === undefined) continue;
      const before = entry.seen;
      entry.seen = look(directory, entry.names);
      for (const name of new Set([...before.keys(), ...entry.seen.keys()])) if (before.get(name) !== entry.seen.get(name)) this.options.heard(join(directory, name));
      if (identityOf(directory) !== entry.identity) this.options.heard(directory);
    }
  }
}

/** How each of these names stands now. */
function look(directory: string, names: Set<string> | "any"): Map<string, string> {
  const seen = new Map<string, string>();
  for (const name of names === "any" ? entriesOf(directory) : names) {
    const stat = statOf(join(directory, name));
    // Of a directory its own entry counts; what is in it is looked at for itself.
    if (stat !== undefined) seen.set(name, stat.isDirectory() ? `${stat.ino}` : `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`);
  }
  return seen;
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // gone, or not to be read
  }
}

/** Tells a directory from another at its place; inode numbers are used again. Undefined where none is. */
export function identityOf(directory: string): string | undefined {
  const stat = statOf(directory);
  return stat?.isDirectory() === true ? `${stat.dev} ${stat.ino} ${stat.birthtimeNs}` : undefined;
}

function statOf(path: string): import("node:fs").BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
