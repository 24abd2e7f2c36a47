import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { printable } from "../pipeline/index.ts";
import { common, EXIT, printJson, UsageError, withCommon } from "./common.ts";

/** `dag import <format> <dir>`: a public release as records, like our own stages write them. */
export function importCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("import"))
    .description("bring a public release in as records: personabench")
    .argument("<format>", "personabench")
    .argument("<dir>", "the release: its data root, its synthetic_data, or one community")
    .option("-o <dir>", "a new or empty directory of the project", "imports/personabench")
    .action(async (format: string, directory: string, options: { o: string }) => exit(await importRelease(format, directory, options.o)));
}

async function importRelease(format: string, directory: string, out: string): Promise<number> {
  if (format !== "personabench") throw new UsageError(`import knows personabench, not ${JSON.stringify(format)}`);
  const root = resolve(common.directory ?? ".");
  const target = resolve(root, out);
  const there = await readdir(target).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? [] : undefined));
  if (there === undefined || there.length > 0) throw new UsageError(`${out} ${there === undefined ? "is not a directory" : "is not empty"}; name a new one with -o DIR`);

  const { ReleaseError, noiseText } = await import("../stats/index.ts");
  const { readRelease, toRecords } = await import("../exchange/index.ts");
  const { canonicalJson } = await import("../store/index.ts");
  try {
    const release = await readRelease(resolve(root, directory));
    const { graph, levels } = toRecords(release);
    const put = async (name: string, records: readonly object[]): Promise<void> => {
      await mkdir(dirname(join(target, name)), { recursive: true });
      await writeFile(join(target, name), records.map((record) => `${canonicalJson(record)}\n`).join(""));
    };
    if (graph.length > 0) await put("graph.jsonl", graph);
    for (const { noise, documents, questions } of levels) {
      await put(`documents/noise=${noiseText(noise)}.jsonl`, documents);
      await put(`questions/noise=${noiseText(noise)}.jsonl`, questions);
    }
    if (common.json) {
      printJson({ event: "done", ok: true, communities: release.communities.length, levels: levels.map(({ noise, documents, questions }) => ({ noise, documents: documents.length, questions: questions.length })) });
    } else if (!common.quiet) {
      for (const { noise, documents, questions } of levels) process.stdout.write(`noise ${noiseText(noise)}  ${documents.length} documents  ${questions.length} questions\n`);
      process.stderr.write(`${release.communities.length} ${release.communities.length === 1 ? "community" : "communities"} in ${printable(out)}; to evaluate the release as it lies: dag -f pipelines/release.yaml run -p release=${printable(directory)}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    process.stderr.write(`dag: ${printable(error.message)}\n`);
    return EXIT.failed;
  }
}
