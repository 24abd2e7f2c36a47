import { formatLock, writeAtomic } from "../store/index.ts";
import type { LockCell, LockFile } from "../store/index.ts";

/** Pause between two writes of the lock while a build goes on; what a kill loses is found again by recipe. */
const PAUSE_MS = 2000;

/** The lock as a build changes it: written now and then, and at the end, only if its bytes differ. */
export class LockWriter {
  private dirty = false;
  private last = performance.now();
  constructor(
    private readonly path: string,
    private readonly lock: LockFile,
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

  async save(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    await writeAtomic(this.path, formatLock(this.lock), { fsync: true });
    this.last = performance.now();
  }

  private async changed(): Promise<void> {
    this.dirty = true;
    if (performance.now() - this.last > PAUSE_MS) await this.save();
  }
}
