import type { Cell } from "../../pipeline/index.ts";
import type { Inputs } from "../../plan/index.ts";
import type { CallKeys } from "../answered.ts";
import { openJournal } from "../item-journal.ts";
import type { Remembered } from "../items.ts";
import type { Project } from "../project.ts";
import type { Found } from "./scan.ts";

/** The item that made a record, as its journal tells. */
export interface Origin {
  /** Stage and id of the record it was made from, and the hash that one had. */
  need: string;
  item: string;
  key: string;
  /** Records it made. */
  records: number;
  /** Labels of what it read beyond its record. */
  reads: string[];
  /** Undefined where it was made before calls were noted. */
  calls: CallKeys | undefined;
}

const FEW = 8;

/**
 * Which items made these records of an `each` cell: by the very line that an item is remembered to have made. One that is not found is left out: its
 * memory was freed, or the artifact was edited.
 */
export async function originsOf(project: Project, cell: Cell, inputs: Inputs, each: string, records: readonly Found[]): Promise<Map<Found, Origin>> {
  const origins = new Map<Found, Origin>();
  const left = new Map(records.map((found) => [found.record.id, found]));
  const journal = await openJournal(project, cell, inputs, each);
  try {
    for (const key of journal.keys()) {
      if (left.size === 0) break;
      const text = await journal.read(key);
      if (text === undefined) continue;
      // An id stands in the entry as JSON: where few are looked for, most entries need no parsing.
      if (left.size <= FEW && ![...left.keys()].some((id) => text.includes(JSON.stringify(id)))) continue;
      const entry = JSON.parse(text) as Remembered;
      for (const [i, id] of entry.ids.entries()) {
        const found = left.get(id);
        if (found === undefined || entry.lines[i] !== found.text) continue;
        origins.set(found, { need: each, item: entry.item, key, records: entry.ids.length, reads: Object.keys(entry.reads), calls: entry.calls });
        left.delete(id);
      }
    }
  } finally {
    await journal.close();
  }
  return origins;
}
