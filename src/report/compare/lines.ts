import { createReadStream } from "node:fs";

/** Longest line, in bytes: what one record may have. */
const MAX_LINE = 1 << 28;

/** A line without its `\n`, and where it begins in the file. */
export interface FileLine {
  bytes: Buffer;
  offset: number;
}

/** Lines of a file that are not blank. Memory is that of the longest line, whatever the file's size; throws a RangeError where a line does not end. */
export async function* fileLines(path: string): AsyncGenerator<FileLine> {
  let rest: Buffer[] = [];
  let pending = 0;
  let offset = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const bytes = pending === 0 ? chunk.subarray(from, end) : Buffer.concat([...rest, chunk.subarray(from, end)]);
      if (isFilled(bytes)) yield { bytes, offset };
      offset += bytes.length + 1;
      rest = [];
      pending = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      pending += chunk.length - from;
      if (pending > MAX_LINE) throw new RangeError(`a line has more than ${MAX_LINE >> 20} MiB`);
    }
  }
  const bytes = Buffer.concat(rest);
  if (isFilled(bytes)) yield { bytes, offset };
}

const isFilled = (bytes: Buffer): boolean => bytes.some((byte) => byte !== 32 && byte !== 9 && byte !== 13);

export type Fields = Record<string, unknown>;

/** The object a line holds; undefined for anything else. */
export function fieldsOf(bytes: Buffer): Fields | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A record's id as text: a number's too. */
export function idOf(record: Fields | undefined): string | undefined {
  const id = record?.["id"];
  return typeof id === "string" ? id : typeof id === "number" ? String(id) : undefined;
}

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
