import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { PageCell } from "../report/index.ts";
import { compareBytes, sha256 } from "../store/index.ts";
import { common, EXIT, openProject, withCommon } from "./common.ts";
import { notFreshText } from "./print/words.ts";
import { standingOf } from "./status.ts";

export function reportCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("report"))
    .description("one self-contained HTML page: the DAG, hashes, tables, figures and records of the current build")
    .option("-o <file>", "where to write it; - for stdout (default: report.html)")
    .action(async (options: { o?: string }) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const { planner, lock } = project.load();
      const { cells: plans } = await planner.plan([...project.graph.cells.keys()]);
      const cells = new Map<string, PageCell>();
      const found: { cell: string; hash: string }[] = [];
      for (const [id, plan] of plans) {
        const hash = planner.onDisk(plan.cell);
        const known = lock.cells[id];
        // Counts are of the artifact that was locked.
        const counts = known !== undefined && known.artifact === hash ? { bytes: known.bytes, ...(known.records === undefined ? {} : { records: known.records }) } : {};
        cells.set(id, { state: standingOf(plan), ...counts, ...(hash === undefined ? {} : { artifact: hash }) });
        if (hash !== undefined) found.push({ cell: id, hash });
      }
      const build = found.length === plans.size ? sha256([...found].sort((a, b) => compareBytes(a.cell, b.cell)).map(({ hash, cell }) => `${hash.slice(7)}  ${cell}\n`).join("")) : undefined;
      const { reportPage } = await import("../report/index.ts");
      const page = await reportPage({ graph: project.graph, artifacts: project.places.artifacts, cells, ...(build === undefined ? {} : { build }) });
      const stale = [...cells.values()].filter(({ state }) => state !== "fresh").length;
      if (stale > 0 && !common.quiet) process.stderr.write(`warning: ${notFreshText(stale, cells.size)}, and the page says so: dag run\n`);
      if (options.o === "-") return void process.stdout.write(page);
      const target = resolve(options.o ?? "report.html");
      await writeFile(target, page);
      if (!common.quiet) process.stderr.write(`wrote ${options.o ?? "report.html"} (${Math.ceil(page.length / 1024)} KiB)\n`);
    });
}
