import type { Metrics } from "../metrics.ts";
import { simulationNotice } from "./notice.ts";
import { intervalText, modeText, numberText, type Cell, type Table } from "./table.ts";

/** Tables for a two-column paper: `\usepackage{booktabs}` and `\usepackage{graphicx}` are all they need. */
export function latex(tables: readonly Table[], metrics: Metrics): string {
  const notice = simulationNotice(metrics);
  return `% \\usepackage{booktabs}\n% \\usepackage{graphicx}\n${tables.flatMap(pages).map((table) => `\n${one(table, notice)}`).join("")}`;
}

/** Rows that a page holds under a caption. */
const ROWS_A_PAGE = 48;

/** A float cannot break: a table longer than a page becomes several, each with whole blocks where they fit. */
function pages(table: Table): (Table & { part?: number })[] {
  const parts: Cell[][][][] = [[]];
  let rows = 0;
  for (const block of table.blocks.flatMap((all) => Array.from({ length: Math.ceil(all.length / ROWS_A_PAGE) }, (_, i) => all.slice(i * ROWS_A_PAGE, (i + 1) * ROWS_A_PAGE)))) {
    if (rows > 0 && rows + block.length > ROWS_A_PAGE) {
      parts.push([]);
      rows = 0;
    }
    parts.at(-1)?.push(block);
    rows += block.length;
  }
  return parts.map((blocks, place) => ({ ...table, blocks, ...(parts.length > 1 ? { part: place + 1 } : {}) }));
}

function one(table: Table & { part?: number }, notice: string): string {
  const { columns, blocks, part } = table;
  const spec = columns.map((column) => (column.text === true ? "l" : "r")).join("");
  const title = escape(table.title.replace(/^Table \d+\. /, ""));
  const lines = [
    "\\begin{table*}[tp]",
    "\\centering",
    // Styles that put captions above tables leave no room under them.
    "\\setlength{\\belowcaptionskip}{4pt}",
    `\\caption{${title}${part === undefined ? "" : ` (part ${part})`}. ${[notice === "" ? "" : `\\textbf{${escape(notice)}}`, modeText(table.mode), ...table.notes].map((text) => (text.startsWith("\\textbf") ? text : escape(text))).filter((text) => text !== "").join(" ")}}`,
    `\\label{tab:${table.id}${part === undefined || part === 1 ? "" : `-${part}`}}`,
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
