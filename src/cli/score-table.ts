import type { Scored } from "../exchange/index.ts";
import { pythonRound, splitModel, type LevelStatistics } from "../stats/index.ts";
import { printable } from "../pipeline/index.ts";

const LABELS: Record<string, string> = {
  Basic_information_easy: "Basic",
  Preference_easy: "Pref easy",
  Preference_hard: "Pref hard",
  Social_easy: "Soc easy",
  Social_hard: "Soc hard",
};
/** Categories in the paper's order; others follow in order of appearance. */
const ORDER = Object.keys(LABELS);

/** Scores as a terminal text: one table of answers and one of rankings, a block per noise level. Ends with a newline. */
export function scoreTable(scored: Scored): string {
  const categories = [...new Set(scored.questions.map(({ category }) => category))].sort((a, b) => place(a) - place(b));
  const labels = categories.map((name) => (scored.mode === "compat" && name === "Social_easy" ? "Social" : (LABELS[name] ?? printable(name))));
  const fixed = scored.mode === "fixed";
  const answers: string[][] = [["Answers; categories: F1", "P", "R", "F1", ...(fixed ? ["95 % of F1"] : []), ...labels, ...(fixed ? ["macro"] : []), "outdated"]];
  const rankings: string[][] = [["Retrieval, recall/nDCG", "Overall", ...labels, ...(fixed ? ["macro"] : [])]];
  scored.statistics.forEach(({ Noise, Statistics }, level) => {
    answers.push([`noise ${Noise.toFixed(1)}`]);
    for (const [model, rows] of Object.entries(Statistics.end2end_eval)) {
      const interval = scored.intervals[level]?.get(model);
      answers.push([
        `  ${printable(model)}`,
        ...(["ave_precision", "ave_recall", "ave_f1"] as const).map((field) => value(rows["Overall"], field)),
        ...(fixed ? [interval === undefined ? "" : `${short(interval.low)}–${short(interval.high)}`] : []),
        ...categories.map((name) => value(rows[name], "ave_f1")),
        ...(fixed ? [value(rows["Overall_macro"], "ave_f1")] : []),
        value(rows["outdated_information"], "ave_recall"),
      ]);
    }
    const retrievers = Object.entries(Statistics.retrieval_eval);
    if (retrievers.length > 0) rankings.push([`noise ${Noise.toFixed(1)}`]);
    for (const [retriever, rows] of retrievers) {
      const pair = (row: Row): string => `${value(row, "ave_recall")}/${value(row, "ave_ndcg")}`;
      rankings.push([`  ${printable(retriever)}`, pair(rows["Overall"]), ...categories.map((name) => pair(rows[name])), ...(fixed ? [pair(rows["Overall_macro"])] : [])]);
    }
  });
  return [headline(scored), "", ...layout(answers), "", ...(rankings.length > 1 ? [...layout(rankings), ""] : []), ...notes(scored), ""].join("\n");
}

type Row = { [field: string]: number | null | undefined } | undefined;

function place(category: string): number {
  const at = ORDER.indexOf(category);
  return at < 0 ? ORDER.length : at;
}

function headline({ mode, k, questions, statistics }: Scored): string {
  const models = new Set(statistics.flatMap(({ Statistics }) => Object.keys(Statistics.end2end_eval)));
  const distinct = new Set(questions.map(({ q_id }) => q_id)).size;
  const how = mode === "compat" ? "compat mode (the released scorer, number for number)" : `fixed mode, k = ${k ?? ""}`;
  return `PersonaBench scores, ${how}: ${count(distinct, "question")}, ${count(models.size, "model")}, ${count(statistics.length, "noise level")}`;
}

function notes({ mode, subjective, statistics }: Scored): string[] {
  const out: string[] = [];
  if (subjective > 0) out.push(`${count(subjective, "Subjective answer")} (choice questions) not scored.`);
  out.push("outdated: share of outdated values among the answers, less is better; - where there is none.");
  if (mode === "compat") out.push("Compat keeps the released scorer's faults; leave --compat out for honest numbers.");
  else out.push("The interval resamples people (bootstrap); with few people it is rough.");
  if (mode === "compat" && usesGold(statistics)) out.push("The released scorer does not score the ranking of gt-context.");
  return out;
}

function usesGold(statistics: readonly LevelStatistics[]): boolean {
  return statistics.some(({ Statistics }) => Object.keys(Statistics.end2end_eval).some((model) => splitModel(model).retriever === "gt-context"));
}

function value(row: Row, field: string): string {
  const number = row?.[field];
  return number === null || number === undefined ? "-" : number.toFixed(3);
}

function short(number: number): string {
  return pythonRound(number, 2).toFixed(2);
}

function count(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? "" : "s"}`;
}

/** Columns padded to their widest cell: the first to the right, numbers to the left. Rows of one cell are headings and span. */
function layout(rows: readonly string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) if (row.length > 1) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, [...cell].length)));
  return rows.map((row) => row.map((cell, i) => (i === 0 ? (row.length === 1 ? cell : pad(cell, widths[0] ?? 0)) : " ".repeat(Math.max(0, (widths[i] ?? 0) - [...cell].length)) + cell)).join("  "));
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}
