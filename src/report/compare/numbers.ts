import { isFields } from "./lines.ts";
import type { FilePair, ScoreChange } from "./types.ts";

/** Numbers in a row of a table that are results, not names. */
const RESULTS = new Set(["value", "low", "high", "n", "clusters", "mean", "std", "sd", "se", "min", "max", "median", "count", "difference", "p", "p_holm", "z", "exact"]);
/** Fields of a row that name what its value is. */
const METRIC = ["metric", "dimension", "measure", "name"];

interface Leaf {
  metric: string;
  group: ScoreChange["group"];
  value: number;
  interval?: [number, number];
}

/** Numbers that differ between two JSON values. Rows of a list are matched by the text and numbers that name them, else by place. */
export function numberChanges({ cell, file }: FilePair, before: unknown, after: unknown): ScoreChange[] {
  const [a, b] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [old, now] = [a.get(key), b.get(key)];
    const one = now ?? old;
    if (one === undefined || old?.value === now?.value) return [];
    const intervals = { ...(old?.interval === undefined ? {} : { before: old.interval }), ...(now?.interval === undefined ? {} : { after: now.interval }) };
    const change: ScoreChange = { cell, file, metric: one.metric, group: one.group, detail: false, n: 1, moved: 1, unpaired: 0, lost: 0, before: old?.value ?? null, after: now?.value ?? null, test: null };
    return [Object.keys(intervals).length === 0 ? change : { ...change, intervals }];
  });
}

function leavesOf(value: unknown): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const put = (leaf: Leaf): void => {
    const key = JSON.stringify([leaf.metric, leaf.group]);
    // Rows of equal names are told apart by their order.
    for (let n = 0; ; n++) if (!leaves.has(`${key}${n}`)) return void leaves.set(`${key}${n}`, leaf);
  };
  const visit = (inner: unknown, path: string, group: ScoreChange["group"], depth: number): void => {
    if (typeof inner === "number") put({ metric: path, group, value: inner });
    else if (depth > 16) return;
    else if (Array.isArray(inner)) inner.forEach((one: unknown, at) => void (isFields(one) ? visitRow(one, path, at, group, depth + 1) : visit(one, `${path}[${at}]`, group, depth + 1)));
    else if (isFields(inner)) for (const [name, one] of Object.entries(inner)) visit(one, path === "" ? name : `${path}.${name}`, group, depth + 1);
  };
  const visitRow = (row: Record<string, unknown>, path: string, at: number, above: ScoreChange["group"], depth: number): void => {
    const named = Object.entries(row).filter((entry): entry is [string, string | number] => typeof entry[1] === "string" || (typeof entry[1] === "number" && typeof row["value"] === "number" && !RESULTS.has(entry[0])));
    if (named.length === 0) return visit(row, `${path}[${at}]`, above, depth);
    const title = METRIC.find((name) => typeof row[name] === "string");
    const group = { ...above, ...Object.fromEntries(named.filter(([name]) => name !== title)) };
    const { value, low, high } = row;
    if (typeof value === "number") {
      const metric = [path, ...(title === undefined ? [] : [String(row[title])])].filter((part) => part !== "").join(" ");
      put({ metric, group, value, ...(typeof low === "number" && typeof high === "number" ? { interval: [low, high] } : {}) });
      return;
    }
    const names = new Set(named.map(([name]) => name));
    for (const [name, one] of Object.entries(row)) if (!names.has(name)) visit(one, [path, ...(title === undefined ? [] : [String(row[title])]), name].filter((part) => part !== "").join("."), group, depth);
  };
  visit(value, "", {}, 0);
  return leaves;
}
