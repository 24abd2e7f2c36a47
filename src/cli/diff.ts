import type { Command } from "commander";
import { cellChanges, groupChanges, InputWords, NOW, Sides } from "../build/index.ts";
import type { CellChange, ChangeGroup, Project, Side } from "../build/index.ts";
import { didYouMean, printable } from "../pipeline/index.ts";
import type { CellId } from "../pipeline/index.ts";
import { compareItems, compareScores, lastCells, stageOf } from "../report/index.ts";
import type { ScoreChange, Unread } from "../report/index.ts";
import { common, EXIT, openProject, printJson, printWarning, UsageError, withCommon } from "./common.ts";
import { CellPrinter, headLines } from "./print/changes.ts";
import { ItemPrinter } from "./print/items.ts";
import { scoreEvents, scoreLines } from "./print/scores.ts";
import { unreadLines } from "./print/unread.ts";
import { count, notFreshText } from "./print/words.ts";

interface DiffOptions {
  scores?: string[];
  all?: boolean;
  items?: boolean;
  exitCode?: boolean;
}

/** Cells that changed alike are one group; more of these than a reader will read are only counted. */
const MOST_GROUPS = 40;

const HELP = `
A build is one of, in this order:
  now         the lock as it stands
  a file      a lock, or what dag bundle made; relative to the project
  a revision  any name git knows (HEAD~3, a tag, :/words), with its lock
A file goes before a revision of the same name: write refs/heads/x for the
branch x, and ./now for a file called now.

Scores are the numbers of cells that no other stage needs, or of those given
with --scores. In JSONL files, records of one id are a pair, and every number in
them (true counts as 1) is tested within each system, noise, mode … the records
name. Where they name a person (in a field person, persona, subject or user, or one of
these with _id; within their community), interval and p are over people: records
of one person are not independent. Numbers of JSON files are put side by side, not
tested. A change is called up or down only where its 95 % interval excludes zero
and p, corrected for the number of tests made (Holm), is below 0.05. That takes
six people, and more for many tests.

Exit code 0 if the builds could be compared, equal or not; with --exit-code 3 if
they differ; 3 too where a lock or bundle is damaged.`;

export function diffCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("diff"))
    .description("two builds: which inputs changed and what follows from that, which records, which scores")
    .argument("[a]", "now, a lock file, a bundle or a git revision", "HEAD")
    .argument("[b]", "the later one", NOW)
    .option("--scores <cell>", "a cell, or stage, whose numbers are compared; may be given several times (default: those that nothing needs)", (value: string, before: string[] = []) => [...before, value])
    .option("--items", "name every record that differs")
    .option("--all", "every change of a cell, and every score: each group, parts of groups, fields below the top, all numbers of JSON files")
    .option("--exit-code", "exit 3 if the builds differ")
    .addHelpText("after", HELP)
    .action(async (a: string, b: string, options: DiffOptions) => exit(await diff(a, b, options)));
}

async function diff(a: string, b: string, options: DiffOptions): Promise<number> {
  const project = await openProject();
  if (project === undefined) return EXIT.usage;
  const sides = new Sides(project);
  const undo = onSignal((code) => {
    void sides.close();
    process.exit(code);
  });
  const end = (): void => {
    void sides.close();
    undo();
  };
  try {
    const [before, after] = [await opened(sides, a), await opened(sides, b)];
    for (const { message } of [...before.problems, ...after.problems]) printWarning(message);
    return await compare(project, before, after, options, end);
  } finally {
    end();
  }
}

/** Does something before a signal ends the process; until undone. */
function onSignal(act: (code: number) => void): () => void {
  const handlers = Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }).map(([signal, code]) => [signal, (): void => act(code)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

async function opened(sides: Sides, name: string): Promise<Side> {
  const found = await sides.open(name);
  if (found.ok) return found.side;
  const { message, hint, damaged } = found;
  throw new UsageError(hint === undefined ? message : `${message}; ${hint}`, damaged === true ? EXIT.stale : EXIT.usage);
}

async function compare(project: Project, before: Side, after: Side, options: DiffOptions, sourcesRead: () => void): Promise<number> {
  const wanted = options.scores === undefined ? lastCells(before, after) : cellsNamed(options.scores, before, after);
  const changes = cellChanges(before, after);
  const groups = groupChanges(changes);
  const stale = before.kind === "now" || after.kind === "now" ? await staleCells(project) : undefined;
  const equal = groups.length === 0;
  const width = Math.max(40, Math.min(process.stdout.isTTY ? process.stdout.columns || 80 : 80, 120));
  // Whoever asks for all of it, in a file or a pipe, gets all of each line.
  const cutAt = options.all === true && !process.stdout.isTTY ? Infinity : width;
  const words = new InputWords(before, after, project.options.identify);
  const say = (lines: readonly string[]): void => void process.stdout.write(lines.map((line) => `${line}\n`).join(""));

  for (const { name, made } of [before, after]) if (made !== undefined && made !== project.pipeline.file) printWarning(`${name} was made from ${made}, which is not the pipeline at hand: dag -f ${made} diff …`);
  if (common.json) {
    printJson(sideEvent("before", before, stale));
    printJson(sideEvent("after", after, stale));
  } else {
    say(headLines(before, after, changes, cutAt));
    const now = before.kind === "now" ? before : after;
    if (stale !== undefined && stale.length > 0) say([`now: ${notFreshText(stale.length, Object.keys(now.cells).length)} (dag status); compared is the last build`]);
  }

  const unreadable = changes.some(({ standing }) => standing === "unreadable");
  const code = unreadable || (options.exitCode === true && !equal) ? EXIT.stale : EXIT.ok;
  if (common.quiet && !common.json) return code;

  const cells = new CellPrinter(before, after, words, cutAt, say);
  const told = common.json || options.all === true ? groups : groups.slice(0, MOST_GROUPS);
  for (const group of told) await cells.tell(group);
  if (told.length < groups.length) say(["", `and ${count(groups.length - told.length, "other change")} of cells: --all`]);
  sourcesRead();

  const unread: Unread[] = [];
  const items = new ItemPrinter(options.items === true, cutAt, say);
  for (const stage of new Set(groups.map((group) => group.stage))) {
    const changed = groups.filter((group) => group.stage === stage && group.standing === "changed").flatMap((group) => group.cells);
    for (const { cell } of changed) for await (const one of compareItems(before, after, cell, (gone) => unread.push(gone))) items.note(one);
    items.endStage(stage);
  }
  const scores = await compareScores(before, after, wanted, { parts: options.all === true, onUnread: (gone) => unread.push(gone) });
  const missed = distinct(unread);
  if (common.json) {
    scoreEvents(scores).forEach(printJson);
    for (const one of missed) printJson({ event: "unread", ...one });
    printJson({ event: "done", ok: !unreadable, equal, ...counts(changes), records: items.totals, scores: scores.length, unread: missed.length });
  } else {
    if (scores.length > 0) say(["", ...scoreLines(scores, { width, all: options.all === true, whole: !process.stdout.isTTY })]);
    for (const line of options.scores === undefined ? [] : withoutScores(wanted, scores, missed, changes)) say(["", line]);
    say(unreadLines(missed, before, after, width));
  }
  return code;
}

function sideEvent(side: "before" | "after", { kind, name, revision, cells }: Side, stale: readonly string[] | undefined): object {
  return { event: "side", side, kind, name, ...(revision === undefined ? {} : { revision }), cells: Object.keys(cells).length, ...(kind === "now" && stale !== undefined ? { not_fresh: stale } : {}) };
}

function counts(changes: readonly CellChange[]): Record<string, number> {
  const of = (standing: ChangeGroup["standing"]): number => changes.filter((change) => change.standing === standing).length;
  return { added: of("added"), removed: of("removed"), changed: of("changed"), same_bytes: of("same-bytes"), moved: of("moved"), same: of("equal"), unreadable: of("unreadable") };
}

/** Cells of both builds that are meant by ids or stages. */
function cellsNamed(names: readonly string[], before: Side, after: Side): string[] {
  const common = Object.keys(after.cells).filter((cell) => before.cells[cell] !== undefined).sort();
  return [...new Set(names.flatMap((name) => {
    const found = common.filter((cell) => cell === name || cell.startsWith(`${name}@`));
    if (found.length > 0) return found;
    const known = [...new Set(common.flatMap((cell) => [cell, cell.replace(/@.*$/s, "")]))];
    throw new UsageError(`--scores: both builds have no cell or stage ${JSON.stringify(name)}; ${didYouMean(name, known) ?? `known: ${printable(known.slice(0, 12).join(", "))}`}`);
  }))];
}

/** Cells of the lock that are not as it says, whose inputs are no longer those, or that the pipeline no longer has. */
async function staleCells(project: Project): Promise<string[]> {
  const { planner, lock } = project.load();
  const { cells } = await planner.plan(project.graph.cells.keys());
  return Object.keys(lock.cells).filter((id) => cells.get(id as CellId)?.action !== "fresh").sort();
}

/** What there is to say of stages asked for by --scores that gave none. */
function withoutScores(wanted: readonly string[], scores: readonly ScoreChange[], unread: readonly Unread[], changes: readonly CellChange[]): string[] {
  return [...new Set(wanted.map(stageOf))].flatMap((stage) => {
    const isOf = ({ cell }: { cell: string }): boolean => stageOf(cell) === stage;
    if (scores.some(isOf) || unread.some(isOf)) return [];
    const same = changes.filter((change) => isOf(change) && wanted.includes(change.cell)).every(({ before, after }) => before?.artifact === after?.artifact);
    return [printable(`${stage}: ${same ? "the same bytes on both sides, so all its numbers are equal" : "no number to compare in records with an id, or in JSON"}`)];
  });
}

/** What both records and scores could not read is told once. */
function distinct(unread: readonly Unread[]): Unread[] {
  const seen = new Set<string>();
  return unread.filter((one) => {
    const key = JSON.stringify([one.cell, one.file, one.why]);
    return !seen.has(key) && seen.add(key);
  });
}
