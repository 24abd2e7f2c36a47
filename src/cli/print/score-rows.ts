import { printable } from "../../pipeline/index.ts";
import { columns, cut, cutMiddle, verdictOf } from "../../report/index.ts";
import type { ScoreChange, ScoreVerdict } from "../../report/index.ts";
import { areWhole, bothTexts, digitsOf, pText, signed } from "./numbers.ts";

export interface ScoreLinesOptions {
  /** Terminal columns. */
  width: number;
  /** Every number, not only the most telling. */
  all: boolean;
  /** Rows stay whole, however long: nobody's terminal would break them. */
  whole: boolean;
}

export const isClear = (row: ScoreChange): boolean => ["up", "down"].includes(verdictOf(row));

/** A verdict in words, by itself or after a number of groups. */
export function verdictText(verdict: ScoreVerdict, people: boolean): string {
  const few = `too few ${people ? "people" : "records"}`;
  return { up: "up", down: "down", weak: "weak", none: "no clear change", few, same: "equal", untested: "no pairs" }[verdict];
}

/** Paired scores, a row each; below it what its means leave out. */
export function tableLines(rows: readonly ScoreChange[], name: (row: ScoreChange) => string, { width, all, whole }: ScoreLinesOptions): string[] {
  const table = rows.map((row) => [name(row), ...cells(row)]);
  const [names = 0, before = 0, after = 0, difference = 0, interval = 0, words = 0] = [0, 1, 2, 3, 4, 5].map((i) => Math.max(0, ...table.map((line) => columns(line[i] ?? ""))));
  const uncut = all || whole;
  const label = uncut ? names : Math.min(names, Math.max(8, width - 12 - before - after - difference - interval - words));
  return table.flatMap(([of = "", ...line], at) => {
    const text = cutMiddle(of, label);
    const row = `  ${text}${" ".repeat(label - columns(text))}  ${(line[0] ?? "").padStart(before)} → ${(line[1] ?? "").padStart(after)}  ${(line[2] ?? "").padStart(difference)} ${(line[3] ?? "").padEnd(interval)}  ${line[4] ?? ""}`.trimEnd();
    return [row, ...rows.slice(at, at + 1).flatMap(missingText).map((remark) => `    ${remark}`)].map((one) => (uncut ? one : cut(one, width)));
  });
}

/** Before, after, difference, interval, verdict. */
function cells(row: ScoreChange): string[] {
  const { before, after, test } = row;
  const verdict = verdictOf(row);
  if (test === null) return [...bothTexts(before, after, false), "", "", verdictText(verdict, false)];
  const { difference, low, high, p_holm, clusters, people } = test;
  const counts = areWhole(before, after) && [difference, low, high].every(Number.isInteger);
  let digits = counts ? 0 : digitsOf(before, after);
  // A difference is never rounded away.
  while (difference !== 0 && digits < 9 && Number(difference.toFixed(digits)) === 0) digits++;
  const remark = isClear(row) ? ` (p ${pText(p_holm)})` : verdict === "few" ? ` (${clusters})` : "";
  return [...bothTexts(before, after, counts), signed(difference, digits), verdict === "few" ? "" : `[${signed(low, digits)}, ${signed(high, digits)}]`, `${verdictText(verdict, people.length > 0)}${remark}`];
}

/** `30 of 60 have no f1 now`: a mean over fewer records may move by that alone. */
export function missingText({ metric, n, unpaired, lost }: Pick<ScoreChange, "metric" | "n" | "unpaired" | "lost">): string[] {
  const all = (n + unpaired).toLocaleString("en-US");
  const parts = ([[lost, "now"], [unpaired - lost, "before"]] as const).flatMap(([some, when]) => (some === 0 ? [] : [`${some.toLocaleString("en-US")} of ${all} ${some === 1 ? "has" : "have"} no ${printable(metric)} ${when}`]));
  return parts.length === 0 ? [] : [`${parts.join(", ")}${n > 0 ? ": not in these means" : ""}`];
}
