import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { compareLocks, copySources, rebuild, sourcesOf, verifyArtifacts } from "../build/index.ts";
import type { Project, Verdict } from "../build/index.ts";
import { printable } from "../pipeline/index.ts";
import type { CellId } from "../pipeline/index.ts";
import { emptyLock, removeTree } from "../store/index.ts";
import type { LockFile } from "../store/index.ts";
import { common, EXIT, openProject, printJson, selection, withCommon } from "./common.ts";
import { driven, notRebuilt } from "./driven.ts";
import { tellEnd, tellVerdict } from "./print/verdicts.ts";

export function verifyCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("verify"))
    .description("artifacts against the lock, byte by byte; exit 3 names what differs")
    .argument("[targets...]", "stages, cells or globs; default: every cell in the lock")
    .option("--rebuild", "build again in a clean copy of the declared sources, with stored answers only, and compare")
    .option("-j, --jobs <n>", "cells at once (default: cores)")
    .action(async (targets: string[], options: { rebuild?: boolean; jobs?: string }) => exit(await verify(targets, options)));
}

async function verify(targets: string[], options: { rebuild?: boolean; jobs?: string }): Promise<number> {
  const project = await openProject();
  if (project === undefined) return EXIT.usage;
  const { lock } = project.load();
  const wanted: readonly string[] = targets.length === 0 ? Object.keys(lock.cells).sort() : selection(project, targets).asked;
  const unrecorded = wanted.filter((id) => lock.cells[id] === undefined);
  const recorded = wanted.filter((id) => lock.cells[id] !== undefined);
  let wrong = unrecorded.length;
  for (const id of unrecorded) tellUnrecorded(id);
  const verdicts = options.rebuild === true ? await verifyRebuilt(project, lock, recorded, options.jobs) : verifyArtifacts(project, lock, recorded);
  for await (const verdict of verdicts) if (!tellVerdict(verdict)) wrong++;
  return tellEnd(wanted.length, wrong, options.rebuild === true ? "came out of a clean rebuild as recorded" : "as recorded");
}

async function verifyRebuilt(project: Project, lock: LockFile, recorded: readonly string[], jobs: string | undefined): Promise<Verdict[]> {
  const gone = recorded.filter((id) => !project.graph.cells.has(id as CellId));
  const cells = recorded.filter((id) => project.graph.cells.has(id as CellId)) as CellId[];
  if (cells.length === 0) return compareLocks(lock, emptyLock(), gone);
  const needed = new Set(selection(project, cells).cells.map(({ id }) => id));
  const clean = await mkdtemp(join(await realpath(tmpdir()), "dag-verify-"));
  try {
    const root = await copySources(project, await sourcesOf(project, [...needed]), clean);
    const rebuilt = await driven(jobs, (drive) => rebuild({ ...drive, options: { ...project.options, root }, cells: needed, answers: { root: project.root, store: process.env["DAG_CACHE"] }, command: "verify --rebuild" }));
    if (!rebuilt.ok) throw notRebuilt(rebuilt);
    return compareLocks(lock, rebuilt.lock, [...[...needed].filter((id) => lock.cells[id] !== undefined), ...gone]);
  } finally {
    await removeTree(clean);
  }
}

function tellUnrecorded(cell: string): void {
  if (common.json) printJson({ event: "cell", cell, ok: false, message: "not in the lock" });
  else process.stdout.write(`unknown  ${printable(cell)}: the lock does not record it: dag run ${printable(cell)}\n`);
}
