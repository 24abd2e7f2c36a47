import type { BuildEnd, BuildEvent } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { printMistakes } from "../common.ts";
import { freshText } from "../quick.ts";
import { LiveLine, Standing } from "./live.ts";
import type { Printer } from "./printer.ts";
import { blockedText, cellLine, idWidth, ledgerLines, removedText, totalsText, waitingText } from "./words.ts";
import type { CellEvent } from "./words.ts";

/** A failure without the lines of a command's output that stand above it. */
function unsaid(event: CellEvent, said: readonly string[]): CellEvent {
  if (event.message === undefined || said.length === 0) return event;
  return { ...event, message: event.message.split("\n").filter((line, i) => i === 0 || !said.includes(line.trimStart())).join("\n") };
}

export interface LinesOptions {
  stream: NodeJS.WriteStream;
  color: boolean;
  /** A line that is redrawn while work goes on; for terminals. */
  live: boolean;
  quiet: boolean;
}

const paints: Record<string, string> = { ran: "32", restored: "36", failed: "31", skipped: "33" };

const PULSE_MS = 15_000;
const MOST_SKIPPED = 12;

/** One line per cell that did something, warnings, and a closing line; on a terminal a progress line below. */
export function linesPrinter({ stream, color, live, quiet }: LinesOptions): Printer {
  const standing = new Standing();
  const progress = live && !quiet ? new LiveLine(stream, standing) : undefined;
  let width = 0;
  let skipped = 0;
  // What a cell said last, while nothing else was printed: its failure need not say it again.
  let last: { cell: string; said: string[] } | undefined;
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const say = (line: string): void => {
    last = undefined;
    progress?.clear();
    stream.write(`${line}\n`);
    progress?.draw();
  };
  // Without a terminal, a long build still says now and then where it stands.
  const pulse = live || quiet ? undefined : setInterval(() => {
    const line = standing.line();
    if (line !== undefined) say(`          ${line}`);
  }, PULSE_MS);
  pulse?.unref();
  return {
    event(event: BuildEvent) {
      standing.note(event);
      if (event.type === "planned") width = idWidth(event.plans.map(({ cell }) => cell.id));
      switch (event.type) {
        case "cell":
          if (event.outcome === "fresh" || (quiet && event.outcome !== "failed")) break;
          if (event.outcome === "skipped" && ++skipped > MOST_SKIPPED) break;
          say(`${paint(paints[event.outcome] ?? "0", event.outcome.padEnd(9))} ${cellLine(unsaid(event, last?.cell === event.cell ? last.said : []), width)}`);
          // The first is in the line already, and so are others that say the same.
          for (const { item, message } of (event.failures ?? []).slice(1).filter((other) => other.message !== event.failures?.[0]?.message).slice(0, 9)) say(`          item ${printable(JSON.stringify(item))}: ${blockedText(message)}`);
          break;
        case "warning":
          say(`${paint("33", "warning:")} ${printable(event.message)}`);
          break;
        case "waiting":
          say(waitingText(event));
          break;
        case "log": {
          if (quiet) break;
          const said = last?.cell === event.cell ? last.said : [];
          say(paint("2", `          ${event.cell}${event.item === undefined ? "" : ` ${printable(event.item)}`}: ${printable(event.message)}`));
          last = { cell: event.cell, said: [...said.slice(-99), event.message] };
          break;
        }
        case "planned":
        case "started":
        case "items":
        case "calls":
        case "status":
          break;
        default:
          event satisfies never;
      }
    },
    end(end: BuildEnd) {
      progress?.stop();
      clearInterval(pulse);
      if (skipped > MOST_SKIPPED && !quiet) stream.write(`          and ${skipped - MOST_SKIPPED} more skipped\n`);
      if (end.kind === "missing") {
        printMistakes(end.mistakes);
        return;
      }
      if (quiet && end.kind === "done") return;
      const nothing = end.ran.length + end.restored.length + end.failed.length + end.skipped.length === 0;
      for (const line of quiet ? [] : ledgerLines(end.ledger)) stream.write(`          ${line}\n`);
      if (end.kind === "interrupted") stream.write(`${paint("33", "interrupted")}: what was finished is kept · ${totalsText(end)}\n`);
      else if (nothing && end.kind === "done") stream.write(freshText(end.fresh, end.removed.length > 0 ? ` · ${removedText(end.removed.length)}` : ""));
      else stream.write(`${paint(end.kind === "done" ? "32" : "31", end.kind === "done" ? "done" : end.kind)}: ${end.kind === "refused" ? "what was bought is kept · " : ""}${totalsText(end)}\n`);
    },
  };
}
