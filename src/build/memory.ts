import { readFileSync } from "node:fs";
import type { Reason, RecipeHash } from "../plan/index.ts";
import { canonicalJson, writeDerivedSync } from "../store/index.ts";
import type { CellFailure } from "./failure.ts";
import type { ItemFailure } from "./job.ts";

interface Remembered {
  recipe: string;
  /** Why it was last built; kept as decided then. */
  reasons: Reason[];
  /** First line of the failure, if the last attempt failed. */
  failure?: string;
  /** Of its items, the first so many. */
  items?: ItemFailure[];
}

const MOST_ITEMS = 200;

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

  /** Why an item failed last time. */
  itemFailure(cell: string, item: string): string | undefined {
    return this.load().get(cell)?.items?.find((failure) => failure.item === item)?.message;
  }

  note(cell: string, recipe: string, reasons: Reason[], failure?: CellFailure): void {
    this.load().set(cell, { recipe, reasons, ...(failure === undefined ? {} : { failure: clipped(failure.message), items: failure.failures.slice(0, MOST_ITEMS) }) });
    this.dirty = true;
  }

  save(): void {
    if (this.dirty) writeDerivedSync(this.file, canonicalJson([...this.load()].sort(([a], [b]) => (a < b ? -1 : 1))) + "\n");
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

/** The first line, as far as it is worth repeating. */
const clipped = (message: string): string => {
  const [line = ""] = message.split("\n");
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
};
