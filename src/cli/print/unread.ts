import type { Side } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { cut } from "../../report/index.ts";
import type { Unread } from "../../report/index.ts";
import { few, wrapped } from "./words.ts";

/** What could not be compared, and how to get what is missing. */
export function unreadLines(unread: readonly Unread[], before: Side, after: Side, width: number): string[] {
  if (unread.length === 0) return [];
  const lines: string[] = [];
  for (const [why, side] of [["before-gone", before], ["after-gone", after]] as const) {
    const cells = [...new Set(unread.filter((one) => one.why === why).map(({ cell }) => cell))];
    if (cells.length > 0) lines.push(`of ${printable(side.name)} these bytes are no longer kept: ${few(cells)}`, ...wayBack(side).map((line) => `  ${line}`));
  }
  for (const { cell, file, why, message } of unread) if (!why.endsWith("-gone")) lines.push(...reasonLines({ cell, file, message }, width - 2));
  return ["", "not compared", ...lines.map((line) => cut(`  ${line}`, width))];
}

export function reasonLines({ cell, file, message }: Pick<Unread, "cell" | "file" | "message">, width: number): string[] {
  const [first = "", ...rest] = wrapped(printable(`${cell}${file === "" ? "" : ` ${file}`}: ${message}`), width - 2);
  return [first, ...rest.map((line) => `  ${line}`)];
}

function wayBack(side: Side): string[] {
  const name = printable(side.name);
  switch (side.kind) {
    case "revision":
      return [`git checkout ${name} && dag run && git checkout - && dag run`];
    case "bundle":
      return [`dag replay ${name} --into DIR, then dag diff DIR/dag.lock`];
    case "lock":
      return ["check out the sources of this lock, and dag run"];
    case "now":
      return ["dag run"];
    default:
      return side.kind satisfies never;
  }
}
