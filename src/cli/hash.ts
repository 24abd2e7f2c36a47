import type { Command } from "commander";
import { hashOfBuild } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { common, EXIT, openProject, printJson, runCommandText, selection, withCommon, withSample } from "./common.ts";

export function hashCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("hash")))
    .description("hashes of artifacts as they lie on the disk (a file's is what sha256sum prints)")
    .argument("[targets...]", "default: all cells; with --build the pipeline's default and what it needs")
    .option("--build", "one hash for the targets and all they need: sha256 of the lines `<hex>  <cell>`, sorted by byte order of the cell")
    .action(async (targets: string[], options: { build?: boolean }) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const asked = options.build === true ? selection(project, targets).cells.map(({ id }) => id) : targets.length === 0 ? [...project.graph.cells.keys()] : selection(project, targets).asked;
      const { planner } = project.load();
      const found: { cell: string; hash: Sha256 }[] = [];
      const missing: string[] = [];
      for (const id of asked) {
        const cell = project.graph.cells.get(id);
        const hash = cell && planner.onDisk(cell);
        if (hash === undefined) missing.push(id);
        else found.push({ cell: id, hash });
      }
      for (const id of missing) process.stderr.write(`dag: ${id} has no artifact: ${runCommandText()} ${id}\n`);
      if (missing.length > 0) exit(EXIT.stale);
      if (options.build === true) {
        if (missing.length > 0) return;
        const hash = hashOfBuild(found);
        if (common.json) printJson({ event: "hash", build: project.pipeline.name, hash });
        else process.stdout.write(`${hash}  ${project.pipeline.name}\n`);
        return;
      }
      for (const { cell, hash } of found) {
        if (common.json) printJson({ event: "hash", cell, hash });
        else process.stdout.write(`${hash}  ${cell}\n`);
      }
    });
}
