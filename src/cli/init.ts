import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { common, EXIT, printJson, TOOL, UsageError, withCommon } from "./common.ts";

const PACKAGE = resolve(TOOL, "..");

export function initCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("init"))
    .description("start a project: a small pipeline that runs at once, without key or network")
    .argument("[dir]", "where; made if it is not there", ".")
    .action((directory: string) => {
      const target = resolve(common.directory ?? ".", directory);
      const files = templates();
      const taken = files.filter(({ to }) => existsSync(join(target, to)));
      if (existsSync(join(target, "pipeline.yaml"))) throw new UsageError(`${join(directory, "pipeline.yaml")} is there already: choose another directory`);
      if (existsSync(target) && !statSync(target).isDirectory()) throw new UsageError(`${directory} is a file: choose another directory`);
      if (taken.length > 0) throw new UsageError(`${directory} has files of its own that init would write: ${taken.map(({ to }) => to).join(", ")}`);
      for (const { from, to } of files) {
        mkdirSync(dirname(join(target, to)), { recursive: true });
        copyFileSync(from, join(target, to));
      }
      const where = relative(process.cwd(), target);
      if (common.json) printJson({ event: "init", directory: target, files: files.map(({ to }) => to) });
      else process.stdout.write(`${files.map(({ to }) => `  ${join(where, to)}`).join("\n")}\n\nNext: ${where === "" ? "" : `cd ${where} && `}dag run, then edit prompts/bio.md and run again.\n`);
      exit(EXIT.ok);
    });
}

function templates(): { from: string; to: string }[] {
  const root = join(PACKAGE, "templates/init");
  const walk = (directory: string): string[] => readdirSync(directory, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(directory, e.name)) : [join(directory, e.name)]));
  return [
    ...walk(root).map((from) => ({ from, to: relative(root, from).replace(/^gitignore$/, ".gitignore") })),
    { from: join(PACKAGE, "schemas/pipeline.schema.json"), to: "schemas/pipeline.schema.json" },
  ].sort((a, b) => (a.to < b.to ? -1 : 1));
}
