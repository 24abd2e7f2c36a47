import type { BuildEnd, BuildEvent, UnderWay } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { cut } from "../../report/index.ts";
import type { Changed, WatchEvent } from "../../watch/index.ts";
import { common, isLive, printJson, printMistakes, useColor } from "../common.ts";
import { freshText, showResults } from "../quick.ts";
import { printerOf, resultDirectories } from "../run.ts";
import { jsonPrinter } from "./json.ts";
import { LiveLine, Standing } from "./live.ts";
import type { Printer } from "./printer.ts";
import { tellOutcome } from "./outcome.ts";
import { blockedText, callsText, cellLine, count, few, idWidth, totalsText, waitingText } from "./words.ts";
import type { CellEvent } from "./words.ts";

const MOST_CHANGES = 6;

const limitText = (code: string): string =>
  code === "ENOSPC"
    ? "the system gives no more watches (ENOSPC): some directories are looked at twice a second instead; more are given by  sudo sysctl fs.inotify.max_user_watches=524288"
    : `the system gives no more files to watch with (${code}): some directories are looked at twice a second instead; more are given by  sudo sysctl fs.inotify.max_user_instances=1024  or  ulimit -n 4096`;

/** The first build as `dag run` prints it; of each later one what changed, what was rebuilt for it, what that cost, and what came of it. */
export function watchPrinter(): (event: WatchEvent) => Promise<void> {
  const stream = process.stderr;
  const color = useColor(stream);
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const session = { calls: 0, cost: 0, builds: 0 };
  /** Has a whole result been shown, for others to be compared with? */
  let shown = false;
  let first: Printer | undefined;
  let later: LaterBuild | undefined;
  const tell = (text: string): void => void (common.quiet || stream.write(`${text}\n`));
  return async (event) => {
    switch (event.type) {
      case "build":
        if (later === undefined && session.builds === 0) (first ??= printerOf()).event(event.event);
        else if (later !== undefined) later.event(event.event);
        else if (event.event.type === "waiting") stream.write(`${waitingText(event.event)}\n`);
        break;
      case "changed":
        if (event.why === "start") break;
        later = new LaterBuild(stream, paint);
        later.begin(event.changes, event.under);
        break;
      case "built": {
        const { end, project, overtaken } = event;
        session.builds++;
        if (end.kind !== "missing") {
          session.calls += end.calls.made;
          session.cost += end.cost;
        }
        if (later === undefined) (first ??= printerOf()).end(end);
        else later.end(end, overtaken, session);
        const compared = later !== undefined && shown;
        first = undefined;
        later = undefined;
        if (end.kind !== "done") break;
        if (compared) await outcome(event);
        else await showResults(resultDirectories(project, [...event.asked]), useColor(process.stdout));
        shown = true;
        break;
      }
      case "mistaken":
        if ("mistakes" in event.opened) printMistakes(event.opened.mistakes, false);
        else stream.write(event.opened.message.split("\n").map((line) => `dag: ${printable(line)}\n`).join(""));
        session.builds++;
        break;
      case "unchanged":
        tell(event.failed ? "nothing has changed for what failed: Enter tries it again" : freshText(event.cells).trimEnd());
        break;
      case "overtaking":
        tell(paint("2", "saved meanwhile: what that makes stale is ended, then it is built again"));
        break;
      case "watching":
        tell(paint("2", `watching ${count(event.files, "file")} in ${count(event.directories, "directory", "directories")}; Ctrl-C ends`));
        break;
      case "elsewhere":
        tell("another dag has built here since; Enter builds again as this watch was asked to");
        break;
      case "limited":
        stream.write(`${paint("33", "warning:")} ${limitText(event.code)}\n`);
        break;
      case "gone":
        stream.write(`dag: the project directory ${printable(event.directory)} is gone\n`);
        break;
      default:
        event satisfies never;
    }
  };
}

/** Records and scores of a whole build, beside those of the last whole one. */
async function outcome({ project, before, after, end }: Extract<WatchEvent, { type: "built" }>): Promise<void> {
  if (end.kind === "done" && before !== undefined) await tellOutcome(project, before, after, end.ran.length);
}

/** Builds as `run --json` tells them, each with its closing `done`; what the watch itself has to say between them. */
export function watchJsonPrinter(): (event: WatchEvent) => Promise<void> {
  let printer: Printer | undefined;
  return async (event) => {
    switch (event.type) {
      case "build":
        (printer ??= jsonPrinter()).event(event.event);
        break;
      case "changed":
        if (event.why !== "start") printJson({ event: "changed", changes: event.changes });
        break;
      case "built":
        (printer ??= jsonPrinter()).end(event.end);
        printer = undefined;
        await outcome(event);
        break;
      case "mistaken":
        if ("mistakes" in event.opened) printMistakes(event.opened.mistakes);
        else printJson({ event: "done", ok: false, ran: [], calls: { made: 0, stored: 0 }, cost: 0, message: event.opened.message });
        break;
      case "limited":
        printJson({ event: "warning", message: limitText(event.code) });
        process.stderr.write(`warning: ${limitText(event.code)}\n`);
        break;
      case "unchanged":
      case "overtaking":
      case "watching":
      case "elsewhere":
      case "gone": {
        const { type, ...rest } = event;
        printJson({ event: type, ...rest });
        break;
      }
      default:
        event satisfies never;
    }
  };
}

type Paint = (code: string, text: string) => string;

/** One build after the first, shortly: stages rather than cells. */
class LaterBuild {
  private readonly standing = new Standing();
  private readonly live: LiveLine | undefined;
  private readonly cells: CellEvent[] = [];

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly paint: Paint,
  ) {
    this.live = isLive(stream) && !common.quiet ? new LiveLine(stream, this.standing) : undefined;
  }

  begin(changes: readonly Changed[], under: UnderWay): void {
    this.standing.note({ type: "planned", plans: [...under.plans] });
    if (common.quiet) return;
    const width = (this.stream.columns || 80) - 1;
    this.say("");
    for (const change of changes.slice(0, MOST_CHANGES)) for (const line of changeLines(change)) this.say(cut(line, width));
    if (changes.length > MOST_CHANGES) this.say(`… and ${count(changes.length - MOST_CHANGES, "more change")}`);
    for (const line of workLines(under)) this.say(this.paint("2", cut(line, width)));
  }

  event(event: BuildEvent): void {
    this.standing.note(event);
    switch (event.type) {
      case "cell":
        if (event.outcome === "failed") {
          this.say(`${this.paint("31", "failed   ")} ${cellLine(event, 0)}`);
          for (const { item, message } of (event.failures ?? []).slice(1).filter((other) => other.message !== event.failures?.[0]?.message).slice(0, 9)) this.say(`          item ${printable(JSON.stringify(item))}: ${blockedText(message)}`);
        }
        this.cells.push(event);
        break;
      case "warning":
        this.say(`${this.paint("33", "warning:")} ${printable(event.message)}`);
        break;
      case "waiting":
        this.say(waitingText(event));
        break;
      case "log":
        if (!common.quiet) this.say(this.paint("2", `          ${event.cell}${event.item === undefined ? "" : ` ${printable(event.item)}`}: ${printable(event.message)}`));
        break;
      case "planned":
      case "started":
      case "items":
      case "calls":
      case "status":
        break;
      default:
        event satisfies never;
    }
  }

  end(end: BuildEnd, overtaken: boolean, session: { calls: number; cost: number }): void {
    this.live?.stop();
    if (end.kind === "missing") {
      printMistakes(end.mistakes, false);
      return;
    }
    if (common.quiet && end.kind === "done") return;
    for (const line of this.stageLines()) this.say(line);
    const word = overtaken ? "changed again: what was finished is kept · " : end.kind === "interrupted" ? "interrupted: what was finished is kept · " : end.kind === "refused" ? "refused: what was bought is kept · " : `${end.kind}: `;
    this.say(`${this.paint(end.kind === "done" ? "32" : end.kind === "interrupted" ? "33" : "31", word.slice(0, word.indexOf(":")))}${word.slice(word.indexOf(":"))}${totalsText(end)}`);
    if (end.kind === "refused" && end.message !== undefined) this.say(`          ${printable(end.message)}`);
    const spent = callsText({ made: session.calls, stored: 0 }, session.cost);
    if (spent !== undefined && (session.calls !== end.calls.made || session.cost !== end.cost)) this.say(`          since the watch began: ${spent}`);
  }

  /** One line for the cells of a stage that came to the same. */
  private stageLines(): string[] {
    const groups = new Map<string, CellEvent[]>();
    for (const event of this.cells) {
      if (event.outcome !== "ran" && event.outcome !== "restored") continue;
      const key = `${event.outcome} ${stageOf(event.cell)}`;
      groups.set(key, [...(groups.get(key) ?? []), event]);
    }
    const width = idWidth([...groups.values()].map((events) => nameOf(events)));
    return [...groups.values()].map((events) => {
      const [one] = events as [CellEvent];
      const text = events.length === 1 ? cellLine({ ...one, reasons: [] }, width) : togetherLine(events, width);
      return `${this.paint(one.outcome === "ran" ? "32" : "36", one.outcome.padEnd(9))} ${text}`;
    });
  }

  private say(line: string): void {
    this.live?.clear();
    this.stream.write(`${line}\n`);
    this.live?.draw();
  }
}

const stageOf = (id: string): string => id.split("@")[0] ?? id;
const nameOf = (events: readonly CellEvent[]): string => (events.length === 1 ? (events[0]?.cell ?? "") : `${stageOf(events[0]?.cell ?? "")} (${count(events.length, "cell")})`);

function togetherLine(events: readonly CellEvent[], width: number): string {
  const sum = (of: (event: CellEvent) => number): number => events.reduce((total, event) => total + of(event), 0);
  const parts = [nameOf(events).padEnd(width)];
  const items = sum(({ items: of }) => of?.total ?? 0);
  const ran = sum(({ items: of }) => of?.ran ?? 0);
  if (items > 0) parts.push(`${count(items, "item")}${ran < items ? `, ${ran.toLocaleString("en-US")} ran` : ""}`);
  const calls = callsText({ made: sum((event) => event.calls.made), stored: sum((event) => event.calls.stored) }, sum(({ cost }) => cost));
  if (calls !== undefined) parts.push(calls);
  return parts.join("  ").trimEnd();
}

/** The file and line, old and new; or what is to be said of the cells instead. */
function changeLines({ message, detail, cells }: Changed): string[] {
  const [head, ...rest] = detail;
  if (head === undefined) return [printable(/^(?:never built|not in the lock|forced)$/.test(message) ? `${few([...new Set(cells.map(stageOf))])}: ${message}` : message)];
  if (detail.some((line) => /^[-+] /.test(line))) return detail.map((line) => (/^[-+] |^… .* lines?$/.test(line) ? `  ${printable(line)}` : printable(line)));
  // A list of files needs a head of its own.
  if (rest.length > 0) return [printable(message.replace(/ [0-9a-f]{8} → [0-9a-f]{8}$/, "")), ...firstOf(detail).map((line) => `  ${printable(line)}`)];
  return [printable(head)];
}

/** The first three of what may be a list cut short already. */
function firstOf(lines: readonly string[]): string[] {
  const [, cut] = /^… and (\d+) more$/.exec(lines.at(-1) ?? "") ?? [];
  const all = cut === undefined ? lines.length : lines.length - 1 + Number(cut);
  return all <= 3 ? [...lines] : [...lines.slice(0, 3), `… and ${(all - 3).toLocaleString("en-US")} more`];
}

/** What will run, be restored, and run only if that comes out different. */
function workLines({ plans }: UnderWay): string[] {
  const kinds = { blocked: new Map<string, number>(), running: new Map<string, number>(), restoring: new Map<string, number>(), perhaps: new Map<string, number>() };
  for (const plan of plans) {
    if (plan.action === "fresh") continue;
    const into = plan.action === "blocked" ? kinds.blocked : plan.action === "restore" ? kinds.restoring : plan.conditional ? kinds.perhaps : kinds.running;
    into.set(plan.cell.stage.name, (into.get(plan.cell.stage.name) ?? 0) + 1);
  }
  const list = (stages: Map<string, number>): string => [...stages].map(([name, cells]) => (cells === 1 ? name : `${name} (${count(cells, "cell")})`)).join(", ");
  return [
    ...(kinds.blocked.size > 0 ? [`blocked   ${list(kinds.blocked)}`] : []),
    ...(kinds.restoring.size > 0 ? [`restoring ${list(kinds.restoring)}`] : []),
    ...(kinds.running.size > 0 ? [`running   ${list(kinds.running)}`] : []),
    ...(kinds.perhaps.size > 0 ? [`          and if that comes out different: ${list(kinds.perhaps)}`] : []),
  ];
}
