import { printable } from "../../pipeline/index.ts";
import { columns, cut, verdictOf } from "../../report/index.ts";
import type { ScoreChange, ScoreVerdict } from "../../report/index.ts";
import { bothText, digitsOf, pText, signed } from "./numbers.ts";
import { count, few } from "./words.ts";

export interface ScoreLinesOptions {
  /** Terminal columns. */
  width: number;
  /** Every number, not only the most telling. */
  all: boolean;
}

/** Metrics told before others, the most telling first. */
const FIRST = ["f1", "accuracy", "correct", "exact_match", "em", "score", "win_rate", "retrieval_recall", "recall", "precision"];
/** Metrics with rows of their own, and rows of one of them. */
const METRICS = 2;
const ROWS = 5;

const WORDS: Record<ScoreVerdict, string> = { up: "up", down: "down", weak: "weak", none: "no clear change", same: "equal", untested: "" };
const ORDER: ScoreVerdict[] = ["up", "down", "weak", "none", "same"];

/** Scores before and after, file by file: a tally for each metric, and the changes that say most. Empty where there are none. */
export function scoreLines(changes: readonly ScoreChange[], options: ScoreLinesOptions): string[] {
  const files = groupBy(changes, ({ cell, file }) => JSON.stringify([cell.replace(/@.*$/s, ""), file]));
  const paired = files.filter(([first]) => first?.test !== null);
  const single = files.filter(([first]) => first?.test === null);
  const told = new Set(options.all ? [] : paired.flatMap((file) => file.map(({ cell }) => cell)));
  const brief = single.filter(([first]) => first !== undefined && told.has(first.cell));
  const others = brief.reduce((sum, file) => sum + file.length, 0);
  const blocks = [
    ...paired.map((file) => pairedLines(file, options)),
    ...single.filter((file) => !brief.includes(file)).map((file) => singleLines(file, options)),
    others === 0 ? [] : wrapped(`${count(others, "number")} in ${few(brief.map(([first]) => first?.file ?? ""), 3)} ${others === 1 ? "differs" : "differ"} too (not tested): --all`, options.width),
    paired.length === 0 ? [] : wrapped(noteOn(changes), options.width),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ["", ...block]));
}

/** What the words mean, and how many tests they stand on. */
function noteOn(changes: readonly ScoreChange[]): string {
  const most = (detail: boolean): number => Math.max(0, ...changes.map((change) => (change.detail === detail ? (change.test?.tests ?? 0) : 0)));
  const [tests, parts] = [most(false), most(true)];
  const weak = changes.some((change) => verdictOf(change) === "weak");
  return `Means over the same records on both sides, 95 % interval of their difference, p of sign flips after Holm's correction for ${tests === 1 ? "one test" : `all ${count(tests, "test")}`}${parts > 0 ? `, for parts of groups and fields below the top for ${parts.toLocaleString("en-US")} more` : ""}.${weak ? " Weak: a single test would call it clear." : ""} No clear change is not no change.`;
}

/** One event for each number of `--json`, with how to read its change. */
export const scoreEvents = (changes: readonly ScoreChange[]): object[] => changes.map((change) => ({ event: "score", ...change, verdict: verdictOf(change) }));

function pairedLines(file: readonly ScoreChange[], options: ScoreLinesOptions): string[] {
  const { width, all } = options;
  const [first] = file;
  if (first === undefined) return [];
  const cells = new Set(file.map(({ cell }) => cell)).size;
  const people = Math.max(...file.map(({ test }) => test?.clusters ?? 0));
  const own = file.every(({ n, test }) => test === null || test.clusters === n);
  const metrics = groupBy(file, ({ metric }) => metric).sort((a, b) => rank(a[0]) - rank(b[0]));
  const records = Math.max(...metrics.map((rows) => rows.reduce((sum, { n, detail }) => sum + (detail ? 0 : n), 0)));
  const head = cut(`${placeOf(first, cells)}: ${count(records, "record")} paired by id${own ? "" : `, intervals over ${count(people, "person", "people")}`}`, width);
  // One group: the metrics are the rows.
  if (metrics.every((rows) => rows.length === 1)) return [head, ...tableLines(metrics.flat(), ({ metric }) => printable(metric), options)];
  const label = labelling(file, cells > 1);
  const names = Math.min(30, Math.max(...metrics.map(([one]) => columns(printable(one?.metric ?? "")))));
  const tallies = metrics.map((rows) => cut(`  ${printable(rows[0]?.metric ?? "").padEnd(names)}  ${tally(rows)}`, width));
  const moved = metrics.filter((rows) => rows.some((row) => row.moved > 0));
  const shown = all ? moved : moved.filter((rows, at) => at < METRICS || rows.some((row) => isClear(row)));
  return [head, ...tallies, ...shown.flatMap((rows) => ["", printable(rows[0]?.metric ?? ""), ...tableLines(shownRows(rows, all), label, options), ...moreLines(rows.length - shownRows(rows, all).length)])];
}

/** The clear ones first, then the largest. */
function shownRows(rows: readonly ScoreChange[], all: boolean): ScoreChange[] {
  // Up and down are equally clear.
  const order = (row: ScoreChange): number => (isClear(row) ? 0 : ORDER.indexOf(verdictOf(row)));
  const sorted = [...rows].sort((a, b) => order(a) - order(b) || Math.abs(b.test?.difference ?? 0) - Math.abs(a.test?.difference ?? 0));
  return all ? sorted : sorted.filter((row, at) => row.moved > 0 && (at < ROWS || isClear(row))).slice(0, 2 * ROWS);
}

function tableLines(rows: readonly ScoreChange[], name: (row: ScoreChange) => string, { width, all }: ScoreLinesOptions): string[] {
  const table = rows.map((row) => {
    const digits = digitsOf(row.before, row.after);
    const { difference = 0, low = 0, high = 0, p_holm = 1 } = row.test ?? {};
    return [name(row), bothText(row.before, row.after, false), signed(difference, digits), `[${signed(low, digits)}, ${signed(high, digits)}]`, `${WORDS[verdictOf(row)]}${isClear(row) ? ` (p ${pText(p_holm)})` : ""}`];
  });
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(0, ...table.map((line) => columns(line[i] ?? ""))));
  const [names = 0, means = 0, difference = 0, interval = 0, words = 0] = widths;
  const label = all ? names : Math.min(names, Math.max(8, width - 9 - means - difference - interval - words));
  return table.map((line) => {
    const text = cut(line[0] ?? "", label);
    const row = `  ${text}${" ".repeat(label - columns(text))}  ${(line[1] ?? "").padStart(means)}  ${(line[2] ?? "").padStart(difference)} ${(line[3] ?? "").padEnd(interval)}  ${line[4] ?? ""}`.trimEnd();
    return all ? row : cut(row, width);
  });
}

/** Single numbers of a JSON file. */
function singleLines(file: readonly ScoreChange[], { width, all }: ScoreLinesOptions): string[] {
  const [first] = file;
  if (first === undefined) return [];
  const cells = new Set(file.map(({ cell }) => cell)).size;
  const label = labelling(file, cells > 1);
  const rows = (all ? file : file.slice(0, 2 * ROWS)).map((row) => {
    const of = label(row);
    return { name: [printable(row.metric), ...(of === EVERYTHING ? [] : [of])].join(" "), text: `${bothText(row.before, row.after)}${overlapText(row.intervals)}` };
  });
  const most = Math.min(all ? Infinity : Math.max(8, width - 48), Math.max(...rows.map(({ name }) => columns(name))));
  const lines = rows.map(({ name, text }) => {
    const begun = cut(name, most);
    const line = `  ${begun}${" ".repeat(most - columns(begun))}  ${text}`;
    return all ? line : cut(line, width);
  });
  return [cut(`${placeOf(first, cells)}: ${count(file.length, "number")} ${file.length === 1 ? "differs" : "differ"} (not tested)`, width), ...lines, ...moreLines(file.length - rows.length)];
}

const moreLines = (left: number): string[] => (left > 0 ? [`  and ${left.toLocaleString("en-US")} more: --all`] : []);

function overlapText(intervals: ScoreChange["intervals"]): string {
  const { before, after } = intervals ?? {};
  if (before === undefined || after === undefined) return "";
  return before[0] <= after[1] && after[0] <= before[1] ? "  no clear change: intervals overlap" : "  intervals do not overlap";
}

/** `32 groups: 2 down, 24 no clear change, 6 equal`. */
function tally(rows: readonly ScoreChange[]): string {
  const by = new Map<ScoreVerdict, number>();
  for (const row of rows) by.set(verdictOf(row), (by.get(verdictOf(row)) ?? 0) + 1);
  const parts = ORDER.flatMap((verdict) => (by.has(verdict) ? [verdict] : []));
  const [only] = parts;
  if (rows.length === 1 && only !== undefined && rows[0] !== undefined) return `${bothText(rows[0].before, rows[0].after)}  ${WORDS[only]}`;
  if (only === "same" && parts.length === 1) return `equal in all ${count(rows.length, "group")}`;
  return `${count(rows.length, "group")}: ${parts.map((verdict) => `${by.get(verdict) ?? 0} ${WORDS[verdict]}`).join(", ")}`;
}

const EVERYTHING = "all records";
const isClear = (row: ScoreChange): boolean => ["up", "down"].includes(verdictOf(row));
const placeOf = ({ cell, file }: ScoreChange, cells: number): string => printable(`${cells > 1 ? `${cell.replace(/@.*$/s, "")} (${cells} cells)` : cell}${file === "" ? "" : ` ${file}`}`);

/** Names a row by what tells it from the others: its cell, and the fields of its group that vary. */
function labelling(rows: readonly ScoreChange[], cells: boolean): (row: ScoreChange) => string {
  const varying = fieldsThatVary(rows);
  return ({ group, cell }) => {
    const parts = varying.flatMap((field) => (group[field] === undefined ? [] : [typeof group[field] === "string" ? group[field] : `${field} ${String(group[field])}`]));
    const axes = cells ? [cell.replace(/^[^@]*@?/s, "")].filter((text) => text !== "") : [];
    return [...axes, ...parts].map((text) => printable(text)).join(", ") || EVERYTHING;
  };
}

/** Text first, then numbers, as one would say it. */
function fieldsThatVary(rows: readonly ScoreChange[]): string[] {
  const values = new Map<string, Set<unknown>>();
  for (const { group } of rows) for (const [field, value] of Object.entries(group)) values.set(field, (values.get(field) ?? new Set()).add(value));
  const isText = (field: string): boolean => [...(values.get(field) ?? [])].some((value) => typeof value === "string");
  return [...values].filter(([field, found]) => found.size > 1 || rows.some(({ group }) => !Object.hasOwn(group, field))).map(([field]) => field).sort((a, b) => Number(isText(b)) - Number(isText(a)) || (a < b ? -1 : 1));
}

function rank(row: ScoreChange | undefined): number {
  const at = FIRST.indexOf(row?.metric ?? "");
  return (row?.detail === true ? 1000 : 0) + (at < 0 ? FIRST.length : at);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && columns(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
