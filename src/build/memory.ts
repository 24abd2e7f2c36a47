import type { Reason, RecipeHash } from "../plan/index.ts";
import { canonicalJson, readStateSync, writeStateSync } from "../store/index.ts";
import type { OnProblem, Sha256 } from "../store/index.ts";
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
  /** Of an each stage: why its items first ran under the inputs they share, the latest last. */
  bases?: ItemsBegan[];
}

/** The first run of items under these shared inputs: why, and over which list. */
export interface ItemsBegan {
  base: Sha256;
  list: Sha256;
  reasons: Reason[];
}

const MOST_ITEMS = 200;
const MOST_BASES = 8;

/** The last attempt at every cell, for `status` and `why`: local, derived, forgotten when damaged. Read when first asked. */
export class CellMemory {
  private cells: Map<string, Remembered> | undefined;
  private dirty = false;
  constructor(
    private readonly file: string,
    private readonly onProblem: OnProblem,
  ) {}

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

  /** Why the items of a cell first ran under these shared inputs. */
  began(cell: string, base: Sha256): ItemsBegan | undefined {
    return this.load().get(cell)?.bases?.find((known) => known.base === base);
  }

  note(cell: string, recipe: string, reasons: Reason[], { failure, items }: { failure?: CellFailure; items?: Omit<ItemsBegan, "reasons"> | undefined } = {}): void {
    const before = this.load().get(cell)?.bases ?? [];
    const bases = items === undefined || before.some(({ base }) => base === items.base) ? before : [...before, { ...items, reasons }].slice(-MOST_BASES);
    this.load().set(cell, { recipe, reasons, ...(bases.length === 0 ? {} : { bases }), ...(failure === undefined ? {} : { failure: clipped(failure.message), items: failure.failures.slice(0, MOST_ITEMS) }) });
    this.dirty = true;
  }

  save(): void {
    if (this.dirty) writeStateSync(this.file, canonicalJson([...this.load()].sort(([a], [b]) => (a < b ? -1 : 1))));
    this.dirty = false;
  }

  private load(): Map<string, Remembered> {
    // The checksum says that save wrote it.
    this.cells ??= new Map((readStateSync(this.file, this.onProblem) ?? []) as [string, Remembered][]);
    return this.cells;
  }
}

/** The first line, as far as it is worth repeating. */
const clipped = (message: string): string => {
  const [line = ""] = message.split("\n");
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
};
