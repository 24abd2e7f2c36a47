import { hash } from "node:crypto";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { damageOf } from "../entry.ts";
import type { CallKey } from "../key.ts";

/** Where the second line of an entry begins, whatever lies around it: its answer in canonical JSON. */
const MARK = Buffer.from('\n{"asker":');
/** `1 ` and a checksum in hex. */
const HEAD = 66;
const WINDOW = 1 << 23;
/** What an entry may have at most; an image is a few MB. */
const LONGEST = 1 << 28;

/** Every whole entry that lies in a file, each byte checked, in whatever state the file is: LMDB keeps a value's bytes together. The same key may come twice. */
export async function* salvage(path: string): AsyncGenerator<{ key: CallKey; text: string }> {
  const file = await open(path, "r");
  try {
    const window = Buffer.alloc(WINDOW + MARK.length - 1);
    for (let start = 0; ; start += WINDOW) {
      const { bytesRead } = await file.read(window, 0, window.length, start);
      const found = window.subarray(0, bytesRead);
      for (let at = found.indexOf(MARK); at >= 0; at = found.indexOf(MARK, at + 1)) {
        const entry = await entryAt(file, start + at - HEAD);
        if (entry !== undefined) yield entry;
      }
      if (bytesRead < window.length) return;
    }
  } finally {
    await file.close();
  }
}

async function entryAt(file: FileHandle, position: number): Promise<{ key: CallKey; text: string } | undefined> {
  if (position < 0) return undefined;
  for (let length = 1 << 14; length <= LONGEST; length *= 8) {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, position);
    const second = bytes.indexOf(10, HEAD + 1);
    const end = second < 0 ? -1 : endOfJson(bytes, second + 1, bytesRead);
    if (end > 0) {
      const text = bytes.toString("utf8", 0, end);
      const key = `sha256:${hash("sha256", bytes.subarray(second + 1, end), "hex")}` as CallKey;
      return damageOf(key, text) === undefined ? { key, text } : undefined;
    }
    if (bytesRead < length) return undefined;
  }
  return undefined;
}

/** Just behind the JSON object that begins here; -1 where it does not end. */
function endOfJson(bytes: Buffer, from: number, to: number): number {
  let depth = 0;
  let text = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (text) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) text = false;
    } else if (byte === 0x22) text = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
    else if (depth === 0) return -1;
  }
  return -1;
}
