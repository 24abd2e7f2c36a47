import type { Table } from "./table.ts";

/** All tables in one tidy file: a line per number, at full precision, with its noise level, the row's other texts and the number's column (RFC 4180). */
export function csv(tables: readonly Table[]): string {
  const lines = [["table", "mode", "noise", "row", "column", "value", "low", "high", "n"]];
  for (const { id, mode, columns, blocks } of tables) {
    for (const row of blocks.flat()) {
      const labels = (noise: boolean): string => row.filter((cell, place) => typeof cell === "string" && (columns[place]?.head === "Noise") === noise).join(" | ");
      row.forEach((cell, place) => {
        if (typeof cell === "string") return;
        const column = columns[place];
        const name = [column?.group, column?.head].filter((part) => part !== undefined).join(" ");
        lines.push([id, mode ?? "", labels(true), labels(false), name, number(cell.value), number(cell.low), number(cell.high), number(cell.n)]);
      });
    }
  }
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

/** Quoted where needed; a text that a spreadsheet would run as a formula gets an apostrophe. */
function field(text: string): string {
  const safe = /^[=@\t\r]|^[+-](?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
