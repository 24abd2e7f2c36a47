import type { BuildEvent, BuildTotals, Calls } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { describeReason } from "../../plan/index.ts";
import type { Reason } from "../../plan/index.ts";
import { columns } from "../../report/index.ts";

export type CellEvent = Extract<BuildEvent, { type: "cell" }>;

/** `0.41 s`, `2 min 05 s`, `1 h 30 min`, `2 d 00 h`. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const two = (of: number): string => String(of).padStart(2, "0");
  const seconds = Math.round(ms / 1000), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** USD; cents' fractions only where they are all there is. */
export const money = (usd: number): string => (usd > 0 && usd < 0.0001 ? "<$0.0001" : `$${usd.toFixed(usd !== 0 && usd < 0.1 ? 4 : 2)}`);

/** `512 B`, `1.2 kB`, `34 MB`: a kilobyte is 1,000 bytes. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  for (; size >= 999.5 && unit < units.length - 1; unit++) size /= 1000;
  return `${unit === 0 || size >= 99.5 ? size.toFixed(0) : size.toPrecision(2)} ${units[unit] ?? ""}`;
}

/** The first of many names, and how many others there are. */
export const few = (names: readonly string[], most = 6): string => `${printable(names.slice(0, most).join(", "))}${names.length > most ? ` and ${names.length - most} more` : ""}`;

export const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;

export function callsText({ made, stored }: Calls, cost: number, saved = 0): string | undefined {
  if (made + stored === 0) return undefined;
  const bought = made > 0 ? count(made, "call") : "no call";
  return `${bought}${stored > 0 ? `, ${stored.toLocaleString("en-US")} stored` : ""}${saved > 0 ? ` (${money(saved)} saved)` : ""}${cost > 0 ? `, ${money(cost)}` : ""}`;
}

/** What each stage spent, saved and risks with each model, aligned; nothing where no money is in play. */
export function ledgerLines(rows: BuildTotals["ledger"]): string[] {
  const risky = (row: (typeof rows)[number]): string => (row.unanswered === undefined ? "" : `${count(row.unanswered, "request")} without an answer${(row.at_risk ?? 0) > 0 ? `, up to ${money(row.at_risk ?? 0)} at risk` : ""}`);
  if (!rows.some((row) => (row.cost ?? 0) > 0 || (row.saved ?? 0) > 0 || row.unanswered !== undefined)) return [];
  const table = rows.map((row) => [row.stage, `${row.role} (${printable(row.model)})`, `${money(row.cost ?? 0)} spent`, (row.saved ?? 0) > 0 ? `${money(row.saved ?? 0)} saved` : "", risky(row)]);
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((line) => (line[i] ?? "").length)));
  return table.map((line) => line.map((text, i) => (i === 2 || i === 3 ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join("  ").trimEnd());
}

/** The first reasons, in words. */
export function reasonsText(reasons: readonly Reason[], most = 2): string {
  const words = [...new Set(reasons.map((reason) => printable(describeReason(reason))))];
  return words.length > most ? `${words.slice(0, most).join("; ")}; and ${words.length - most} more` : words.join("; ");
}

/** What keeps a cell from being built, in a list: a syntax error without the code it quotes. */
export const blockedText = (message: string): string => printable(message.split("\n")[0] ?? "");

/** `2 of 3 cells are not fresh`. */
export function notFreshText(stale: number, total: number): string {
  if (total === 1) return "the cell is not fresh";
  return `${stale.toLocaleString("en-US")} of ${count(total, "cell")} ${stale === 1 ? "is" : "are"} not fresh`;
}

/** Columns for cell ids: as wide as the widest, within reason. */
export const idWidth = (ids: readonly string[]): number => ids.reduce((width, id) => Math.min(40, Math.max(width, id.length)), 0);

/** On a terminal a line of a list stays one line; elsewhere it is whole. */
export function listLine(line: string): string {
  const width = process.stdout.columns || 80;
  return process.stdout.isTTY && line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** One finished cell as a line without its outcome word. */
export function cellLine(event: CellEvent, width: number): string {
  const parts = [event.cell.padEnd(width)];
  const { items } = event;
  if (items !== undefined) parts.push(`${count(items.total, "item")}${items.kept > 0 ? `, ${items.ran} ran` : ""}${items.failed > 0 ? `, ${items.failed} failed` : ""}`);
  const calls = callsText(event.calls, event.cost);
  if (calls !== undefined) parts.push(calls);
  if (event.outcome === "ran") parts.push(duration(event.ms));
  if (event.message !== undefined) parts.push(printable(event.message, true));
  else if (event.reasons.length > 0) parts.push(reasonsText(event.reasons));
  return parts.join("  ").trimEnd();
}

/** The closing line of a build. */
export function totalsText(totals: BuildTotals): string {
  const parts: string[] = [];
  if (totals.ran.length > 0) parts.push(`${totals.ran.length} ran`);
  if (totals.restored.length > 0) parts.push(`${totals.restored.length} restored`);
  if (totals.fresh > 0) parts.push(`${totals.fresh} fresh`);
  if (totals.failed.length > 0) parts.push(`${totals.failed.length} failed`);
  if (totals.skipped.length > 0) parts.push(`${totals.skipped.length} skipped`);
  const calls = callsText(totals.calls, totals.cost, totals.saved);
  if (calls !== undefined) parts.push(calls);
  if (totals.removed.length > 0) parts.push(removedText(totals.removed.length));
  parts.push(duration(totals.ms));
  return parts.join(" · ");
}

export const removedText = (removed: number): string => `${count(removed, "artifact")} no longer in the pipeline removed`;

export function waitingText({ pid, host, command, sinceMs }: Extract<BuildEvent, { type: "waiting" }>): string {
  return `waiting for dag ${printable(command)} (process ${pid} on ${printable(host)}, building for ${duration(sinceMs)})`;
}

/** A text in lines of at most so many columns. */
export function wrapped(text: string, width: number): string[] {
  if (text === "") return [];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && columns(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
