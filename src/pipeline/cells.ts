import { createHash } from "node:crypto";
import type { AxisValue, CellId, OutputKind, Stage } from "./types.ts";

/** Longest encoded value in an id or path: with the axis's name and the ending it stays below 255 bytes of a file name. */
const LONGEST = 80;

/** A stage's cell before its upstream cells are known. */
export interface BareCell {
  id: CellId;
  axis: Record<string, AxisValue>;
  path: string;
}

/**
 * An axis value as it stands in cell ids and paths: numbers as in canonical JSON (0.50 is `0.5`), text percent-encoded
 * (UTF-8) outside `[A-Za-z0-9._+-]`, cut and closed with `~` and a hash where it is very long.
 */
export function axisText(value: AxisValue): string {
  if (typeof value !== "string") return String(Object.is(value, -0) ? 0 : value);
  const encoded = value.replace(/[^A-Za-z0-9._+-]/gu, (letter) => {
    let text = "";
    for (const byte of new TextEncoder().encode(letter)) text += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return text;
  });
  if (encoded.length <= LONGEST) return encoded;
  const hash = createHash("sha256").update(value).digest("hex").slice(0, 16);
  return `${encoded.slice(0, LONGEST - 17).replace(/%.?$/, "")}~${hash}`;
}

/** `documents`, or `embed@noise=0.5,retriever=bm25`: axes in code-unit order of their names. */
export function cellId(stage: string, axis: Readonly<Record<string, AxisValue>>): CellId {
  const names = Object.keys(axis).sort(byCodeUnit);
  return names.reduce((id, name, at) => `${id}${at === 0 ? "@" : ","}${name}=${axisText(axis[name] ?? "")}`, stage) as CellId;
}

/** The kind of an artifact, by the ending of its path as written. */
export function outputKind(written: string): OutputKind {
  if (written.endsWith("/")) return "directory";
  const ending = /\.(json|jsonl|npy)$/.exec(written)?.[1];
  return (ending as OutputKind | undefined) ?? "file";
}

/** Where the cells of an output with a matrix lie, and their ending: `documents.jsonl` → `documents` and `.jsonl`. */
export function splitOutput(output: Stage["output"]): { stem: string; ending: string } {
  const ending = output.kind === "directory" ? "" : (/(?<=[^/])(?:\.tar)?\.[^./]+$/.exec(output.path)?.[0] ?? "");
  return { stem: output.path.slice(0, output.path.length - ending.length), ending };
}

const known = new WeakMap<object, BareCell[]>();

/**
 * The cells of a stage in matrix order: the last axis varies fastest. Paths are Hive-style: `documents.jsonl` and noise 0.5
 * give `documents/noise=0.5.jsonl`, a directory `evaluate/` gives `evaluate/noise=0.5`.
 */
export function cellsOf(stage: Stage): readonly BareCell[] {
  const found = known.get(stage);
  if (found) return found;
  const { stem, ending } = splitOutput(stage.output);
  let cells: BareCell[] = [{ id: stage.name as CellId, axis: {}, path: stem }];
  stage.matrix.forEach(({ name, values }, at) => {
    const steps = values.map((value) => ({ value, step: `${name}=${axisText(value)}` }));
    cells = cells.flatMap(({ id, axis, path }) => steps.map(({ value, step }) => ({ id: `${id}${at === 0 ? "@" : ","}${step}` as CellId, axis: { ...axis, [name]: value }, path: `${path}/${step}` })));
  });
  for (const cell of cells) cell.path += ending;
  known.set(stage, cells);
  return cells;
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
