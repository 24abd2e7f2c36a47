import type { Metrics } from "../metrics.ts";
import { simulationNotice } from "./notice.ts";
import { intervalText, modeText, numberText, type Cell, type Table } from "./table.ts";

/** Tables for a two-column paper: `\usepackage{booktabs}` and `\usepackage{graphicx}` are all they need. */
export function latex(tables: readonly Table[], metrics: Metrics): string {
  const notice = simulationNotice(metrics);
  return `% \\usepackage{booktabs}\n% \\usepackage{graphicx}\n${tables.map((table) => `\n${one(table, notice)}`).join("")}`;
}

function one(table: Table, notice: string): string {
  const { columns, blocks } = table;
  const spec = columns.map((column) => (column.text === true ? "l" : "r")).join("");
  const title = escape(table.title.replace(/^Table \d+\. /, ""));
  const lines = [
    "\\begin{table*}[t]",
    "\\centering",
    `\\caption{${title}. ${[notice === "" ? "" : `\\textbf{${escape(notice)}}`, modeText(table.mode), ...table.notes].map((text) => (text.startsWith("\\textbf") ? text : escape(text))).filter((text) => text !== "").join(" ")}}`,
    `\\label{tab:${table.id}}`,
    // Shrunk where it is too wide, never blown up.
    "\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%",
    `\\begin{tabular}{@{}${spec}@{}}`,
    "\\toprule",
    ...groupRow(table),
    `${columns.map(({ head }) => escape(head)).join(" & ")} \\\\`,
    "\\midrule",
    ...blocks.flatMap((rows, place) => [...(place > 0 ? ["\\midrule"] : []), ...rows.map((row) => `${row.map(cellText).join(" & ")} \\\\`)]),
    "\\bottomrule",
    "\\end{tabular}}",
    "\\end{table*}",
    "",
  ];
  return lines.join("\n");
}

/** Group titles over the columns they span, with a thin rule under each. */
function groupRow({ columns }: Table): string[] {
  if (columns.every(({ group }) => group === undefined)) return [];
  const cells: string[] = [];
  const rules: string[] = [];
  for (let at = 0; at < columns.length; ) {
    const group = columns[at]?.group;
    let end = at + 1;
    while (group !== undefined && end < columns.length && columns[end]?.group === group) end += 1;
    cells.push(group === undefined ? "" : `\\multicolumn{${end - at}}{c}{${escape(group)}}`);
    if (group !== undefined) rules.push(`\\cmidrule(lr){${at + 1}-${end}}`);
    at = end;
  }
  return [`${cells.join(" & ")} \\\\`, rules.join("")];
}

function cellText(cell: Cell): string {
  if (typeof cell === "string") return escape(cell);
  const number = escape(numberText(cell));
  const interval = intervalText(cell);
  return (cell.best === true ? `\\textbf{${number}}` : number) + (interval === "" ? "" : ` {\\footnotesize ${escape(interval)}}`);
}

const LETTERS: Record<string, string> = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "#": "\\#", $: "\\$", "%": "\\%", "&": "\\&", _: "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "−": "$-$", "–": "--", "[": "{[}", "]": "{]}",
};

function escape(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\\{}#$%&_~^−–[\]]/g, (letter) => LETTERS[letter] ?? letter);
}
