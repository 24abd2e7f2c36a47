import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { checkCache, collectGarbage, leftovers, LineError, listJournals, lockFiles, pipelineFiles, readLines, whatToKeep } from "../build/index.ts";
import type { Freed, GarbageKind, Project } from "../build/index.ts";
import { Answers, batchStates, CallError, cancelBatches } from "../model/index.ts";
import { printable } from "../pipeline/index.ts";
import { ResultStore } from "../plan/index.ts";
import { acquire, ObjectStore, readLock, tally, writeAtomic } from "../store/index.ts";
import type { LockCell, Tally } from "../store/index.ts";
import { common, EXIT, openProject, printJson, TOOL, UsageError, withCommon } from "./common.ts";
import { bytesText, count, waitingText } from "./print/words.ts";

export function cacheCommand(program: Command, exit: (code: number) => void): void {
  const cache = withCommon(program.command("cache")).description("the answers and artifacts kept: list, count, check, free, carry along");
  const verb = (name: string, description: string): Command => withCommon(cache.command(name)).description(description);
  verb("ls", "what is kept: artifacts by the path they were built for, answers by who asked")
    .argument("[what]", "artifacts or answers; default: both")
    .action(async (what: string | undefined) => exit(await list(what)));
  verb("stats", "how much is kept, by kind and by model").action(async () => exit(await stats()));
  verb("verify", "check every object, result, item journal and answer; exit 3 names what is damaged").action(async () => exit(await verify()));
  verb("gc", "free what no lock needs; answers are never touched")
    .option("-n, --dry-run", "say what would be freed; remove nothing")
    .option("--revisions <n>", "also keep what the locks of the last n git revisions that touched one need", "0")
    .option("--unfinished", "also free remembered items of runs that never finished, under settings that are not the current ones")
    .action(async (options: { dryRun?: boolean; revisions: string; unfinished?: boolean }) => exit(await gc(options)));
  verb("export", "answers as JSON lines, sorted by key: the same answers are the same bytes")
    .argument("[file]", "where to; default: stdout")
    .action(async (file: string | undefined) => exit(await exportAnswers(file)));
  verb("import", "take answers that `dag cache export` wrote; what is kept already stays")
    .argument("<files...>", "exports; - for stdin")
    .action(async (files: string[]) => exit(await importAnswers(files)));
  verb("migrate", "put answers kept under an older form of the key under today's, without buying anything").action(async () => exit(await migrate()));
  verb("batches", "batches of calls that are out (models with mode: batch)")
    .option("--cancel", "cancel them; what was answered meanwhile is taken by the next run")
    .action(async (options: { cancel?: boolean }) => exit(await batches(options.cancel === true)));
}

async function migrate(): Promise<number> {
  const report = (await withAnswers(rootOf(), (answers) => answers.migrate())) ?? { migrated: 0, unknown: 0 };
  if (common.json) printJson({ event: "migrated", ...report });
  else process.stdout.write(`${count(report.migrated, "answer")} migrated${report.unknown > 0 ? `, ${report.unknown} of a form this version does not know are kept as they are` : ""}\n`);
  return EXIT.ok;
}

async function batches(cancel: boolean): Promise<number> {
  const root = rootOf();
  const states = batchStates(root);
  const out = await states.list();
  for (const { id, base_url } of out) {
    if (common.json) printJson({ event: "batch", id: id ?? null, base_url });
    else process.stdout.write(`batch  ${printable(id ?? "(not sent yet)")}  at ${printable(base_url)}\n`);
  }
  if (!cancel) {
    if (!common.json && out.length === 0) process.stdout.write("no batch is out\n");
    return EXIT.ok;
  }
  const project = await openProject();
  if (project === undefined) return EXIT.usage;
  const cancelled = await cancelBatches(states, Object.values(project.pipeline.models), process.env).catch(inWords);
  if (common.json) printJson({ event: "cancelled", ids: cancelled });
  else process.stdout.write(`${cancelled.length === 1 ? "1 batch" : `${cancelled.length} batches`} cancelled\n`);
  return EXIT.ok;
}

/** The project's root; a cache without a pipeline beside it is a mistake in the directory. */
function rootOf(): string {
  const root = resolve(common.directory ?? ".");
  if (pipelineFiles(root).length === 0 && !existsSync(join(root, common.file ?? "cache"))) throw new UsageError(`there is no project in ${root}; -C dir works in another directory`);
  return root;
}

/** The answers kept; undefined where none were ever bought, so that looking makes nothing. */
async function withAnswers<T>(root: string, use: (answers: Answers, mended: readonly string[]) => Promise<T>, make = false): Promise<T | undefined> {
  const store = process.env["DAG_CACHE"];
  if (!make && (store === undefined || store === "") && !existsSync(join(root, "cache/calls"))) return undefined;
  const mended: string[] = [];
  const onWarning = (line: string): void => {
    mended.push(line);
    process.stderr.write(`warning: ${printable(line)}\n`);
  };
  const answers = await Answers.open({ root, onWarning, ...(store === undefined ? {} : { store }) }).catch(inWords);
  try {
    return await use(answers, mended).catch(inWords);
  } finally {
    await answers.close();
  }
}

function inWords(error: unknown): never {
  throw error instanceof CallError || error instanceof LineError ? new UsageError(error.message, EXIT.failed) : error;
}

/** Cells that locks name, by recipe: which lock, which cell. */
function locked(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of lockFiles(root)) for (const [cell, { recipe }] of Object.entries(readLock(join(root, path)).lock.cells)) if (!found.has(recipe)) found.set(recipe, path === "dag.lock" ? cell : `${cell} (${path})`);
  return found;
}

async function list(what: string | undefined): Promise<number> {
  if (what !== undefined && what !== "artifacts" && what !== "answers") throw new UsageError(`dag cache ls takes artifacts or answers, not ${JSON.stringify(what)}`);
  const root = rootOf();
  if (what !== "answers") await listArtifacts(root);
  if (what !== "artifacts") await withAnswers(root, listAnswers);
  return EXIT.ok;
}

async function listArtifacts(root: string): Promise<void> {
  const cells = locked(root);
  const objects = new ObjectStore(join(root, "cache/objects"));
  const rows: LockCell[] = [];
  for (const { content } of new ResultStore(join(root, "cache")).list()) if (typeof content === "object") rows.push(content);
  rows.sort((a, b) => (a.path === b.path ? (a.recipe < b.recipe ? -1 : 1) : a.path < b.path ? -1 : 1));
  for (const { artifact, bytes, path, recipe, records } of rows) {
    const cell = cells.get(recipe);
    const kept = await objects.has(artifact);
    if (common.json) printJson({ event: "artifact", artifact, bytes, path, recipe, ...(records === undefined ? {} : { records }), ...(cell === undefined ? {} : { cell }), kept });
    else process.stdout.write(`artifact  ${artifact.slice(7, 19)}  ${bytesText(bytes).padStart(9)}  ${printable(path).padEnd(34)}  ${cell === undefined ? "no lock names it" : `of ${printable(cell)}`}${kept ? "" : ", its bytes are not kept"}\n`);
  }
}

async function listAnswers(answers: Answers): Promise<void> {
  for await (const { key, kind, provider, model, snapshot, outcome, usage, asker, bytes } of answers.list()) {
    if (common.json) printJson({ event: "answer", key, kind, provider, model, snapshot, outcome, usage, asker, bytes });
    else process.stdout.write(`answer    ${key.slice(7, 19)}  ${bytesText(bytes).padStart(9)}  ${printable(`${asker.stage}${asker.item === undefined ? "" : ` ${asker.item}`}`).padEnd(34)}  ${kind} ${printable(model)}, ${outcome}, ${usage.input}+${usage.output} tokens\n`);
  }
}

async function stats(): Promise<number> {
  const root = rootOf();
  const sum = (items: Iterable<{ bytes: number }>): Tally => {
    const total = { objects: 0, bytes: 0 };
    for (const { bytes } of items) {
      total.objects++;
      total.bytes += bytes;
    }
    return total;
  };
  const kinds = { objects: await tally(new ObjectStore(join(root, "cache/objects"))), results: sum(new ResultStore(join(root, "cache")).list()), items: sum(listJournals(root)), leftovers: sum(leftovers(root)) };
  const answers = await withAnswers(root, async (store) => ({ place: store.place, ...(await store.stats()) }));
  if (common.json) {
    printJson({ event: "stats", ...Object.fromEntries(Object.entries(kinds).map(([kind, { objects, bytes }]) => [kind, { count: objects, bytes }])), answers: answers ?? null });
    return EXIT.ok;
  }
  const words = { objects: "artifacts and inputs, by content", results: "results, by recipe", items: "journals of remembered items", leftovers: "left by interrupted processes" };
  for (const kind of ["objects", "results", "items", "leftovers"] as const) process.stdout.write(`${row(kind, kinds[kind])}  ${words[kind]}\n`);
  process.stdout.write(answers === undefined ? "answers           0             none have been bought\n" : `${row("answers", { objects: answers.answers, bytes: answers.bytes })}  in ${printable(answers.place)}${answers.damaged > 0 ? `, and ${answers.damaged} damaged: dag cache verify` : ""}\n`);
  for (const [model, { answers: n, usage, outcomes }] of Object.entries(answers?.byModel ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const ends = Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([outcome, times]) => `${times} ${outcome}`).join(", ");
    process.stdout.write(`  ${printable(model)}: ${count(n, "answer")} (${ends}), ${count(usage.input, "input token")} (${usage.cached_input.toLocaleString("en-US")} cached), ${count(usage.output, "output token")}\n`);
  }
  return EXIT.ok;
}

const row = (kind: string, { objects, bytes }: Tally): string => `${kind.padEnd(9)}${objects.toLocaleString("en-US").padStart(10)}  ${bytesText(bytes).padStart(10)}`;

async function verify(): Promise<number> {
  const root = rootOf();
  const checked = await checkCache(root);
  const named = new Map<string, string>();
  for (const path of lockFiles(root)) for (const [cell, { artifact, recipe }] of Object.entries(readLock(join(root, path)).lock.cells)) named.set(artifact, cell).set(recipe, cell);
  // A store that had to be mended to be opened was damaged.
  const answers = await withAnswers(root, async (store, mended) => [...mended.map((damage) => ({ key: "store", damage })), ...(await store.verify())]);
  const damage = [...checked.damage.map((found) => ({ ...found, cell: named.get(found.name) })), ...(answers ?? []).map(({ key, damage: message }) => ({ kind: "answer" as const, name: key, message, cell: undefined }))];
  for (const { kind, name, message, cell } of damage) {
    if (common.json) printJson({ event: "damaged", kind, name, ...(cell === undefined ? {} : { cell }), message });
    else process.stdout.write(`damaged  ${kind} ${name}${cell === undefined ? "" : ` of ${printable(cell)}`}: ${printable(message)}\n`);
  }
  const { objects, results, journals } = checked;
  if (common.json) printJson({ event: "done", ok: damage.length === 0, objects: objects.objects, results, items: journals, damaged: damage.length });
  else if (damage.length === 0) process.stdout.write(`sound: ${count(objects.objects, "object")}, ${count(results, "result")}, ${count(journals, "item journal")}${answers === undefined ? "" : ", all answers"}\n`);
  else process.stderr.write(`${count(damage.length, "entry", "entries")} damaged: what is needed is made again by dag run; answers come back with dag cache import, or are bought again\n`);
  return damage.length === 0 ? EXIT.ok : EXIT.stale;
}

const WORDS: Record<GarbageKind, [string, string]> = { object: ["object", "objects"], result: ["result", "results"], items: ["item journal", "item journals"], code: ["bundle of code", "bundles of code"], leftover: ["leftover", "leftovers"] };

async function gc(options: { dryRun?: boolean; revisions: string; unfinished?: boolean }): Promise<number> {
  const root = rootOf();
  const dryRun = options.dryRun === true;
  const revisions = Number(options.revisions);
  if (!/^\d+$/.test(options.revisions)) throw new UsageError(`--revisions takes a whole number, not ${JSON.stringify(options.revisions)}`);
  const files = new Set([...pipelineFiles(root), ...(common.file === undefined ? [] : [common.file])]);
  const lease = dryRun ? undefined : await acquire(join(root, "cache/state/build.lease"), { command: "cache gc", onWait: (owner, sinceMs) => void process.stderr.write(`${waitingText({ type: "waiting", pid: owner.pid, host: owner.host, command: owner.command, sinceMs })}\n`) });
  try {
    const projects: Project[] = [];
    for (const file of files) {
      // Presets and params of the command line are the asked pipeline's; others may not know them.
      const project = await openProject(file === (common.file ?? "pipeline.yaml") ? {} : { plain: file });
      if (project === undefined) {
        process.stderr.write("dag: nothing was freed: what a pipeline with mistakes needs cannot be told\n");
        return EXIT.usage;
      }
      projects.push(project);
    }
    const { keep, locks, problems } = await whatToKeep({ root, projects, revisions });
    if (problems.length > 0) {
      for (const { message, advice } of problems) process.stderr.write(`dag: ${printable(message)}\n     ${printable(advice)}\n`);
      process.stderr.write("dag: nothing was freed: what a damaged lock needs cannot be told\n");
      return EXIT.failed;
    }
    const report = await collectGarbage({ root, keep, dryRun, unfinished: options.unfinished === true, tool: TOOL });
    for (const { kind, name, bytes } of report.removed) tell({ kind, name, bytes }, dryRun);
    const all = (of: Record<GarbageKind, Tally>): Tally => Object.values(of).reduce((sum, { objects, bytes }) => ({ objects: sum.objects + objects, bytes: sum.bytes + bytes }));
    if (common.json) {
      const counts = (of: Record<GarbageKind, Tally>) => Object.fromEntries(Object.entries(of).map(([kind, { objects, bytes }]) => [kind, { count: objects, bytes }]));
      printJson({ event: "done", ok: true, dry_run: dryRun, locks: locks.map(({ name, cells }) => ({ name, cells })), kept: counts(report.kept), freed: counts(report.freed), unfinished: { count: report.unfinished.objects, bytes: report.unfinished.bytes }, bytes: all(report.freed).bytes });
      return EXIT.ok;
    }
    const parts = (of: Record<GarbageKind, Tally>): string => (Object.keys(WORDS) as GarbageKind[]).filter((kind) => of[kind].objects > 0).map((kind) => count(of[kind].objects, ...WORDS[kind])).join(", ") || "nothing";
    process.stdout.write(`needed by ${locks.length === 0 ? "the next run (there is no lock)" : locks.map(({ name, cells }) => `${name} (${count(cells, "cell")})`).join(", ")}\n`);
    process.stdout.write(`kept ${bytesText(all(report.kept).bytes)}: ${parts(report.kept)}, and every answer\n`);
    if (report.unfinished.objects > 0) process.stdout.write(`of it ${bytesText(report.unfinished.bytes)} are items of runs that never finished, under other settings: --unfinished frees them too\n`);
    process.stdout.write(`${dryRun ? "would be freed" : "freed"} ${bytesText(all(report.freed).bytes)}: ${parts(report.freed)}\n`);
    return EXIT.ok;
  } finally {
    await lease?.release();
  }
}

function tell({ kind, name, bytes }: Freed, dryRun: boolean): void {
  if (common.json) printJson({ event: dryRun ? "would_free" : "freed", kind, name, bytes });
}

async function exportAnswers(file: string | undefined): Promise<number> {
  const root = rootOf();
  let lines = 0;
  await withAnswers(root, async (answers) => {
    const exported = (async function* () {
      for await (const line of answers.export()) {
        lines++;
        yield line;
      }
    })();
    if (file === undefined || file === "-") {
      for await (const line of exported) if (!process.stdout.write(line)) await new Promise((done) => process.stdout.once("drain", done));
    } else await writeAtomic(resolve(file), exported);
  });
  if (lines === 0 && file !== undefined && file !== "-") await writeAtomic(resolve(file), "");
  if (common.json && file !== undefined && file !== "-") printJson({ event: "exported", file, answers: lines });
  else if (!common.quiet) process.stderr.write(`${count(lines, "answer")} exported${file === undefined || file === "-" ? "" : ` to ${printable(file)}`}\n`);
  return EXIT.ok;
}

async function importAnswers(files: string[]): Promise<number> {
  const root = rootOf();
  for (const file of files) if (file !== "-" && !existsSync(file)) throw new UsageError(`there is no file ${file}`);
  let refused = 0;
  await withAnswers(
    root,
    async (answers) => {
      for (const file of files) {
        const lines = (async function* () {
          for await (const batch of readLines(file === "-" ? process.stdin : file)) yield* batch;
        })();
        const report = await answers.import(lines);
        refused += report.refused.length;
        for (const { line, why } of report.refused) {
          if (common.json) printJson({ event: "refused", file, line, message: why });
          else process.stderr.write(`dag: ${printable(file)}:${line}: ${printable(why)}\n`);
        }
        for (const { line, key } of report.conflicts) {
          if (common.json) printJson({ event: "conflict", file, line, key });
          else process.stderr.write(`dag: ${printable(file)}:${line}: another answer to ${key} is kept here already, and stays\n`);
        }
        if (common.json) printJson({ event: "imported", file, imported: report.imported, present: report.present, conflicts: report.conflicts.length, refused: report.refused.length });
        else process.stdout.write(`${printable(file)}: ${count(report.imported, "answer")} taken, ${report.present.toLocaleString("en-US")} kept already${report.conflicts.length > 0 ? `, ${count(report.conflicts.length, "other answer")} to what is kept left out` : ""}${report.refused.length > 0 ? `, ${report.refused.length} refused` : ""}\n`);
      }
    },
    true,
  );
  return refused === 0 ? EXIT.ok : EXIT.failed;
}
