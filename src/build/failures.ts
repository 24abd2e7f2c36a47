import { readFileSync } from "node:fs";
import type { RecipeHash } from "../plan/index.ts";
import { canonicalJson, writeAtomicSync } from "../store/index.ts";

/** Last failures by cell, for `status` and `why`; local, derived, forgotten when damaged. */
export class FailureMemory {
  private dirty = false;
  private constructor(
    private readonly file: string,
    private readonly failures: Map<string, { recipe: string; message: string }>,
  ) {}

  static load(file: string): FailureMemory {
    try {
      const entries = JSON.parse(readFileSync(file, "utf8")) as [string, { recipe: string; message: string }][];
      return new FailureMemory(file, new Map(entries.filter(([cell, f]) => typeof cell === "string" && typeof f.recipe === "string" && typeof f.message === "string")));
    } catch {
      return new FailureMemory(file, new Map());
    }
  }

  /** The message of the last failure with these very inputs. */
  of(cell: string, recipe: RecipeHash): string | undefined {
    const failure = this.failures.get(cell);
    return failure?.recipe === recipe ? failure.message : undefined;
  }

  note(cell: string, recipe: RecipeHash, message: string): void {
    this.failures.set(cell, { recipe, message: message.split("\n")[0] ?? "" });
    this.dirty = true;
  }

  forget(cell: string): void {
    this.dirty = this.failures.delete(cell) || this.dirty;
  }

  save(): void {
    if (this.dirty) writeAtomicSync(this.file, canonicalJson([...this.failures].sort(([a], [b]) => (a < b ? -1 : 1))) + "\n");
    this.dirty = false;
  }
}
