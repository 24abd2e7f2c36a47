import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { errno, systemError } from "./errors.ts";

/** Where a line lies in the file, in bytes, its newline not counted. */
export interface Place {
  offset: number;
  length: number;
}

/** What a journal's file holds. */
export interface Scanned {
  index: Map<string, Place>;
  /** Bytes of the file. */
  size: number;
  /** Bytes of the lines in the index, with their newlines. */
  live: number;
  damaged: number;
  /** False where the file ends within a line. */
  ended: boolean;
  /** Undefined for a file that is absent or empty; a number other than JOURNAL_VERSION means nothing else was read. */
  version: number | undefined;
}

export const JOURNAL_VERSION = 1;
export const HEADER = `{"journal":${JOURNAL_VERSION}}\n`;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPENING = Buffer.from('["');
/** `["`, 8 hex digits, `",` */
const KEY_AT = 12;
const CHUNK = 1 << 20;
/** Longest line, in bytes. */
export const MAX_LINE = 1 << 28;

/** One entry as a line without its newline: `["<crc32 of the rest>",<key>,<value>]`. */
export function formatLine(key: string, value: string): string {
  const rest = `${JSON.stringify(key)},${value}]`;
  return `["${checksum(rest)}",${rest}`;
}

function checksum(rest: Uint8Array | string): string {
  return crc32(rest).toString(16).padStart(8, "0");
}

/** The key of a whole line, undefined for a damaged one. */
export function keyOf(line: Buffer): string | undefined {
  if (line.length < KEY_AT + 4 || line.compare(OPENING, 0, 2, 0, 2) !== 0 || line[KEY_AT] !== QUOTE) return undefined;
  if (line.toString("latin1", 2, KEY_AT) !== `${checksum(line.subarray(KEY_AT))}",`) return undefined;
  let end = line.indexOf(QUOTE, KEY_AT + 1);
  if (end < 0) return undefined;
  const escape = line.indexOf(BACKSLASH, KEY_AT + 1);
  if (escape < 0 || escape > end) return line.toString("utf8", KEY_AT + 1, end);
  for (end = KEY_AT + 1; line[end] !== QUOTE; end++) if (line[end] === BACKSLASH) end++;
  return JSON.parse(line.toString("utf8", KEY_AT, end + 1)) as string;
}

/** The JSON text of the value under this key, undefined for a damaged line or another key. */
export function valueOf(line: Buffer, key: string): string | undefined {
  if (keyOf(line) !== key) return undefined;
  return line.toString("utf8", KEY_AT + Buffer.byteLength(JSON.stringify(key)) + 1, line.length - 1);
}

/** Reads a journal's file from start to end, keeping only keys and places; the memory for values is that of the longest line. */
export async function scan(path: string): Promise<Scanned> {
  const found: Scanned = { index: new Map(), size: 0, live: 0, damaged: 0, ended: true, version: undefined };
  try {
    const file = await open(path, "r");
    try {
      await scanFile(file, found);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errno(error) !== "ENOENT") throw systemError(error, "read", path);
  }
  return found;
}

async function scanFile(file: FileHandle, found: Scanned): Promise<void> {
  // The beginning of a line whose end has not been read; dropped, but counted, once it is longer than any line may be.
  let pieces: Buffer[] = [];
  let pending = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await file.read(chunk, 0, CHUNK, null);
    if (bytesRead === 0) break;
    const read = chunk.subarray(0, bytesRead);
    const newline = read.indexOf(NEWLINE);
    const from = newline < 0 ? read.length : newline + 1;
    pending += from;
    if (pending <= MAX_LINE) pieces.push(read.subarray(0, from));
    else pieces = [];
    found.size += bytesRead;
    if (newline < 0) continue;
    if (pieces.length > 0) takeLine(Buffer.concat(pieces, pending - 1), found.size - bytesRead + from - pending, found);
    else found.damaged++;
    const used = from + takeLines(read.subarray(from), found.size - bytesRead + from, found);
    pieces = used < read.length ? [read.subarray(used)] : [];
    pending = read.length - used;
    if (found.version !== JOURNAL_VERSION) return;
  }
  if (pending === 0) return;
  // A last line that lacks nothing but its newline proves itself by its checksum.
  if (pieces.length > 0) takeLine(Buffer.concat(pieces, pending), found.size - pending, found);
  else found.damaged++;
  found.ended = false;
}

/** Takes the whole lines of some bytes that begin at `offset` of the file; returns how many bytes they are. */
function takeLines(data: Buffer, offset: number, found: Scanned): number {
  let start = 0;
  for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
    takeLine(data.subarray(start, end), offset + start, found);
    start = end + 1;
  }
  return start;
}

function takeLine(line: Buffer, offset: number, found: Scanned): void {
  if (found.version === undefined) {
    const header = /^\{"journal":(\d+)\}$/.exec(line.toString("latin1", 0, 64));
    // A damaged first line costs nothing: every other line carries its own checksum.
    found.version = header ? Number(header[1]) : JOURNAL_VERSION;
    if (header) return;
  }
  // An append after a torn line begins with a newline of its own.
  if (found.version !== JOURNAL_VERSION || line.length === 0) return;
  const key = keyOf(line);
  if (key === undefined) {
    found.damaged++;
    return;
  }
  const older = found.index.get(key);
  if (older) found.live -= older.length + 1;
  found.index.set(key, { offset, length: line.length });
  found.live += line.length + 1;
}
