import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, isSha256, sha256, writeAtomic } from "../store/index.ts";
import type { LockCell, Sha256 } from "../store/index.ts";
import { recipeOf } from "./recipe.ts";
import type { Inputs, RecipeHash } from "./recipe.ts";

/** What a recipe made, as the lock records it. Its `path` is the place it was built for; a restore may put it elsewhere. */
export type BuildResult = LockCell;

/**
 * Results by recipe under cache/results, and by the inputs known before a run which further files such a run reads (`reads.*` labels).
 * Entries carry a checksum; one that does not agree is as if it were not there.
 */
export class ResultStore {
  private readonly root: string;
  constructor(root: string) {
    this.root = join(root, "cache/results");
  }

  find(recipe: RecipeHash): BuildResult | undefined {
    const entry = this.read(recipe) as BuildResult | undefined;
    return entry !== undefined && isSha256(entry.artifact) && recipeOf(entry.inputs as Inputs) === recipe ? entry : undefined;
  }

  /** Labels of files that a run with these declared inputs was seen to read. */
  reads(declared: Inputs): string[] {
    const entry = this.read(readsKey(declared)) as { reads?: unknown } | undefined;
    return Array.isArray(entry?.reads) ? entry.reads.filter((label): label is string => typeof label === "string") : [];
  }

  async record(declared: Inputs, result: BuildResult): Promise<void> {
    const reads = Object.keys(result.inputs).filter((label) => label.startsWith("reads."));
    if (reads.length > 0) await this.write(readsKey(declared), { reads });
    await this.write(result.recipe, result);
  }

  private path(key: Sha256): string {
    return join(this.root, key.slice(7, 9), `${key.slice(9)}.json`);
  }

  private read(key: Sha256): unknown {
    try {
      const text = readFileSync(this.path(key), "utf8");
      const body = text.slice(text.indexOf("\n") + 1);
      return text.startsWith(`${sha256(body)}\n`) ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  private async write(key: Sha256, entry: unknown): Promise<void> {
    const body = canonicalJson(entry);
    await writeAtomic(this.path(key), `${sha256(body)}\n${body}`);
  }
}

const readsKey = (declared: Inputs): Sha256 => sha256(`reads ${recipeOf(declared)}`);
