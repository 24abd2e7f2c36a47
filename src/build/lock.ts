import { formatLock, writeAtomic } from "../store/index.ts";
import type { LockCell, LockFile } from "../store/index.ts";

/** Pause between two writes of the lock while a build goes on; what a kill loses is found again by recipe. */
const PAUSE_MS = 2000;

/** The lock as a build changes it: written now and then, and at the end, only if its bytes differ. */
export class LockWriter {
  private dirty = false;
  private last = performance.now();
  private writing: Promise<void> = Promise.resolve();
  constructor(
    private readonly path: string,
    private readonly lock: LockFile,
    /** Milliseconds between two writes while a build goes on. */
    private readonly pause = PAUSE_MS,
  ) {}

  async set(id: string, cell: LockCell): Promise<void> {
    this.lock.cells[id] = cell;
    await this.changed();
  }

  async remove(id: string): Promise<void> {
    if (!Object.hasOwn(this.lock.cells, id)) return;
    Reflect.deleteProperty(this.lock.cells, id);
    await this.changed();
  }

  /** Writes what has not been written. One write at a time: an older text must not be put in place after a newer one. */
  async save(): Promise<void> {
    this.writing = this.writing.catch(() => {}).then(async () => {
      if (!this.dirty) return;
      this.dirty = false;
      this.last = performance.now();
      await writeAtomic(this.path, formatLock(this.lock), { fsync: true }).catch((error: unknown) => {
        this.dirty = true;
        throw error;
      });
    });
    return this.writing;
  }

  private async changed(): Promise<void> {
    this.dirty = true;
    if (performance.now() - this.last > this.pause) await this.save();
  }
}
