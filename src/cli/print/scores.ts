import { printable } from "../../pipeline/index.ts";
import { columns, cut, cutMiddle, verdictOf } from "../../report/index.ts";
import type { ScoreChange, ScoreVerdict } from "../../report/index.ts";
import { bothTexts } from "./numbers.ts";
import { scoreNote } from "./score-note.ts";
import { isClear, missingText, tableLines, verdictText } from "./score-rows.ts";
import type { ScoreLinesOptions } from "./score-rows.ts";
import { count, few, wrapped } from "./words.ts";

/** Metrics told before others, the most telling first. */
const FIRST = ["f1", "accuracy", "correct", "exact_match", "em", "score", "win_rate", "retrieval_recall", "recall", "precision"];
/** Metrics with rows of their own, and rows of one of them. */
const METRICS = 2;
const ROWS = 5;

const ORDER: ScoreVerdict[] = ["up", "down", "weak", "none", "few", "untested", "same"];

/** Scores before and after, file by file: a tally for each metric, and the changes that say most. Empty where there are none. */
export function scoreLines(changes: readonly ScoreChange[], options: ScoreLinesOptions): string[] {
  const files = groupBy(changes, ({ cell, file }) => JSON.stringify([cell.replace(/@.*$/s, ""), file]));
  const paired = files.filter((file) => file.some(isPaired));
  const single = files.filter((file) => !file.some(isPaired));
  const told = new Set(options.all ? [] : paired.flatMap((file) => file.map(({ cell }) => cell)));
  const brief = single.filter(([first]) => first !== undefined && told.has(first.cell));
  const others = brief.reduce((sum, file) => sum + file.length, 0);
  const blocks = [
    ...paired.map((file) => pairedLines(file, options)),
    ...single.filter((file) => !brief.includes(file)).map((file) => singleLines(file, options)),
    others === 0 ? [] : wrapped(`${count(others, "number")} in ${few(brief.map(([first]) => first?.file ?? ""), 3)} ${others === 1 ? "differs" : "differ"} too (not tested): --all`, options.width),
    wrapped(scoreNote(changes), options.width),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ["", ...block]));
}

/** One event for each number of `--json`, with how to read its change. */
export const scoreEvents = (changes: readonly ScoreChange[]): object[] => changes.map((change) => ({ event: "score", ...change, verdict: verdictOf(change) }));

function pairedLines(file: readonly ScoreChange[], options: ScoreLinesOptions): string[] {
  const { width, all } = options;
  const [first] = file;
  if (first === undefined) return [];
  const cells = new Set(file.map(({ cell }) => cell)).size;
  const metrics = groupBy(file, ({ metric }) => metric).sort((a, b) => rank(a[0]) - rank(b[0]));
  const records = Math.max(...metrics.map((rows) => rows.reduce((sum, { n, unpaired, detail }) => sum + (detail ? 0 : n + unpaired), 0)));
  const title = `${placeOf(first, cells)}: ${count(records, "record")} paired ${pairedText(file)}`;
  const people = peopleText(file);
  // The people go below where they do not fit beside.
  const head = people === "" || columns(title + people) <= width ? [title + people] : [`${title},`, `  ${people.slice(2)}`];
  const heads = head.flatMap((line) => wrapped(line, width - 2).map((part, at) => (at === 0 ? part : `  ${part}`)));
  // One group: the metrics are the rows.
  if (metrics.every((rows) => rows.length === 1)) return [...heads, ...tableLines(metrics.flat(), ({ metric }) => printable(metric), options)];
  const label = labelling(file, cells > 1);
  const names = Math.min(30, Math.max(...metrics.map(([one]) => columns(printable(one?.metric ?? "")))));
  const tallies = metrics.map((rows) => cut(`  ${printable(rows[0]?.metric ?? "").padEnd(names)}  ${tally(rows)}`, options.whole ? Infinity : width));
  const moved = metrics.filter((rows) => rows.some(isTold));
  const shown = all ? moved : moved.filter((rows, at) => at < METRICS || rows.some((row) => isClear(row)));
  return [...heads, ...tallies, ...shown.flatMap((rows) => ["", printable(rows[0]?.metric ?? ""), ...tableLines(shownRows(rows, all), label, options), ...moreLines(rows.length - shownRows(rows, all).length)])];
}

/** Records of one id on both sides, not a single number. */
const isPaired = ({ test, unpaired }: ScoreChange): boolean => test !== null || unpaired > 0;
const isTold = ({ moved, unpaired }: ScoreChange): boolean => moved > 0 || unpaired > 0;

/** `by id`; where another system took one's place, by what they share. */
function pairedText(file: readonly ScoreChange[]): string {
  const renamed = file.flatMap((change) => change.renamed ?? []);
  const [first] = renamed;
  if (first === undefined) return "by id";
  const all = file.every((change) => change.renamed?.pairs === change.n + change.unpaired);
  return `by ${all ? "" : "id, or where systems have other names by "}${printable(first.by.join(", "))}`;
}

/** Whose records they are, and which fields say so. */
function peopleText(file: readonly ScoreChange[]): string {
  const tests = file.flatMap(({ test, n }) => (test === null || test.people.length === 0 ? [] : [{ ...test, n }]));
  const [first] = tests;
  if (first === undefined || tests.every(({ clusters, n }) => clusters === n)) return "";
  const of = `(${printable(first.people.join(", "))})`;
  const most = Math.max(...tests.map(({ clusters }) => clusters));
  return most === 1 ? `, all about one person ${of}` : `, tested over ${most.toLocaleString("en-US")} people ${of}`;
}

/** The clear ones first, then the largest. */
function shownRows(rows: readonly ScoreChange[], all: boolean): ScoreChange[] {
  // Up and down are equally clear.
  const order = (row: ScoreChange): number => (isClear(row) ? 0 : row.unpaired > 0 ? 1 : ORDER.indexOf(verdictOf(row)));
  const sorted = [...rows].sort((a, b) => order(a) - order(b) || Math.abs(b.test?.difference ?? 0) - Math.abs(a.test?.difference ?? 0));
  return all ? sorted : sorted.filter((row, at) => isTold(row) && (at < ROWS || isClear(row))).slice(0, 2 * ROWS);
}

/** Single numbers of a JSON file. */
function singleLines(file: readonly ScoreChange[], { width, all, whole }: ScoreLinesOptions): string[] {
  const [first] = file;
  if (first === undefined) return [];
  const cells = new Set(file.map(({ cell }) => cell)).size;
  const label = labelling(file, cells > 1);
  const rows = (all ? file : file.slice(0, 2 * ROWS)).map((row) => {
    const of = label(row);
    const [before, after] = bothTexts(row.before, row.after);
    return { name: [printable(row.metric), ...(of === EVERYTHING ? [] : [of])].join(" "), before, after, overlap: overlapText(row.intervals) };
  });
  const uncut = all || whole;
  const most = Math.min(uncut ? Infinity : Math.max(8, width - 48), Math.max(...rows.map(({ name }) => columns(name))));
  const widest = (of: (row: (typeof rows)[number]) => string): number => Math.max(...rows.map((row) => columns(of(row))));
  const [left, right] = [widest(({ before }) => before), widest(({ after }) => after)];
  const lines = rows.map(({ name, before, after, overlap }) => {
    const begun = cutMiddle(name, most);
    const line = `  ${begun}${" ".repeat(most - columns(begun))}  ${before.padStart(left)} → ${after.padStart(right)}${overlap}`;
    return uncut ? line : cut(line, width);
  });
  return [cut(`${placeOf(first, cells)}: ${count(file.length, "number")} ${file.length === 1 ? "differs" : "differ"} (not tested)`, uncut ? Infinity : width), ...lines, ...moreLines(file.length - rows.length)];
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
  const sum = (key: "n" | "unpaired" | "lost"): number => rows.reduce((total, row) => total + row[key], 0);
  const missing = missingText({ metric: rows[0]?.metric ?? "", n: sum("n"), unpaired: sum("unpaired"), lost: sum("lost") }).map((text) => `; ${text}`).join("");
  const people = rows.some(({ test }) => (test?.people.length ?? 0) > 0);
  if (rows.length === 1 && only !== undefined && rows[0] !== undefined) return `${bothTexts(rows[0].before, rows[0].after).join(" → ")}  ${verdictText(only, people)}${missing}`;
  if (only === "same" && parts.length === 1) return `equal in all ${count(rows.length, "group")}${missing}`;
  return `${count(rows.length, "group")}: ${parts.map((verdict) => `${by.get(verdict) ?? 0} ${verdict === "few" ? "with " : ""}${verdictText(verdict, people)}`).join(", ")}${missing}`;
}

const EVERYTHING = "all records";
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
