import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { changedFiles } from "./files.ts";
import { fieldsOf, fileLines, idOf, isFields } from "./lines.ts";
import type { Fields } from "./lines.ts";
import { goneOf } from "./scores.ts";
import type { BuildSide, FilePair, Unread } from "./types.ts";

/** A field that differs: JSON path below the record, and what it was and is where that is short. */
export interface FieldChange {
  path: string;
  before?: unknown;
  after?: unknown;
}

/** One record that is not as it was. */
export interface ItemChange {
  cell: string;
  file: string;
  /** undefined for a record without one: such a record is only ever added or removed. */
  id?: string;
  change: "added" | "removed" | "changed";
  fields: FieldChange[];
  /** More fields differ than are listed. */
  more?: true;
}

/** What became of a file of records. */
export interface ItemCounts {
  cell: string;
  file: string;
  added: number;
  removed: number;
  changed: number;
  same: number;
}

/** Fields listed of one record. */
const MOST_FIELDS = 40;
/** A JSON file larger than this is not read as records. */
const LARGEST_JSON = 1 << 26;

/** The records of changed files, one after another: what differs, and after each file its counts. */
export async function* compareItems(before: BuildSide, after: BuildSide, cell: string, onUnread: (unread: Unread) => void = () => {}): AsyncGenerator<ItemChange | ItemCounts> {
  const { pairs, gone } = await changedFiles(cell, before, after);
  for (const side of gone) onUnread(goneOf(cell, "", side));
  for (const pair of pairs) {
    if (!/\.jsonl?$/.test(pair.path) || pair.before === undefined || pair.after === undefined) continue;
    const [old, now] = [await before.find(pair.before), await after.find(pair.after)];
    if (old === undefined || now === undefined) {
      if (old === undefined) onUnread(goneOf(cell, pair.file, "before"));
      if (now === undefined) onUnread(goneOf(cell, pair.file, "after"));
      continue;
    }
    try {
      const lists = pair.path.endsWith(".json") ? [await listIn(old), await listIn(now)] : [];
      const [a, b] = lists;
      if (pair.path.endsWith(".jsonl")) yield* ofLines(pair, old, now);
      else if (a !== undefined && b !== undefined) yield* ofLists(pair, a, b);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onUnread({ cell, file: pair.file, why: "too-large", message: error.message });
    }
  }
}

/** Where a record lies in the older file. */
interface Place {
  digest: string;
  offset: number;
  length: number;
}

/** Records of JSONL files: of each only a hash and its place are kept, so that files may be of any size. */
async function* ofLines({ cell, file }: FilePair, old: string, now: string): AsyncGenerator<ItemChange | ItemCounts> {
  const places = new Map<string, Place>();
  const [before, after] = [new Names(), new Names()];
  for await (const { bytes, offset } of fileLines(old)) places.set(before.of(fieldsOf(bytes), bytes, places), { digest: digestOf(bytes), offset, length: bytes.length });
  const counts: ItemCounts = { cell, file, added: 0, removed: 0, changed: 0, same: 0 };
  const seen = new Set<string>();
  const handle = await open(old, "r");
  try {
    for await (const { bytes } of fileLines(now)) {
      const record = fieldsOf(bytes);
      const key = after.of(record, bytes, seen);
      seen.add(key);
      const place = places.get(key);
      if (place?.digest === digestOf(bytes)) counts.same++;
      else if (place === undefined) {
        counts.added++;
        yield { cell, file, ...namedBy(key), change: "added", fields: [] };
      } else {
        const fields = fieldChanges(fieldsOf(await readAt(handle, place)), record);
        // Written in another order, or with other spaces.
        if (fields.length === 0) counts.same++;
        else {
          counts.changed++;
          yield { cell, file, ...namedBy(key), change: "changed", ...listed(fields) };
        }
      }
    }
  } finally {
    await handle.close();
  }
  for (const key of places.keys()) {
    if (seen.has(key)) continue;
    counts.removed++;
    yield { cell, file, ...namedBy(key), change: "removed", fields: [] };
  }
  yield counts;
}

function* ofLists({ cell, file }: FilePair, old: readonly Fields[], now: readonly Fields[]): Generator<ItemChange | ItemCounts> {
  const [a, b] = [new Map(old.map((record) => [idOf(record) ?? "", record])), new Map(now.map((record) => [idOf(record) ?? "", record]))];
  const counts: ItemCounts = { cell, file, added: 0, removed: 0, changed: 0, same: 0 };
  for (const [id, record] of b) {
    const before = a.get(id);
    const fields = before === undefined ? [] : fieldChanges(before, record);
    if (before === undefined) counts.added++;
    else if (fields.length > 0) counts.changed++;
    else counts.same++;
    if (before === undefined || fields.length > 0) yield { cell, file, id, change: before === undefined ? "added" : "changed", ...listed(fields) };
  }
  for (const id of a.keys()) {
    if (b.has(id)) continue;
    counts.removed++;
    yield { cell, file, id, change: "removed", fields: [] };
  }
  yield counts;
}

/** The records of a JSON file that is a list of them; undefined for any other. */
async function listIn(path: string): Promise<Fields[] | undefined> {
  if ((await stat(path)).size > LARGEST_JSON) throw new RangeError(`has more than ${LARGEST_JSON >> 20} MiB: not compared record by record`);
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return Array.isArray(value) && value.every((one): one is Fields => isFields(one) && idOf(one) !== undefined) ? value : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/** Names records: by id, or without one by content; of equal names the second is another. */
class Names {
  private readonly repeats = new Map<string, number>();

  of(record: Fields | undefined, bytes: Buffer, taken: { has(key: string): boolean }): string {
    const id = idOf(record);
    const name = id === undefined ? `is ${digestOf(bytes)}` : `id ${id}`;
    if (!taken.has(name)) return name;
    const n = (this.repeats.get(name) ?? 1) + 1;
    this.repeats.set(name, n);
    return `${n} ${name}`;
  }
}

function namedBy(key: string): { id?: string } {
  const [, id] = /^(?:\d+ )?id (.*)$/s.exec(key) ?? [];
  return id === undefined ? {} : { id };
}

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest().toString("latin1");

async function readAt(handle: FileHandle, { offset, length }: Place): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await handle.read(bytes, 0, length, offset);
  return bytes;
}

const listed = (fields: FieldChange[]): Pick<ItemChange, "fields" | "more"> => (fields.length > MOST_FIELDS ? { fields: fields.slice(0, MOST_FIELDS), more: true } : { fields });

/** Fields that differ, by path: `text`, `answers[2].value`. Text and numbers come with what they were, if that is short. */
export function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  const found: FieldChange[] = [];
  const visit = (a: unknown, b: unknown, path: string, depth: number): void => {
    if (Object.is(a, b) || found.length > MOST_FIELDS) return;
    if (depth < 32 && Array.isArray(a) && Array.isArray(b)) {
      for (let at = 0; at < Math.max(a.length, b.length); at++) visit(a[at], b[at], `${path}[${at}]`, depth + 1);
    } else if (depth < 32 && isFields(a) && isFields(b)) {
      for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) visit(Object.hasOwn(a, key) ? a[key] : undefined, Object.hasOwn(b, key) ? b[key] : undefined, path === "" ? key : `${path}.${key}`, depth + 1);
    } else if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ path, ...brief("before", a), ...brief("after", b) });
  };
  visit(before, after, "", 0);
  return found;
}

/** Longest text that is told as it is. */
const BRIEF = 60;

function brief(side: "before" | "after", value: unknown): Partial<FieldChange> {
  const short = value === null || typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= BRIEF);
  return short ? { [side]: value } : {};
}
