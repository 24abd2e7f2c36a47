import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { packBundle } from "../build/index.ts";
import { printable } from "../pipeline/index.ts";
import { common, EXIT, openProject, printJson, selection, UsageError, withCommon } from "./common.ts";
import { driven, notRebuilt } from "./driven.ts";
import { bytesText, count, few } from "./print/words.ts";
import { tellVerdict } from "./print/verdicts.ts";

export function bundleCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("bundle"))
    .description("everything a reviewer needs to rebuild targets without a key: pipeline, stages, prompts, schemas, seeds, lock, answers")
    .argument("[targets...]", "as for run")
    .requiredOption("-o, --output <file>", "the archive to write, e.g. paper.dag.tgz")
    .option("-j, --jobs <n>", "cells at once (default: cores)")
    .addHelpText("after", "\nThe targets are first built again in a clean copy with stored answers only, so that what is packed is known to replay.\nEqual projects give equal bundles. Read what prompts, seeds and answers hold before you publish them.")
    .action(async (targets: string[], options: { output: string; jobs?: string }) => exit(await bundle(targets, options)));
}

async function bundle(targets: string[], options: { output: string; jobs?: string }): Promise<number> {
  const path = resolve(common.directory ?? ".", options.output);
  if (!existsSync(dirname(path))) throw new UsageError(`there is no directory ${dirname(options.output)}`);
  const project = await openProject();
  if (project === undefined) return EXIT.usage;
  const { cells, asked } = selection(project, targets);
  const packed = await driven(options.jobs, (drive) => packBundle(project, { asked, cells: cells.map(({ id }) => id), path, drive }));
  switch (packed.kind) {
    case "done": {
      const { build, content, bytes, files, answers } = packed;
      if (common.json) printJson({ event: "done", ok: true, file: options.output, bytes, content, build, files, answers, cells: packed.cells });
      else process.stdout.write(`${printable(options.output)}: ${count(packed.cells, "artifact")} to rebuild from ${count(files, "file")} and ${count(answers, "answer")}, ${bytesText(bytes)}\n${build}  the build, as dag hash --build prints it\n${content}  the archive, uncompressed\n`);
      return EXIT.ok;
    }
    case "stale":
      process.stderr.write(`dag: not fresh: ${few(packed.cells)}; dag run first\n`);
      return EXIT.stale;
    case "outside":
      process.stderr.write(`dag: a bundle holds the project's own files only; copy these into the project: ${few(packed.paths)}\n`);
      return EXIT.failed;
    case "differs":
      for (const verdict of packed.verdicts) tellVerdict(verdict);
      process.stderr.write(`dag: no bundle was made: a clean rebuild came to ${count(packed.verdicts.length, "other artifact")}, so a stage depends on something it does not declare\n`);
      return EXIT.stale;
    case "failed":
      throw notRebuilt(packed.failure);
    default:
      return packed satisfies never;
  }
}
