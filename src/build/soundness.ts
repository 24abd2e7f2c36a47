import { join } from "node:path";
import { ResultStore } from "../plan/index.ts";
import { Journal, ObjectStore, verifyObjects } from "../store/index.ts";
import type { Tally } from "../store/index.ts";
import { listJournals } from "./garbage.ts";

/** Something in cache/ that is not as it was written. */
export interface Damage {
  kind: "object" | "result" | "items";
  /** A hash, or a path from the project's root. */
  name: string;
  message: string;
}

export interface Checked {
  objects: Tally;
  results: number;
  journals: number;
  damage: Damage[];
}

/**
 * Checks every object, result and item journal by its hash or checksum. Damaged objects and results are removed, so that nothing counts on them;
 * of a damaged journal the whole lines stay in use.
 */
export async function checkCache(root: string): Promise<Checked> {
  const damage: Damage[] = [];
  const objects = await verifyObjects(new ObjectStore(join(root, "cache/objects")));
  for (const { hash } of objects.damaged) damage.push({ kind: "object", name: hash, message: "its bytes do not have this hash; removed" });
  const results = new ResultStore(join(root, "cache"));
  let sound = 0;
  for (const { key, content } of results.list()) {
    if (content !== undefined) sound++;
    else {
      damage.push({ kind: "result", name: key, message: "its checksum does not match; removed" });
      await results.remove(key);
    }
  }
  let journals = 0;
  for (const { path } of listJournals(root)) {
    let problem: string | undefined;
    const journal = await Journal.open(join(root, path), { readonly: true, onProblem: ({ message }) => (problem ??= message.replace(`${root}/`, "")) });
    await journal.close();
    if (problem === undefined) journals++;
    else damage.push({ kind: "items", name: path, message: `${problem}; dag cache gc drops ${problem.includes("a damaged line") ? "it" : "them"}` });
  }
  return { objects: objects.ok, results: sound, journals, damage };
}
