import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isInside } from "../../store/index.ts";
import { LARGEST_TEXT } from "./kept.ts";
import type { Kept } from "./kept.ts";
import type { Side } from "./types.ts";

/** What every side reads by content. */
export const bytesOf = (kept: Kept): Pick<Side, "find" | "list" | "text"> => ({ find: (hash) => kept.find(hash), list: (hash) => kept.list(hash), text: (hash) => kept.text(hash) });

/** A small file of a project; undefined where there is none. */
export async function fileIn(root: string, path: string): Promise<Buffer | undefined> {
  if (!isInside(path)) return undefined;
  try {
    const stats = await stat(join(root, path));
    return stats.isFile() && stats.size <= LARGEST_TEXT ? await readFile(join(root, path)) : undefined;
  } catch {
    return undefined; // not there, or not to be read
  }
}
