import { readFileSync } from "node:fs";
import type { Reason, RecipeHash } from "../plan/index.ts";
import { canonicalJson, writeAtomicSync } from "../store/index.ts";

interface Remembered {
  recipe: string;
  /** Why it was last built; kept as decided then. */
  reasons: Reason[];
  /** First line of the failure, if the last attempt failed. */
  failure?: string;
}

/** The last attempt at every cell, for `status` and `why`: local, derived, forgotten when damaged. Read when first asked. */
export class CellMemory {
  private cells: Map<string, Remembered> | undefined;
  private dirty = false;
  constructor(private readonly file: string) {}

  /** The message of the last failure with these very inputs. */
  failure(cell: string, recipe: RecipeHash): string | undefined {
    const last = this.load().get(cell);
    return last?.recipe === recipe ? last.failure : undefined;
  }

  /** Why the cell was last built, if these are the inputs it was built from. */
  reasons(cell: string, recipe: RecipeHash): Reason[] | undefined {
    const last = this.load().get(cell);
    return last?.recipe === recipe && last.failure === undefined ? last.reasons : undefined;
  }

  note(cell: string, recipe: string, reasons: Reason[], failure?: string): void {
    this.load().set(cell, { recipe, reasons, ...(failure === undefined ? {} : { failure: failure.split("\n")[0] ?? "" }) });
    this.dirty = true;
  }

  save(): void {
    if (this.dirty) writeAtomicSync(this.file, canonicalJson([...this.load()].sort(([a], [b]) => (a < b ? -1 : 1))) + "\n");
    this.dirty = false;
  }

  private load(): Map<string, Remembered> {
    if (this.cells !== undefined) return this.cells;
    try {
      const entries = JSON.parse(readFileSync(this.file, "utf8")) as [string, Remembered][];
      this.cells = new Map(entries.filter(([cell, last]) => typeof cell === "string" && typeof last.recipe === "string" && Array.isArray(last.reasons)));
    } catch {
      this.cells = new Map();
    }
    return this.cells;
  }
}
