import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Option } from "commander";
import type { Command } from "commander";
import { verifyArtifacts } from "../build/index.ts";
import { cite } from "../report/index.ts";
import type { CiteFormat } from "../report/index.ts";
import { hashOfBuild } from "../store/index.ts";
import { common, EXIT, openProject, selection, withCommon } from "./common.ts";
import { few } from "./print/words.ts";

declare const __VERSION__: string;

export function citeCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("cite"))
    .description("the hashes for a paper; exit 3 unless all that is cited is fresh and as recorded")
    .argument("[targets...]", "as for run")
    .addOption(new Option("--format <format>", "what to write").choices(["latex", "bibtex", "markdown", "json"]).default("markdown"))
    .action(async (targets: string[], options: { format: CiteFormat }) => exit(await citation(targets, common.json ? "json" : options.format)));
}

async function citation(targets: string[], format: CiteFormat): Promise<number> {
  const project = await openProject();
  if (project === undefined) return EXIT.usage;
  const { cells, asked } = selection(project, targets);
  const { planner, lock } = project.load();
  const { cells: plans } = await planner.plan(cells.map(({ id }) => id));
  const stale = cells.filter(({ id }) => plans.get(id)?.action !== "fresh").map(({ id }) => id as string);
  if (stale.length === 0) for await (const { cell, recorded, found } of verifyArtifacts(project, lock, cells.map(({ id }) => id))) if (recorded !== found) stale.push(cell);
  if (stale.length > 0) {
    process.stderr.write(`dag: not fresh, so there is nothing to cite: ${few(stale)}; dag run first\n`);
    return EXIT.stale;
  }
  const hashes = cells.flatMap(({ id }) => (lock.cells[id] === undefined ? [] : [{ cell: id as string, hash: lock.cells[id].artifact }]));
  const cited = new Set<string>(asked);
  process.stdout.write(
    cite({ name: project.pipeline.name, version: __VERSION__, build: hashOfBuild(hashes), artifacts: hashes.filter(({ cell }) => cited.has(cell)).map(({ cell, hash }) => ({ name: cell, hash })), ...(await revisionOf(project.root)) }, format),
  );
  return EXIT.ok;
}

/** The checked-out revision and its year, where the project is under git and has no uncommitted changes. */
async function revisionOf(root: string): Promise<{ revision?: string; year?: string }> {
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)("git", args, { cwd: root })).stdout.trim();
  try {
    if ((await git("status", "--porcelain", "--untracked-files=no")) !== "") return {};
    const [revision = "", date = ""] = (await git("log", "-1", "--format=%H %cs")).split(" ");
    return revision === "" ? {} : { revision, year: date.slice(0, 4) };
  } catch {
    return {}; // no git, or no repository
  }
}
