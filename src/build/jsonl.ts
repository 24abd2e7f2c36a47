import { createReadStream } from "node:fs";
import type { Json, JsonRecord } from "../stage/index.ts";

/** A line that is not what it should be; `line` is 1-based. */
export class LineError extends Error {
  override name = "LineError";
}

/** Longest line, in bytes: what one record may have. */
const MAX_LINE = 1 << 28;

/**
 * Lines of a UTF-8 file or stream without their `\n`, in batches as they are read: memory is that of the longest line, whatever the file's size.
 * Throws LineError, naming `name`, where a line does not end.
 */
export async function* readLines(source: string | AsyncIterable<Buffer>, name = typeof source === "string" ? source : "stdin"): AsyncGenerator<string[]> {
  let rest: Buffer[] = [];
  let pending = 0;
  for await (const chunk of typeof source === "string" ? (createReadStream(source, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) : source) {
    const end = chunk.lastIndexOf(10);
    if (end < 0) {
      rest.push(chunk);
      pending += chunk.length;
      if (pending > MAX_LINE) throw new LineError(`${name}: a line has more than ${MAX_LINE >> 20} MiB: JSON Lines have one record a line`);
      continue;
    }
    const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString("utf8");
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
    pending = chunk.length - end - 1;
    yield text.split("\n");
  }
  if (rest.length > 0) yield [Buffer.concat(rest).toString("utf8")];
}

/** Values of a JSONL file with their line numbers; blank lines are skipped. Throws LineError with `name:line`. */
export async function* readValues(path: string, name: string): AsyncGenerator<{ value: Json; text: string; line: number }> {
  let line = 0;
  for await (const batch of readLines(path, name)) {
    for (const text of batch) {
      line++;
      if (text.trim() === "") continue;
      let value: Json;
      try {
        value = JSON.parse(text) as Json;
      } catch (error) {
        throw new LineError(`${name}:${line}: not JSON: ${(error as Error).message}`);
      }
      yield { value, text, line };
    }
  }
}

/** As readValues, for records: objects. */
export async function* readRecords(path: string, name: string): AsyncGenerator<JsonRecord> {
  for await (const { value, line } of readValues(path, name)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new LineError(`${name}:${line}: not an object`);
    yield value as JsonRecord;
  }
}
