import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../build/index.ts";
import { isInside } from "../plan/index.ts";
import type { Cell } from "../pipeline/index.ts";
import { sha256, walkFiles } from "../store/index.ts";

/** What builds write: listened to as well, since hands reach there too, but told from what a build itself has put there. */
export class Outputs {
  /** Absolute paths, directories of which every entry counts, and how each was when last noted. */
  readonly paths: string[] = [];
  readonly whole: string[] = [];
  private readonly signatures = new Map<string, string | undefined>();
  private readonly lock: string;

  private constructor(private readonly project: Project) {
    this.lock = lockOf(project);
  }

  /** Notes artifacts and lock as they are. */
  static of(project: Project, cells: readonly Cell[]): Outputs {
    const outputs = new Outputs(project);
    const note = (path: string): void => {
      outputs.paths.push(path);
      outputs.signatures.set(path, signatureOf(path));
    };
    note(project.places.lock);
    for (const { path, stage } of cells) {
      const place = join(project.places.artifacts, path);
      note(place);
      if (stage.output.kind !== "directory") continue;
      try {
        for (const { absolute } of walkFiles(place, (directory) => outputs.whole.push(directory))) note(absolute);
      } catch {
        // not there, or not readable: its place is listened to
      }
    }
    return outputs;
  }

  static has({ places }: Project, path: string): boolean {
    return path === places.lock || path === places.artifacts || isInside(places.artifacts, path) || isInside(path, places.artifacts);
  }

  /** Is something at this path other than noted? Of directories on the way only that they are there counts. */
  isOther(path: string): boolean {
    return this.signatures.has(path) ? signatureOf(path) !== this.signatures.get(path) : this.whole.some((directory) => isInside(directory, path)) ? signatureOf(path) !== undefined : signatureOf(path) === undefined;
  }

  /** Has another process written the lock? */
  get isAnothers(): boolean {
    return lockOf(this.project) !== this.lock;
  }
}

function lockOf({ places }: Project): string {
  try {
    return sha256(readFileSync(places.lock));
  } catch {
    return "";
  }
}

function signatureOf(path: string): string | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined ? undefined : stat.isDirectory() ? `${stat.ino}` : `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}`;
  } catch {
    return undefined;
  }
}
