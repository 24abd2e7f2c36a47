import type { Command } from "commander";
import { findRecord, traceRecord } from "../build/index.ts";
import type { Finding, Place, Project } from "../build/index.ts";
import { CallError } from "../model/index.ts";
import { printable } from "../pipeline/index.ts";
import type { Cell } from "../pipeline/index.ts";
import { common, EXIT, openProject, selection, UsageError, useColor, runCommandText, withCommon, withSample } from "./common.ts";
import { printTraceJson } from "./print/trace-json.ts";
import { placesText, traceText } from "./print/trace.ts";
import { few } from "./print/words.ts";

export function traceCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("trace")))
    .description("one record's line: what it was made from, stage by stage up to the first, with the model calls behind each record")
    .argument("<id>", "a record's id, or the beginning of one that no other has")
    .option("--cell <target>", "where to look for it: a stage, cell, glob, or a file of a cell (tests/rows.jsonl); default: the most downstream cell that has it")
    .option("--full", "records, prompts and answers whole")
    .action(async (id: string, options: { cell?: string; full?: boolean }) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const named = options.cell === undefined ? undefined : fileIn(project, options.cell);
      const asked = options.cell === undefined ? undefined : new Set(named === undefined ? selection(project, [options.cell]).asked : [named.cell.id]);
      const cells = [...project.graph.cells.values()].filter((cell) => asked?.has(cell.id) !== false);
      const [place, ...others] = placesIn(await findRecord(project.places.artifacts, cells, id, named?.file), project, cells, id, options.cell);
      if (place === undefined) return exit(EXIT.usage);
      if (place.id !== id && !common.quiet) process.stderr.write(`${printable(JSON.stringify(id))} is the beginning of ${printable(JSON.stringify(place.id))}\n`);
      const trace = await traceRecord(project, project.load(), place).catch((error: unknown) => {
        throw error instanceof CallError ? new UsageError(error.message, EXIT.failed) : error;
      });
      if (trace === undefined) throw new UsageError(`${place.cell} no longer has ${JSON.stringify(place.id)}: it was built anew meanwhile; try again`, EXIT.failed);
      if (common.json) printTraceJson(trace, others);
      else process.stdout.write(traceText(trace, { color: useColor(process.stdout), width: process.stdout.columns || 80, full: options.full === true }) + placesText(trace, others, project.graph.byStage));
    });
}

/** `tests/rows.jsonl`, `evaluate@k=5/scores.jsonl`: a cell whose artifact is a directory, and a file in it, as the trace heads it. */
function fileIn(project: Project, target: string): { cell: Cell; file: string } | undefined {
  const cell = [...project.graph.cells.values()].find(({ id, stage }) => stage.output.kind === "directory" && target.startsWith(`${id}/`));
  return cell === undefined ? undefined : { cell, file: target.slice(cell.id.length + 1) };
}

/** Where the record is, or a message that says what to type instead. */
function placesIn(found: Finding, project: Project, cells: readonly Cell[], id: string, target: string | undefined): Place[] {
  switch (found.kind) {
    case "found":
      return found.places;
    case "ambiguous":
      throw new UsageError(`${found.count} ids begin with ${JSON.stringify(id)}: ${few(found.ids, 5)}${found.count > found.ids.length ? ` and ${found.count - found.ids.length} more` : ""}`);
    case "unknown": {
      const { near, missing, searched, damaged, files } = found;
      const where = target === undefined ? project.pipeline.file : target;
      if (searched === 0) throw new UsageError(`nothing of ${where} is built yet: ${runCommandText()}${target === undefined ? "" : ` ${files === undefined ? target : (cells[0]?.id ?? "")}`}`, EXIT.stale);
      if (files !== undefined && searched > 0) throw new UsageError(`${where}: no such file of records${files.length === 0 ? "" : `; there ${files.length === 1 ? "is" : "are"} ${few(files, 5)}`}`);
      const advice = [near.length > 0 ? `the nearest ${near.length === 1 ? "is" : "are"} ${near.map((one) => JSON.stringify(one)).join(", ")}` : "", missing.length > 0 ? `not built: ${few(missing, 4)}` : "", damaged.length > 0 ? `not to be read: ${few(damaged, 2)}` : ""].filter((text) => text !== "");
      throw new UsageError(`no record of ${where} has the id ${JSON.stringify(id)}${advice.length === 0 ? `, in ${cells.length === 1 ? "its cell" : `any of ${cells.length} cells`}` : `; ${advice.join("; ")}`}`);
    }
    default:
      return found satisfies never;
  }
}
