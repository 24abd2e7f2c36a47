import { readFile } from "node:fs/promises";
import { join } from "node:path";
import picomatch from "picomatch";
import { ReleaseError } from "../../stats/index.ts";
import { filesBelow, isFields, parsed, readLines, type Fields } from "../lines.ts";
import { readText } from "../personabench/files.ts";
import { restored } from "./restore.ts";

/** The rows of one split of one configuration, each with a string `id`. */
export interface Split {
  config: string;
  split: string;
  records: Fields[];
}

const DATA = /\.(parquet|jsonl|ndjson|json)$/;
/** What belongs to a data set beside its data. */
const APART = /(^|\/)(croissant|dataset_infos?|state|dataset_dict)\.json$/;

/**
 * Reads a data set folder of the Hugging Face Hub: the configurations and splits that its card (README.md) names, or without them one split for each data file.
 * Parquet, JSONL, or a JSON list. Our own exports come back as the records they were made from. Returns warnings on files left out. Throws ReleaseError.
 */
export async function readDataset(path: string): Promise<{ splits: Split[]; warnings: string[] }> {
  const { base, names } = await filesBelow(path, DATA);
  const data = names.filter((name) => DATA.test(name) && !APART.test(name));
  if (data.length === 0) throw new ReleaseError(`no data in ${path}; a data set folder has .parquet, .jsonl or .json files`);
  const warnings: string[] = [];
  const named = await cardSplits(join(base, "README.md"), data, warnings);
  const splits: Split[] = [];
  for (const { config, split, files } of named.length > 0 ? named : plainSplits(data)) {
    const rows: Fields[] = [];
    for (const file of files) rows.push(...(await rowsOf(join(base, file), file, warnings)));
    splits.push({ config, split, records: withIds(rows.map((row) => restored(row))) });
  }
  return { splits, warnings };
}

interface Named {
  config: string;
  split: string;
  files: string[];
}

async function cardSplits(card: string, data: readonly string[], warnings: string[]): Promise<Named[]> {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readFile(card, "utf8").catch(() => ""))?.[1];
  if (front === undefined) return [];
  const { parse } = await import("yaml");
  let header: unknown;
  try {
    header = parse(front, { maxAliasCount: 10 });
  } catch {
    warnings.push("the header of README.md is not YAML: one split is made of each data file");
    return [];
  }
  const named: Named[] = [];
  for (const config of isFields(header) && Array.isArray(header["configs"]) ? header["configs"] : []) {
    if (!isFields(config)) continue;
    const given = config["data_files"];
    for (const part of Array.isArray(given) ? given : [given]) {
      const [split, path] = isFields(part) ? [part["split"], part["path"]] : ["train", part];
      // Patterns choose among the files that were found, so none leads out of the folder.
      const matches = picomatch((Array.isArray(path) ? path : [path]).filter((one) => typeof one === "string").map((one) => one.replace(/^\.\//, "")));
      const files = data.filter((name) => matches(name));
      if (files.length === 0) warnings.push(`README.md names ${JSON.stringify(path)}, which is not there`);
      else named.push({ config: String(config["config_name"] ?? "default"), split: String(split ?? "train"), files });
    }
  }
  return named;
}

/** `data/train-00000-of-00002.parquet` is a part of train; a directory is a configuration. */
function plainSplits(data: readonly string[]): Named[] {
  const found = new Map<string, Named>();
  for (const file of data) {
    const steps = file.replace(DATA, "").split("/");
    const split = (steps.pop() ?? "train").replace(/-\d+-of-\d+$/, "");
    const config = steps.filter((step) => step !== "data").join("/") || "default";
    const key = JSON.stringify([config, split]);
    const one = found.get(key) ?? { config, split, files: [] };
    one.files.push(file);
    found.set(key, one);
  }
  return [...found.values()];
}

async function rowsOf(path: string, shown: string, warnings: string[]): Promise<Fields[]> {
  if (shown.endsWith(".parquet")) return parquetRows(path, shown);
  if (shown.endsWith(".json")) {
    const value = parsed(await readText(path));
    const rows = Array.isArray(value) ? value.filter(isFields) : [];
    if (rows.length === 0) warnings.push(`${shown} is left out: it is no list of objects`);
    return rows;
  }
  const { lines, bad } = await readLines(path, shown);
  if (bad.length > 0) warnings.push(`${bad[0] ?? ""}: no JSON object; ${bad.length === 1 ? "the line is" : `${bad.length} such lines are`} left out`);
  return lines.map(({ value }) => value);
}

async function parquetRows(path: string, shown: string): Promise<Fields[]> {
  const { parquetReadObjects } = await import("hyparquet");
  const bytes = await readFile(path);
  try {
    const rows = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer });
    return rows.map((row) => plain(row) as Fields);
  } catch (error) {
    throw new ReleaseError(`${shown} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** As JSON has it: big integers as numbers where they fit, dates as ISO text, bytes as base64, missing fields and NaN as null. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (isFields(value)) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  return value ?? null;
}

/** Records need ids: the rows' own where all have a distinct one, else their numbers. */
function withIds(rows: readonly Fields[]): Fields[] {
  const own = rows.map(({ id }) => (typeof id === "string" || typeof id === "number" ? String(id) : undefined));
  const distinct = own.every((id) => id !== undefined && id !== "") && new Set(own).size === rows.length;
  const width = String(rows.length).length;
  return rows.map((row, at) => ({ ...row, id: distinct ? (own[at] ?? "") : String(at).padStart(width, "0") }));
}
