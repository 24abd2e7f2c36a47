import { setTimeout as sleep } from "node:timers/promises";
import type { JsonRecord } from "../stage/index.ts";
import { hashJson, Journal } from "../store/index.ts";
import type { OnProblem, Sha256 } from "../store/index.ts";
import { AnswerLog } from "./answered.ts";
import type { Answered, CallKeys } from "./answered.ts";
import { broken } from "./guard.ts";
import { messageOf } from "./failure.ts";
import { Ids } from "./ids.ts";
import type { EachJob, ItemCounts, ItemFailure } from "./job.ts";
import { LineWriter, lineOf } from "./write.ts";
import type { Validator } from "./validate.ts";

/** What an item made, as remembered: canonical lines, their ids, and what it read beyond its record. */
export interface Remembered {
  /** Id of the record it was made from. */
  item: string;
  ids: string[];
  lines: string[];
  reads: Record<string, Sha256>;
  /** The list its record came from (absent in older journals). */
  list?: Sha256;
  /** Role → snapshots of its model that answered (absent where none was asked, and in older journals). */
  snapshots?: Record<string, string[]>;
  /** Role → keys of the answers it was given: what `trace` shows. Absent in older journals. */
  calls?: CallKeys;
  /** Why it ran although its record was remembered: it was forced to, or these reads had other hashes then. */
  again?: "forced" | Record<string, Sha256>;
}

export interface ItemRun {
  stage: string;
  each: EachJob;
  source: AsyncIterable<JsonRecord>;
  /** Runs one item. Throws for a failed one. */
  invoke: (item: JsonRecord, track: (label: string, hash: Sha256) => void, answered: Answered) => Promise<unknown>;
  /** Current hash behind a remembered read; undefined where it cannot be told. */
  readHash: (label: string) => Promise<Sha256 | undefined>;
  /** Where the artifact is assembled. */
  output: string;
  validate?: Validator | undefined;
  onProgress: (counts: ItemCounts) => void;
  onProblem?: OnProblem;
  signal: AbortSignal;
}

export interface ItemsOutcome {
  counts: ItemCounts;
  records: number;
  failures: ItemFailure[];
  reads: Record<string, Sha256>;
  /** Where the output was assembled: role → snapshots of its model that answered. */
  snapshots?: Record<string, string[]>;
}

/**
 * Runs an `each` stage: remembered items are kept, the others run concurrently and are remembered as they finish, failures do not
 * stop the rest. The output is assembled in the order of the list, and only if nothing failed. Throws where the list itself is unusable.
 */
export async function runItems(run: ItemRun): Promise<ItemsOutcome> {
  const progress = (): void => run.onProgress({ ...counts, total: Math.max(counts.total, run.each.expected ?? 0) });
  const journal = await Journal.open(run.each.journal, run.onProblem === undefined ? {} : { onProblem: run.onProblem });
  const counts: ItemCounts = { total: 0, ran: 0, kept: 0, failed: 0 };
  /** With their places in the list. */
  const failures: (ItemFailure & { at: number })[] = [];
  const reads: Record<string, Sha256> = {};
  const keys: Sha256[] = [];
  const running = new Set<Promise<void>>();
  const sourceIds = new Ids();
  /** Needs that any item of this run has read whole: a module may keep at its top what one of them read, for the others. */
  const whole: Record<string, Sha256> = {};
  const snapshots = new AnswerLog();
  let wake = (): void => {};
  let pause: Promise<void> | undefined;
  /** Once inputs have changed: what this run still makes is for this run only. */
  let aside: Journal | undefined;

  const remembered = async (key: Sha256): Promise<Remembered | undefined> => {
    const from = aside?.has(key) === true ? aside : journal;
    const text = from.has(key) ? await from.read(key) : undefined;
    return text === undefined ? undefined : (JSON.parse(text) as Remembered);
  };
  // Checked after an item has read its inputs and before it is remembered; many guards are checked for many items at once.
  const keep = async (key: Sha256, text: string): Promise<void> => {
    if (run.each.guards.length > 64) await (pause ??= sleep(50).then(() => (pause = undefined)));
    if (aside === undefined && broken(run.each.guards).length > 0) aside = await Journal.open(`${run.output}.items`);
    await (aside ?? journal).append(key, text);
  };
  /** Is what is remembered still good? Else why it runs again, if it was remembered at all. */
  const usable = async (key: Sha256): Promise<true | Remembered["again"]> => {
    const entry = await remembered(key);
    if (entry === undefined) return undefined;
    if (run.each.afresh) return "forced";
    const changed: Record<string, Sha256> = {};
    for (const [label, hash] of Object.entries(entry.reads)) if ((await run.readHash(label)) !== hash) changed[label] = hash;
    if (Object.keys(changed).length > 0) return changed;
    Object.assign(reads, fileReads(entry.reads));
    return true;
  };
  const start = async (item: JsonRecord, key: Sha256, at: number, again: Remembered["again"]): Promise<void> => {
    const seen: Record<string, Sha256> = {};
    try {
      const track = (label: string, hash: Sha256): void => {
        seen[label] = hash;
        if (/^needs\.[^#]*$/.test(label)) whole[label] = hash;
      };
      const answers = new AnswerLog();
      const made = recordsOf(await listed(await run.invoke(item, track, answers.add)), item.id);
      for (const record of made) await run.validate?.(record, `record ${JSON.stringify(record.id)}`);
      const entry: Remembered = { item: item.id, ids: made.map(({ id }) => id), lines: made.map((record) => lineOf(record, `record ${JSON.stringify(record.id)}`)), reads: { ...whole, ...seen }, list: run.each.list, ...answers.told(), calls: answers.calls(), ...(again === undefined ? {} : { again }) };
      await keep(key, JSON.stringify(entry));
      Object.assign(reads, fileReads(seen));
      counts.ran++;
    } catch (error) {
      if (run.signal.aborted && (error as Error).name === "AbortError") return;
      counts.failed++;
      const { call } = error as { call?: string };
      failures.push({ at, item: item.id, message: messageOf(error), ...(call === undefined ? {} : { call }) });
    }
    progress();
  };

  try {
    for await (const item of run.source) {
      if (run.signal.aborted || counts.total === run.each.limit) break;
      if (typeof item.id !== "string") throw new Error(`record ${counts.total + 1} of ${run.each.need} has no string "id": each needs one per record`);
      sourceIds.check(item.id, true, "");
      const key = hashJson(item);
      keys.push(key);
      counts.total++;
      const known = await usable(key);
      if (known === true) {
        counts.kept++;
        progress();
        continue;
      }
      const task: Promise<void> = start(item, key, counts.total, known).finally(() => {
        running.delete(task);
        wake();
      });
      running.add(task);
      // Not Promise.race: that would look at all of them for each item, and leave something behind in each.
      if (running.size >= run.each.concurrency) await new Promise<void>((resolve) => (wake = resolve));
    }
    await Promise.all(running);
    if (run.signal.aborted) throw Object.assign(new Error("interrupted"), { name: "AbortError" });
    failures.sort((a, b) => a.at - b.at);
    const records = failures.length > 0 ? 0 : await assemble();
    return { counts, records, failures: failures.map(({ at: _, ...failure }) => failure), reads, ...snapshots.told() };
  } finally {
    await Promise.allSettled(running);
    await journal.close();
    await aside?.close();
  }

  async function assemble(): Promise<number> {
    const writer = new LineWriter(run.output);
    const ids = new Ids();
    let records = 0;
    try {
      for (const key of keys) {
        const entry = await remembered(key);
        if (entry === undefined) throw new Error("an item's memory cannot be read back; run again");
        for (const [i, line] of entry.lines.entries()) {
          ids.check(entry.ids[i], true, `a record of ${run.stage}`, () => `, one of them made for item ${JSON.stringify(entry.item)}`);
          await writer.line(line);
          records++;
        }
        for (const [role, list] of Object.entries(entry.snapshots ?? {})) for (const snapshot of list) snapshots.add(role, snapshot, []);
      }
    } finally {
      await writer.close();
    }
    return records;
  }
}

/** What a generator yields, as a list. */
async function listed(result: unknown): Promise<unknown> {
  if (typeof result !== "object" || result === null || Array.isArray(result) || !(Symbol.asyncIterator in result || Symbol.iterator in result)) return result;
  const records: unknown[] = [];
  for await (const record of result as AsyncIterable<unknown>) records.push(record);
  return records;
}

/** An item's result: one record, several, or none. */
function recordsOf(result: unknown, item: string): JsonRecord[] {
  const list = result === undefined || result === null ? [] : Array.isArray(result) ? result : [result];
  return list.map((record: unknown) => {
    if (typeof record !== "object" || record === null || Array.isArray(record)) throw new Error(`item ${JSON.stringify(item)} must return one record, an array of records, or nothing`);
    if (typeof (record as { id?: unknown }).id !== "string") throw new Error(`the record returned for item ${JSON.stringify(item)} has no string "id": return { id: item.id, … }`);
    return record as JsonRecord;
  });
}

/** Reads that are files: they become inputs of the cell. What an item reads of its own list stays the item's. */
const fileReads = (reads: Record<string, Sha256>): Record<string, Sha256> => Object.fromEntries(Object.entries(reads).filter(([label]) => label.startsWith("reads.")));
