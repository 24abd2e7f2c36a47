import { open } from "node:fs/promises";

/** Bytes of an artifact's beginning that are looked at. */
const BEGINNING = 1 << 18;
/** Letters of one record that are shown. */
const LONGEST = 4000;

export interface Sample {
  title: string;
  text: string;
}

/** The first records of a JSONL artifact, or the beginning of a JSON one, set out to be read. Nothing where it cannot be read. */
export async function sampleOf(path: string, kind: "jsonl" | "json", most: number): Promise<Sample[]> {
  const text = await beginning(path);
  if (text === undefined) return [];
  if (kind === "json") return [{ title: "", text: shortened(pretty(text)) }];
  const lines = text.split("\n");
  // What follows the last line break may be half a record.
  return lines.slice(0, -1).filter((line) => line !== "").slice(0, most).map((line, place) => ({ title: titleOf(line) ?? `record ${place + 1}`, text: shortened(pretty(line)) }));
}

async function beginning(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function titleOf(line: string): string | undefined {
  try {
    const { id } = JSON.parse(line) as { id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  const rest = text.length - LONGEST;
  return rest > 0 ? `${text.slice(0, LONGEST)}\n… ${rest} more characters` : text;
}
