import { hunksOf } from "../../plan/index.ts";

/** How a text changed: lines added and removed, and the first change of each kind. */
export interface LineChange {
  added: number;
  removed: number;
  /** Of the first change, 1-based, in the new text. */
  line: number;
  old?: string;
  new?: string;
}

/** Line differences of two texts; undefined where they are equal. */
export async function lineChange(before: string, after: string): Promise<LineChange | undefined> {
  const hunks = await hunksOf(before, after);
  const [first] = hunks;
  if (first === undefined) return undefined;
  const sum = (of: "old" | "new"): number => hunks.reduce((total, hunk) => total + hunk[of].length, 0);
  const [old, now] = [first.old[0], first.new[0]];
  return { added: sum("new"), removed: sum("old"), line: first.line, ...(old === undefined ? {} : { old }), ...(now === undefined ? {} : { new: now }) };
}
