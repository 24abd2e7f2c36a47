import type { Mode } from "daguerre/stats";

/** A number of a table: printed with fixed digits, kept at full precision. */
export interface Value {
  value: number | null;
  low?: number | null;
  high?: number | null;
  n?: number;
  digits: number;
  /** Best of its block. */
  best?: boolean;
  /** A sign also before positive numbers. */
  signed?: boolean;
}

export type Cell = string | Value;

/** A table before it has a format: two header rows (groups over columns) and blocks of rows set apart by a rule. */
export interface Table {
  id: string;
  title: string;
  /** Undefined for counts, which are the same in both modes. */
  mode: Mode | undefined;
  notes: string[];
  columns: { head: string; group?: string; text?: boolean }[];
  blocks: Cell[][][];
}

/** `0.325`, `−0.012`, `–` for none: the number alone, without its interval. */
export function numberText({ value, digits, signed }: Value): string {
  if (value === null) return "–";
  const text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  return `${value < 0 && !zero ? "−" : signed === true && !zero ? "+" : ""}${text}`;
}

/** ` [0.301, 0.350]` where there is an interval. */
export function intervalText(cell: Value): string {
  const { low, high, digits } = cell;
  if (typeof low !== "number" || typeof high !== "number") return "";
  const end = (value: number): string => numberText({ value, digits, ...(cell.signed === true ? { signed: true } : {}) });
  return `[${end(low)}, ${end(high)}]`;
}

export function modeText(mode: Mode | undefined): string {
  if (mode === undefined) return "Counts; the same in both modes.";
  return mode === "fixed" ? "Mode: fixed." : "Mode: compat (the released scorer, number for number).";
}

/** Marks the largest value of each numeric column among the rows that compete. */
export function markBest(rows: readonly (readonly Cell[])[]): void {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  for (let column = 0; column < columns; column += 1) {
    const values = rows.map((row) => row[column]).filter((cell) => typeof cell === "object" && cell.value !== null) as Value[];
    const best = Math.max(...values.map(({ value }) => value ?? -Infinity));
    if (values.length > 1) for (const cell of values) if (cell.value === best && best > 0) cell.best = true;
  }
}

/** `Preference_hard` → `Preference hard`. */
export function categoryTitle(name: string): string {
  return name.replace("Basic_information", "Basic").replaceAll("_", " ");
}
