import { cellChanges, groupChanges, Sides } from "../../build/index.ts";
import type { Project } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { compareItems, compareScores, lastCells } from "../../report/index.ts";
import type { ItemCounts, Unread } from "../../report/index.ts";
import type { Cells } from "../../watch/index.ts";
import { common, printJson } from "../common.ts";
import { scoreEvents, scoreLines } from "./scores.ts";
import { reasonLines } from "./unread.ts";
import { count } from "./words.ts";

/** What came of a build, on stdout: how many records it changed, and whether the scores moved. `before` and `after`: the cells of its lock then and now. */
export async function tellOutcome(project: Project, before: Cells, after: Cells, ran: number): Promise<void> {
  const sides = new Sides(project);
  const [old, now] = [sides.of({ version: 1, cells: { ...before } }, "before"), sides.of({ version: 1, cells: { ...after } })];
  const width = Math.max(40, Math.min(process.stdout.columns || 80, 120));
  const say = (lines: readonly string[]): void => void process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  const unread: Unread[] = [];
  try {
    const changed = groupChanges(cellChanges(old, now)).filter(({ standing }) => standing === "changed");
    const counted: ItemCounts[] = [];
    for (const { cell } of changed.flatMap(({ cells }) => cells)) for await (const one of compareItems(old, now, cell, (gone) => unread.push(gone))) if (!("change" in one)) counted.push(one);
    const scores = await compareScores(old, now, lastCells(old, now), { onUnread: (gone) => unread.push(gone) });
    if (common.json) {
      for (const one of counted) printJson({ event: "items", ...one });
      scoreEvents(scores).forEach(printJson);
      printJson({ event: "compared", changed: changed.reduce((sum, { cells }) => sum + cells.length, 0), scores: scores.length, unread: unread.length });
      return;
    }
    if (counted.length > 0) say(recordsLines(counted, width));
    // What the printer leaves out, a flag of `dag diff` shows.
    if (scores.length > 0) say(["", ...scoreLines(scores, { width, all: false, whole: !process.stdout.isTTY }).map((line) => line.replace(/: --all$/, ""))]);
    else if (changed.length === 0 && ran > 0) say(["every artifact came out as it was: no score can have moved"]);
    const part = unread.filter(({ why }) => why === "no-partner" || why === "pooled");
    for (const one of part) say(["", ...reasonLines(one, width)]);
    if (unread.length > part.length) say([`${count(unread.length - part.length, "file")} could not be compared`]);
  } finally {
    await sides.close();
  }
}

/** `records changed: answer 31 of 4,000, evaluate scores.jsonl 12 of 4,000`, a line each where they do not fit on one. */
function recordsLines(counted: readonly ItemCounts[], width: number): string[] {
  const files = new Map<string, ItemCounts[]>();
  for (const one of counted) {
    const name = `${one.cell.replace(/@.*$/s, "")}${one.file === "" ? "" : ` ${one.file}`}`;
    files.set(name, [...(files.get(name) ?? []), one]);
  }
  const parts = [...files].map(([name, list]) => {
    const other = list.reduce((sum, { added, changed }) => sum + added + changed, 0);
    const all = list.reduce((sum, { same }) => sum + same, other);
    const removed = list.reduce((sum, one) => sum + one.removed, 0);
    return `${printable(name)} ${other.toLocaleString("en-US")} of ${all.toLocaleString("en-US")}${removed > 0 ? ` (${removed.toLocaleString("en-US")} removed)` : ""}`;
  });
  const line = `records changed: ${parts.join(", ")}`;
  return line.length <= width ? [line] : ["records changed", ...parts.map((part) => `  ${part}`)];
}
