import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, isSha256, removeTree, sha256, StoreError, writeAtomic } from "../store/index.ts";
import type { LockCell, Sha256 } from "../store/index.ts";
import { recipeOf } from "./recipe.ts";
import type { Inputs, RecipeHash } from "./recipe.ts";

/** What a recipe made, as the lock records it. Its `path` is the place it was built for; a restore may put it elsewhere. */
export type BuildResult = LockCell;

/** One entry as it lies on disk. */
export interface ResultEntry {
  key: Sha256;
  bytes: number;
  /** What a recipe made, a note beside one (further files read, calls made), or undefined where the entry is damaged. */
  content: BuildResult | "note" | undefined;
}

/**
 * Results by recipe under cache/results; by the inputs known before a run which further files such a run reads (`reads.*` labels); and by recipe the
 * keys of the answers that a stage without `each` was given.
 * Entries carry a checksum; one that does not agree is as if it were not there.
 */
export class ResultStore {
  private readonly root: string;
  /** `cache` is written and read, `others` are read. */
  constructor(
    cache: string,
    private readonly others: readonly string[] = [],
  ) {
    this.root = join(cache, "results");
  }

  find(recipe: RecipeHash): BuildResult | undefined {
    const entry = this.read(recipe) as BuildResult | undefined;
    return entry !== undefined && isSha256(entry.artifact) && recipeOf(entry.inputs as Inputs) === recipe ? entry : undefined;
  }

  /** Labels of files that a run with these declared inputs was last seen to read; undefined where no such run is known. */
  reads(declared: Inputs): string[] | undefined {
    const entry = this.read(readsKey(declared)) as { reads?: unknown } | undefined;
    if (Array.isArray(entry?.reads)) return entry.reads.filter((label): label is string => typeof label === "string");
    // A result under just these inputs has read nothing else.
    return this.find(recipeOf(declared)) === undefined ? undefined : [];
  }

  /** Role → keys of the answers the run was given that made a recipe's artifact; undefined where that was not noted. */
  calls(recipe: Sha256): Record<string, string[]> | undefined {
    return (this.read(callsKey(recipe)) as { calls?: Record<string, string[]> } | undefined)?.calls;
  }

  async record(declared: Inputs, result: BuildResult, calls?: Record<string, string[]>): Promise<void> {
    if (calls !== undefined) await this.write(callsKey(result.recipe), { calls });

    const reads = Object.keys(result.inputs).filter((label) => label.startsWith("reads."));
    if (reads.length > 0 || this.readEntry(readsKey(declared)) !== undefined) await this.write(readsKey(declared), { reads });
    await this.write(result.recipe, result);
  }

  /** Every entry, in order of keys. */
  *list(): Generator<ResultEntry> {
    for (const prefix of namesIn(this.root)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for (const name of namesIn(join(this.root, prefix))) {
        const key = `sha256:${prefix}${name.slice(0, -".json".length)}`;
        if (!name.endsWith(".json") || !isSha256(key)) continue;
        const read = this.readEntry(key);
        const entry = read?.entry as { reads?: unknown; calls?: unknown } | undefined;
        yield { key, bytes: read?.bytes ?? 0, content: Array.isArray(entry?.reads) || entry?.calls !== undefined ? "note" : this.find(key as RecipeHash) };
      }
    }
  }

  /** Removes an entry; none there is fine. */
  async remove(key: Sha256): Promise<void> {
    await removeTree(this.path(key));
  }

  private path(key: Sha256, root = this.root): string {
    return join(root, key.slice(7, 9), `${key.slice(9)}.json`);
  }

  private read(key: Sha256): unknown {
    for (const root of [this.root, ...this.others.map((cache) => join(cache, "results"))]) {
      const entry = this.readEntry(key, root)?.entry;
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private readEntry(key: Sha256, root = this.root): { bytes: number; entry: unknown } | undefined {
    try {
      const text = readFileSync(this.path(key, root), "utf8");
      const body = text.slice(text.indexOf("\n") + 1);
      return { bytes: Buffer.byteLength(text), entry: text.startsWith(`${sha256(body)}\n`) ? JSON.parse(body) : undefined };
    } catch {
      return undefined;
    }
  }

  private async write(key: Sha256, entry: unknown): Promise<void> {
    const body = canonicalJson(entry);
    const path = this.path(key);
    const text = `${sha256(body)}\n${body}`;
    await writeAtomic(path, text).catch(async (error: unknown) => {
      if (!(error instanceof StoreError) || error.reason !== "not-a-file") throw error;
      await removeTree(path); // a directory has no business in its place
      await writeAtomic(path, text);
    });
  }
}

/** Keys of the entries a result stands on: its recipe's, and those of the further files it read and the calls it made. */
export function resultKeys({ recipe, inputs }: BuildResult): Sha256[] {
  const declared = Object.entries(inputs).filter(([label]) => !label.startsWith("reads."));
  return [recipe, readsKey(Object.fromEntries(declared)), callsKey(recipe)];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // absent, or something else in its place: no entries
  }
}

const callsKey = (recipe: Sha256): Sha256 => sha256(`calls ${recipe}`);

const readsKey = (declared: Inputs): Sha256 => sha256(`reads ${recipeOf(declared)}`);
