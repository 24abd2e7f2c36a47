import { readFile, stat } from "node:fs/promises";
import { changedFiles } from "./files.ts";
import { idOf, isFields } from "./lines.ts";
import type { Fields } from "./lines.ts";
import { numberChanges } from "./numbers.ts";
import { corrected, pairedChanges } from "./paired.ts";
import type { Tested } from "./paired.ts";
import { readTable, tableOf } from "./table.ts";
import type { BuildSide, FilePair, ScoreChange, Unread } from "./types.ts";

/** A JSON file larger than this is data, not a summary. */
const LARGEST_JSON = 1 << 26;

export interface ScoreOptions {
  /** Also numbers below the top of a record, and every group in parts (category, difficulty …). */
  parts?: boolean;
  /** Told of what could not be compared. */
  onUnread?: (unread: Unread) => void;
}

/**
 * Scores before and after, cell by cell. In JSONL files records of one id are a pair, and each numeric field is tested with a paired test clustered by
 * person; numbers of JSON files are put side by side. `cells`: ids whose artifacts hold scores; default: those that nothing needs.
 */
export async function compareScores(before: BuildSide, after: BuildSide, cells: readonly string[] = lastCells(before, after), { parts = false, onUnread = () => {} }: ScoreOptions = {}): Promise<ScoreChange[]> {
  const files: FilePair[] = [];
  for (const cell of cells) {
    const { pairs, gone } = await changedFiles(cell, before, after);
    for (const side of gone) onUnread(goneOf(cell, "", side));
    files.push(...pairs.filter(({ path, before: old, after: now }) => /\.jsonl?$/.test(path) && old !== undefined && now !== undefined));
  }
  const reading = { before, after, parts, files: files.filter(({ path }) => path.endsWith(".jsonl")).length, onUnread };
  const changes: (Tested | ScoreChange)[] = [];
  for (const file of files) changes.push(...(await fileScores(file, reading)));
  return corrected(changes);
}

interface Reading extends Required<ScoreOptions> {
  before: BuildSide;
  after: BuildSide;
  /** Record files to come. */
  files: number;
}

async function fileScores(pair: FilePair, { before, after, parts, files, onUnread }: Reading): Promise<(Tested | ScoreChange)[]> {
  const { cell, file, path } = pair;
  if (pair.before === undefined || pair.after === undefined) return [];
  const [old, now] = [await before.find(pair.before), await after.find(pair.after)];
  const tell = (one: Pick<Unread, "why" | "message">): void => onUnread({ cell, file, ...one });
  const say = (why: Unread["why"], message: string): [] => {
    onUnread({ cell, file, why, message });
    return [];
  };
  if (old === undefined || now === undefined) {
    if (old === undefined) onUnread(goneOf(cell, file, "before"));
    if (now === undefined) onUnread(goneOf(cell, file, "after"));
    return [];
  }
  if (path.endsWith(".json")) {
    if (Math.max((await stat(old)).size, (await stat(now)).size) > LARGEST_JSON) return say("too-large", `has more than ${LARGEST_JSON >> 20} MiB: not compared number by number`);
    let values: [unknown, unknown];
    try {
      values = [JSON.parse(await readFile(old, "utf8")), JSON.parse(await readFile(now, "utf8"))];
    } catch {
      return say("not-records", "is not JSON on both sides");
    }
    const [a, b] = values;
    return isRecords(a) && isRecords(b) ? pairedChanges(pair, await tableOf(a), await tableOf(b), { parts, files: files + 1, tell }) : numberChanges(pair, a, b);
  }
  try {
    const [a, b] = [await readTable(old), await readTable(now)];
    if (a.rows.size === 0 || b.rows.size === 0) return a.rows.size + a.others === 0 || b.rows.size + b.others === 0 ? [] : say("not-records", "has no records with an id");
    const changes = pairedChanges(pair, a, b, { parts, files, tell });
    return changes.length > 0 || [...b.rows.keys()].some((id) => a.rows.has(id)) ? changes : say("no-pairs", "has no id in common with before: nothing can be paired");
  } catch (error) {
    if (error instanceof RangeError) return say("too-large", error.message);
    throw error;
  }
}

const isRecords = (value: unknown): value is Fields[] => Array.isArray(value) && value.length > 0 && value.every((one) => isFields(one) && idOf(one) !== undefined);

export const goneOf = (cell: string, file: string, side: "before" | "after"): Unread => ({ cell, file, why: `${side}-gone`, message: `its bytes ${side === "before" ? "of before" : "of after"} are no longer kept` });

/** Cells of both builds that no stage of one of them needs: what a pipeline is for. */
export function lastCells(before: BuildSide, after: BuildSide): string[] {
  const last = (side: BuildSide): Set<string> => {
    const needed = new Set<string>();
    for (const { inputs } of Object.values(side.cells)) for (const label of Object.keys(inputs)) if (label.startsWith("needs.")) needed.add(label.slice("needs.".length));
    return new Set(Object.keys(side.cells).filter((cell) => !needed.has(stageOf(cell))));
  };
  const either = new Set([...last(before), ...last(after)]);
  return Object.keys(after.cells).filter((cell) => either.has(cell) && before.cells[cell] !== undefined).sort();
}

/** The stage of a cell id: `documents` of `documents@noise=0.5`. */
export const stageOf = (cell: string): string => cell.replace(/@.*$/s, "");
