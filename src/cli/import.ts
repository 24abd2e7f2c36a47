import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { printable } from "../pipeline/index.ts";
import { common, EXIT, printJson, UsageError, withCommon } from "./common.ts";

/** What a format gives: records by file, and what to say of them. */
interface Imported {
  files: [path: string, records: readonly object[]][];
  lines: string[];
  warnings: string[];
  next: string;
  json: Record<string, unknown>;
}

const FORMATS = { personabench, spb, personagym, huggingface };
const NAMES = Object.keys(FORMATS).join(", ");
/** Warnings shown one by one. */
const MOST_WARNINGS = 10;

/** `dag import <format> <path>`: a public data set as records, like our own stages write them. */
export function importCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("import"))
    .description(`bring a public data set in as records: ${NAMES}`)
    .argument("<format>", NAMES)
    .argument("<path>", "personabench: data root, synthetic_data or one community; spb: a bank or a .jsonl of it; personagym: its questions; huggingface: a data set folder")
    .option("-o <dir>", "a new or empty directory of the project (default: imports/<format>)")
    .action(async (format: string, path: string, options: { o?: string }) => exit(await importRecords(format, path, options.o ?? `imports/${format}`)));
}

async function importRecords(format: string, path: string, out: string): Promise<number> {
  const read = Object.hasOwn(FORMATS, format) ? FORMATS[format as keyof typeof FORMATS] : undefined;
  if (read === undefined) throw new UsageError(`import knows ${NAMES}, not ${JSON.stringify(format)}`);
  const root = resolve(common.directory ?? ".");
  const target = resolve(root, out);
  const there = await readdir(target).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? [] : undefined));
  if (there === undefined || there.length > 0) throw new UsageError(`${out} ${there === undefined ? "is not a directory" : "is not empty"}; name a new one with -o DIR`);

  const { ReleaseError } = await import("../stats/index.ts");
  const { canonicalJson } = await import("../store/index.ts");
  try {
    const { files, lines, warnings, next, json } = await read(resolve(root, path), path);
    for (const [name, records] of files) {
      await mkdir(dirname(join(target, name)), { recursive: true });
      await writeFile(join(target, name), records.map((record) => `${canonicalJson(record)}\n`).join(""));
    }
    for (const warning of warnings.slice(0, MOST_WARNINGS)) process.stderr.write(`warning: ${printable(warning)}\n`);
    if (warnings.length > MOST_WARNINGS) process.stderr.write(`warning: and ${warnings.length - MOST_WARNINGS} more like these\n`);
    if (common.json) printJson({ event: "done", ok: true, ...json });
    else if (!common.quiet) {
      process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(""));
      process.stderr.write(`${files.length} ${files.length === 1 ? "file" : "files"} in ${printable(out)}${next === "" ? "" : `; ${printable(next)}`}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    process.stderr.write(`dag: ${printable(error.message)}\n`);
    return EXIT.failed;
  }
}

async function personabench(path: string, shown: string): Promise<Imported> {
  const { noiseText } = await import("../stats/index.ts");
  const { readRelease, toRecords } = await import("../exchange/index.ts");
  const release = await readRelease(path);
  const { graph, levels } = toRecords(release);
  return {
    files: [
      ...(graph.length > 0 ? [["graph.jsonl", graph] as [string, object[]]] : []),
      ...levels.flatMap(({ noise, documents, questions }): [string, object[]][] => [[`documents/noise=${noiseText(noise)}.jsonl`, documents], [`questions/noise=${noiseText(noise)}.jsonl`, questions]]),
    ],
    lines: levels.map(({ noise, documents, questions }) => `noise ${noiseText(noise)}  ${documents.length} documents  ${questions.length} questions`),
    warnings: [],
    next: `to evaluate the release as it lies: dag -f pipelines/release.yaml run -p release=${shown}`,
    json: { communities: release.communities.length, levels: levels.map(({ noise, documents, questions }) => ({ noise, documents: documents.length, questions: questions.length })) },
  };
}

async function spb(path: string): Promise<Imported> {
  const { readBank } = await import("../exchange/index.ts");
  const { personas, components, duplicates, faults, beyond } = await readBank(path);
  const counts = { personas: personas.length, components: components.length, duplicates, faults: faults.length, beyond_card: beyond };
  return {
    files: [...(personas.length > 0 ? [["personas.jsonl", personas] as [string, object[]]] : []), ...(components.length > 0 ? [["components.jsonl", components] as [string, object[]]] : [])],
    lines: [`${personas.length} personas, ${duplicates} duplicates left out; ${beyond} outside of the card's ages, traits or lengths`, ...(components.length > 0 ? [`${components.length} components`] : [])],
    warnings: faults.map((fault) => `${fault}; left out`),
    next: "",
    json: counts,
  };
}

async function personagym(path: string): Promise<Imported> {
  const { readGym } = await import("../exchange/index.ts");
  const { personas, questions, warnings } = await readGym(path);
  return {
    files: [["personas.jsonl", personas], ["questions.jsonl", questions]],
    lines: [`${personas.length} personas  ${questions.length} questions`],
    warnings,
    next: "",
    json: { personas: personas.length, questions: questions.length, warnings: warnings.length },
  };
}

async function huggingface(path: string): Promise<Imported> {
  const { fileNameOf, readDataset } = await import("../exchange/index.ts");
  const { splits, warnings } = await readDataset(path);
  const plain = (name: string): string => fileNameOf(name, /[A-Za-z0-9._=+-]/, 120) || "_";
  const place = (config: string, split: string): string => `${plain(config)}/${plain(split.replace(/^noise_(?=[0-9.]+$)/, "noise="))}.jsonl`;
  return {
    files: splits.map(({ config, split, records }) => [place(config, split), records]),
    lines: splits.map(({ config, split, records }) => `${config}  ${split}  ${records.length} records`),
    warnings,
    next: "",
    json: { splits: splits.map(({ config, split, records }) => ({ config, split, records: records.length })) },
  };
}
