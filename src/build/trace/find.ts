import type { Cell } from "../../pipeline/index.ts";
import { nearest } from "../../pipeline/index.ts";
import { filesOf, scan } from "./scan.ts";
import type { Place } from "./types.ts";

/** Ids compared with one that is not there, and shown. */
const MOST_COMPARED = 20_000;
const MOST_SHOWN = 3;

export type Finding =
  /** Most downstream first. */
  | { kind: "found"; places: Place[] }
  /** Several ids begin with the text. */
  | { kind: "ambiguous"; ids: string[]; count: number }
  | { kind: "unknown"; near: string[]; /** Cells that were looked in. */ searched: number; missing: string[]; /** Lines that cannot be read. */ damaged: string[]; /** Where one file was asked for that is none of the artifact: those it has. */ files?: string[] };

/**
 * Where a record lies, in all of these cells (topological), or in one file of their artifacts. The id is taken as it is; where there is none, as the beginning
 * of one, if of one only.
 */
export async function findRecord(artifacts: string, cells: readonly Cell[], id: string, only?: string): Promise<Finding> {
  const exact = await placesOf(artifacts, cells, only, (one) => one === id);
  if (exact.length > 0) return { kind: "found", places: exact };
  if (id !== "") {
    const begun = await placesOf(artifacts, cells, only, (one) => one.startsWith(id));
    const ids = [...new Set(begun.map((place) => place.id))];
    if (ids.length === 1) return { kind: "found", places: begun };
    if (ids.length > 1) return { kind: "ambiguous", ids: ids.slice(0, MOST_SHOWN), count: ids.length };
  }
  const all = new Set<string>();
  const damaged: string[] = [];
  await placesOf(artifacts, cells, only, (one) => all.size < MOST_COMPARED && all.add(one) !== undefined, (message) => damaged.push(message));
  const near: string[] = [];
  for (let one = nearest(id, all); one !== undefined && near.length < MOST_SHOWN; one = nearest(id, all)) {
    near.push(one);
    all.delete(one);
  }
  const missing = cells.filter((cell) => filesOf(artifacts, cell) === undefined).map((cell) => cell.id);
  const files = only === undefined ? [] : cells.flatMap((cell) => filesOf(artifacts, cell) ?? []).map(({ file }) => file);
  return { kind: "unknown", near, searched: cells.length - missing.length, missing, damaged, ...(only === undefined || files.includes(only) ? {} : { files }) };
}

async function placesOf(artifacts: string, cells: readonly Cell[], only: string | undefined, wanted: (id: string) => boolean, onDamage: (message: string) => void = () => {}): Promise<Place[]> {
  const stages = new Map<string, Place[]>();
  for (const cell of cells) {
    const found: Place[] = stages.get(cell.stage.name) ?? [];
    stages.set(cell.stage.name, found);
    const seen = new Set<string>();
    await scan(artifacts, cell, {
      wanted,
      ...(only === undefined ? {} : { only }),
      onRecord: ({ record, file }) => {
        if (seen.has(`${file}\0${record.id}`)) return;
        seen.add(`${file}\0${record.id}`);
        found.push({ cell: cell.id, file, id: record.id });
      },
      onDamage, // where the record is found, told of the cells on its line
    });
  }
  // Stages from downstream up, cells of one in the order of the matrix.
  return [...stages.values()].reverse().flat();
}
