import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { printable } from "../pipeline/index.ts";
import { common, EXIT, UsageError, withCommon } from "./common.ts";

interface ScoreOptions {
  release: string;
  results: string[];
  compat?: boolean;
  perQuestion?: string;
  k?: string;
}

/** `dag score personabench`: scores anybody's predictions in the public release's result format. */
export function scoreCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("score"))
    .description("score predictions in a public benchmark's result format")
    .argument("<benchmark>", "personabench")
    .requiredOption("--release <dir>", "the release: its data root, its synthetic_data, or one community")
    .requiredOption("--results <file...>", "result files (result_noise_0.5.json …) or directories of them")
    .option("--compat", "reproduce the released scorer number for number, faults included")
    .option("--per-question <file>", "also write one JSON line per scored question")
    .option("--k <n>", "sessions that were asked for (default: the largest evidence count; not with --compat)")
    .action(async (benchmark: string, options: ScoreOptions) => exit(await score(benchmark, options)));
}

async function score(benchmark: string, options: ScoreOptions): Promise<number> {
  if (benchmark !== "personabench") throw new UsageError(`score knows personabench, not ${JSON.stringify(benchmark)}`);
  if (options.k !== undefined && options.compat === true) throw new UsageError("--k has no meaning with --compat: the released scorer takes the length of each list");
  const k = options.k === undefined ? undefined : Number(options.k);
  if (k !== undefined && !(Number.isInteger(k) && k >= 1)) throw new UsageError(`--k takes a whole number from 1, not ${JSON.stringify(options.k)}`);

  const { scoreRelease } = await import("../exchange/index.ts");
  const { statisticsText } = await import("../stats/index.ts");
  const here = (path: string): string => (common.directory === undefined ? path : resolve(common.directory, path));
  const outcome = await scoreRelease({
    release: here(options.release),
    results: options.results.map(here),
    mode: options.compat === true ? "compat" : "fixed",
    ...(k === undefined ? {} : { k }),
  });
  switch (outcome.kind) {
    case "unreadable":
      process.stderr.write(`dag: ${printable(outcome.message)}\n`);
      return EXIT.failed;
    case "stops":
      process.stderr.write(`dag: the released scorer stops here: ${printable(outcome.message)}\n     score without --compat: fixed mode takes it\n`);
      return EXIT.failed;
    case "scored": {
      for (const warning of outcome.warnings) process.stderr.write(`warning: ${printable(warning)}\n`);
      if (options.perQuestion !== undefined) {
        const { default: canonicalize } = await import("canonicalize");
        await writeFile(here(options.perQuestion), outcome.questions.map((question) => `${canonicalize(question) ?? ""}\n`).join(""));
      }
      const { scoreTable } = await import("./score-table.ts");
      process.stdout.write(common.json ? `${statisticsText(outcome.statistics)}\n` : scoreTable(outcome));
      return EXIT.ok;
    }
    default:
      return outcome satisfies never;
  }
}
