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
  const list = names.map((name) => `${name}=${axisText(axis[name] as AxisValue)}`).join(",");
  return (list === "" ? stage : `${stage}@${list}`) as CellId;
}

/** The kind of an artifact, by the ending of its path as written. */
export function outputKind(written: string): OutputKind {
  if (written.endsWith("/")) return "directory";
  const ending = /\.(json|jsonl|npy)$/.exec(written)?.[1];
  return (ending as OutputKind | undefined) ?? "file";
}

/** `documents.jsonl` and noise 0.5 → `documents/noise=0.5.jsonl`; a directory `evaluate` → `evaluate/noise=0.5`. */
export function cellPath(output: Stage["output"], axis: Readonly<Record<string, AxisValue>>): string {
  const names = Object.keys(axis).sort(byCodeUnit);
  if (names.length === 0) return output.path;
  const folders = names.map((name) => `${name}=${axisText(axis[name] as AxisValue)}`).join("/");
  if (output.kind === "directory") return `${output.path}/${folders}`;
  const ending = /(?<=[^/])(?:\.tar)?\.[^./]+$/.exec(output.path)?.[0] ?? "";
  return `${output.path.slice(0, output.path.length - ending.length)}/${folders}${ending}`;
}

/** The cells of a stage in matrix order: the last axis varies fastest. */
export function cellsOf(stage: Pick<Stage, "name" | "matrix" | "output">): BareCell[] {
  let axes: Record<string, AxisValue>[] = [{}];
  for (const { name, values } of stage.matrix) axes = axes.flatMap((axis) => values.map((value) => ({ ...axis, [name]: value })));
  return axes.map((axis) => ({ id: cellId(stage.name, axis), axis, path: cellPath(stage.output, axis) }));
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
