import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Cell } from "../pipeline/index.ts";
import { recipeOf } from "../plan/index.ts";
import type { BuildResult, Inputs, ResultStore } from "../plan/index.ts";
import type { ObjectStore, Sha256 } from "../store/index.ts";
import { CellFailure, Interrupted } from "./failure.ts";
import type { CellOutcome } from "./job.ts";
import { Ids } from "./ids.ts";
import { readValues } from "./jsonl.ts";
import { Misfits } from "./misfits.ts";
import { npyFault } from "./npy.ts";
import { lineOf } from "./write.ts";
import type { Named, Validator } from "./validate.ts";

export interface Finished {
  cell: Cell;
  /** Declared inputs, as hashed before the run. */
  declared: Inputs;
  outcome: CellOutcome;
  /** What the stage wrote. */
  temp: string;
  /** False where inputs changed meanwhile: the bytes are kept, but no recipe is said to make them. */
  record: boolean;
}

/** What is checked in one go: little enough that the thread is soon free again. */
const BATCH_RECORDS = 512;
const BATCH_LENGTH = 1 << 18;

/** Checks what a command wrote; module stages check while they write. Returns the number of records of a .jsonl. */
export async function checkWritten(cell: Cell, temp: string, validators: Map<string, Validator>, signal: AbortSignal): Promise<number | undefined> {
  const { kind } = cell.stage.output;
  const check = async (path: string, name: string, validate: Validator | undefined): Promise<number | undefined> => {
    if (name.endsWith(".npy")) {
      const fault = await npyFaultOf(path);
      if (fault !== undefined) throw new CellFailure(`${name} ${fault}`);
    }
    if (!name.endsWith(".jsonl") && !name.endsWith(".json")) return undefined;
    let count = 0;
    if (name.endsWith(".json")) {
      let value: unknown;
      try {
        value = JSON.parse(await readFile(path, "utf8"));
      } catch (error) {
        throw new CellFailure(`${name}: not JSON: ${(error as Error).message}`);
      }
      await validate?.(value, kind === "directory" ? name : "the value");
      return undefined;
    }
    const misfits = new Misfits(validate);
    const ids = new Ids();
    let batch: Named[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      await misfits.check(batch);
      batch = [];
      length = 0;
      await setImmediate(); // other cells, and Ctrl-C
      if (signal.aborted) throw new Interrupted();
    };
    for await (const { value, text } of readValues(path, name)) {
      count++;
      const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined;
      const where = `record ${typeof id === "string" ? JSON.stringify(id) : String(count)}`;
      lineOf(value, where);
      ids.check(id, false, where);
      batch.push({ value, where });
      length += text.length;
      if (batch.length >= BATCH_RECORDS || length >= BATCH_LENGTH) await flush();
    }
    await flush();
    misfits.done();
    return count;
  };
  if (kind !== "directory") return check(temp, `${cell.stage.name}.${kind}`, validators.get(""));
  for (const [file, validate] of validators) {
    if (!existsSync(join(temp, file))) throw new CellFailure(`the stage did not write ${file}, which has a schema`);
    await check(join(temp, file), file, validate);
  }
  return undefined;
}

async function npyFaultOf(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
    return npyFault(buffer.subarray(0, bytesRead), (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** Stores a finished artifact by content and its result by recipe. The artifact is not at its place yet. */
export async function store(objects: ObjectStore, results: ResultStore, { cell, declared, outcome, temp, record }: Finished): Promise<BuildResult> {
  const directory = cell.stage.output.kind === "directory";
  if (!existsSync(temp)) throw new CellFailure(`the stage wrote no output (${cell.path})`);
  const stored = directory ? await objects.putDirectory(temp) : await objects.putFile(temp);
  const inputs = { ...declared, ...outcome.reads };
  const result: BuildResult = {
    artifact: stored.hash,
    bytes: stored.bytes,
    path: cell.path,
    recipe: recipeOf(inputs),
    inputs,
    ...(outcome.records === undefined ? {} : { records: outcome.records }),
  };
  if (record) await results.record(declared, result, cell.models.length > 0 ? outcome.calls : undefined);
  return result;
}

/** Puts an artifact at its place. False where its object is gone or damaged. */
export async function place(objects: ObjectStore, cell: Cell, artifact: Sha256, artifacts: string): Promise<boolean> {
  const path = join(artifacts, cell.path);
  const restored = cell.stage.output.kind === "directory" ? await objects.checkoutDirectory(artifact, path) : await objects.checkout(artifact, path);
  return restored === "restored";
}
