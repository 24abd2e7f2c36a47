import { createWriteStream, existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { dirname, extname, join } from "node:path";
import type { Json, Matrix } from "../stage/index.ts";
import { canonicalJson, isInside } from "../store/index.ts";
import { Ids } from "./ids.ts";
import { Misfits } from "./misfits.ts";
import { formatNpy } from "./npy.ts";
import type { CellJob } from "./job.ts";
import type { Validator } from "./validate.ts";

/** Writes lines to a file with back-pressure; `close` must be awaited. */
export class LineWriter {
  private readonly stream;
  private failure: Error | undefined;
  private pending = "";
  constructor(path: string) {
    this.stream = createWriteStream(path, { flags: "wx" });
    this.stream.on("error", (error) => (this.failure = error));
  }

  async line(text: string): Promise<void> {
    this.pending += text + "\n";
    if (this.pending.length >= 1 << 16) await this.drain();
  }

  private async drain(): Promise<void> {
    const text = this.pending;
    this.pending = "";
    if (this.failure !== undefined) throw this.failure;
    if (text !== "" && !this.stream.write(text)) {
      const done = new AbortController();
      const { signal } = done;
      await Promise.race([once(this.stream, "drain", { signal }), once(this.stream, "close", { signal })]).finally(() => done.abort());
    }
    if (this.failure !== undefined) throw this.failure;
  }

  async close(): Promise<void> {
    await this.drain();
    await new Promise<void>((resolve, reject) => {
      this.stream.on("error", reject);
      this.stream.end(resolve);
    });
  }
}

/** Writes what a stage function returned to the job's output path, checked against its schemas. Returns the number of records of a .jsonl. */
export async function writeResult(job: CellJob, result: unknown, validators: Map<string, Validator>): Promise<number | undefined> {
  const { kind, path } = job.output;
  const validate = validators.get("");
  if (result === undefined && kind !== "directory" && existsSync(path)) return undefined;
  switch (kind) {
    case "jsonl":
      if (result === undefined) throw nothing("records", job);
      return writeRecords(path, result, validate);
    case "json":
      if (result === undefined) throw nothing("a JSON value", job);
      await validate?.(result, "the value");
      await writeFile(path, jsonOf(result, "the value") + "\n", { flag: "wx" });
      return undefined;
    case "npy":
      await writeFile(path, formatNpy(matrixOf(result)), { flag: "wx" });
      return undefined;
    case "file":
      if (typeof result !== "string" && !(result instanceof Uint8Array)) throw nothing("a string or bytes", job);
      await writeFile(path, result, { flag: "wx" });
      return undefined;
    case "directory":
      if (result === undefined && readdirSync(path).length === 0) throw nothing("an object of relative path → content", job);
      return writeDirectory(path, result, validators);
    default:
      return kind satisfies never;
  }
}

async function writeDirectory(root: string, result: unknown, validators: Map<string, Validator>): Promise<undefined> {
  if (result === undefined) return undefined;
  if (typeof result !== "object" || result === null || ![Object.prototype, null].includes(Object.getPrototypeOf(result) as object | null)) throw nothing("a plain object of relative path → content");
  checkNames(Object.keys(result));
  for (const [name, content] of Object.entries(result as Record<string, unknown>)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    const validate = validators.get(name);
    if (typeof content === "string" || content instanceof Uint8Array) await writeFile(path, content, { flag: "wx" });
    else if (extname(name) === ".jsonl") await writeRecords(path, content, validate, `${name}: `);
    else if (extname(name) === ".npy") await writeFile(path, formatNpy(matrixOf(content)), { flag: "wx" });
    else {
      await validate?.(content, name);
      await writeFile(path, jsonOf(content, name) + "\n", { flag: "wx" });
    }
  }
  return undefined;
}

/** Names that every file system keeps apart, none above another. */
function checkNames(names: readonly string[]): void {
  const taken = new Map<string, string>();
  for (const name of names) {
    if (!isInside(name) || name.includes("\\")) throw new Error(`cannot write ${JSON.stringify(name)}: not a path inside the output directory`);
    const other = taken.get(name.toLowerCase());
    if (other !== undefined) throw new Error(`cannot write ${JSON.stringify(name)} beside ${JSON.stringify(other)}: on some file systems they are one file`);
    taken.set(name.toLowerCase(), name);
  }
  for (const name of names) {
    for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) {
      const above = taken.get(name.slice(0, at).toLowerCase());
      if (above !== undefined) throw new Error(`cannot write ${JSON.stringify(name)}: ${JSON.stringify(above)} is a file`);
    }
  }
}

async function writeRecords(path: string, result: unknown, validate: Validator | undefined, prefix = ""): Promise<number> {
  if (!isIterable(result)) throw nothing("records: an array, an iterable or an async iterable");
  const writer = new LineWriter(path);
  const ids = new Ids();
  const misfits = new Misfits(validate);
  let count = 0;
  try {
    for await (const record of result) {
      count++;
      const id = typeof record === "object" && record !== null ? (record as { id?: unknown }).id : undefined;
      const where = `${prefix}record ${typeof id === "string" ? JSON.stringify(id) : String(count)}`;
      ids.check(id, false, where);
      await misfits.check([{ value: record, where }]);
      // A generator may pay for the next record: it is not asked for one that nobody will keep.
      if (misfits.any && !Array.isArray(result)) misfits.done();
      await writer.line(lineOf(record, where));
    }
    misfits.done();
  } finally {
    await writer.close();
  }
  return count;
}

/** Canonical JSON of a record; the error of one that is not JSON names it. */
export function lineOf(record: unknown, where: string): string {
  if (typeof record !== "object" || record === null || Array.isArray(record)) throw new Error(`${where} is not an object`);
  return jsonOf(record, where);
}

function jsonOf(value: unknown, where: string): string {
  try {
    return canonicalJson(value);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
}

function matrixOf(value: unknown): Matrix {
  if (Array.isArray(value) && value.every((row) => Array.isArray(row) || row instanceof Float32Array)) {
    const rows = value as ArrayLike<number>[];
    const columns = rows[0]?.length ?? 0;
    const data = new Float32Array(rows.length * columns);
    for (const [i, row] of rows.entries()) {
      if (row.length !== columns) throw new Error(`row ${i} has ${row.length} values, the first has ${columns}`);
      for (let at = 0; at < columns; at++) if (typeof row[at] !== "number") throw new Error(`row ${i} holds ${JSON.stringify(row[at])} at ${at}: a matrix is made of numbers`);
      data.set(row, i * columns);
    }
    return { shape: [rows.length, columns], data };
  }
  const { shape, data } = (value ?? {}) as Partial<Matrix>;
  if (!Array.isArray(shape) || !(data instanceof Float32Array)) throw nothing("rows of numbers, or { shape, data: Float32Array }");
  return { shape, data };
}

const isIterable = (value: unknown): value is Iterable<Json> | AsyncIterable<Json> =>
  typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);

const nothing = (expected: string, job?: CellJob): Error => new Error(`${job === undefined ? "" : `no output for ${job.output.place}: `}the stage must return ${expected} (or write to \`output\`)`);
