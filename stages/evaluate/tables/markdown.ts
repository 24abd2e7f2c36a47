import type { Metrics } from "../metrics.ts";
import { simulationNotice } from "./notice.ts";
import { intervalText, modeText, numberText, type Cell, type Table } from "./table.ts";

/** Pipe tables with padded columns, so that they read well as plain text too. */
export function markdown(tables: readonly Table[], metrics: Metrics): string {
  const notice = simulationNotice(metrics);
  const parts = tables.map((table) => [`## ${table.title}`, "", caption(table, notice), "", ...grid(table), ""].join("\n"));
  const warnings = metrics.warnings.length === 0 ? [] : [["## Warnings", "", ...metrics.warnings.map((warning) => `- ${escape(warning)}`), ""].join("\n")];
  return [`# Evaluation\n`, ...parts, ...warnings].join("\n");
}

function caption(table: Table, notice: string): string {
  return [notice === "" ? "" : `**${escape(notice)}**`, modeText(table.mode), ...table.notes.map(escape)].filter((part) => part !== "").join(" ");
}

function grid(table: Table): string[] {
  const head = table.columns.map(({ head, group }) => escape(group === undefined ? head : `${group} ${head}`));
  const rows = table.blocks.flat().map((row) => row.map(cellText));
  const widths = head.map((text, column) => Math.max(3, length(text), ...rows.map((row) => length(row[column] ?? ""))));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (table.columns[column]?.text === true ? (cells[column] ?? "").padEnd(width + slack(cells[column])) : (cells[column] ?? "").padStart(width + slack(cells[column])))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (table.columns[column]?.text === true ? `:${"-".repeat(width + 1)}` : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)];
}

function cellText(cell: Cell): string {
  if (typeof cell === "string") return escape(cell);
  const text = cell.best === true ? `**${numberText(cell)}**` : numberText(cell);
  return [text, intervalText(cell)].filter((part) => part !== "").join(" ");
}

function length(text: string): number {
  return [...text].length;
}

/** Code units beyond letters, which padStart would count. */
function slack(text = ""): number {
  return text.length - length(text);
}

/** Names come from pipelines and result files: nothing of them may become markup. */
function escape(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\\`*_[\]<>|#~&]/g, (letter) => (letter === "<" ? "&lt;" : letter === ">" ? "&gt;" : letter === "&" ? "&amp;" : `\\${letter}`));
}
