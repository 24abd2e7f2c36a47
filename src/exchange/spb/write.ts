import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ReleaseError } from "../../stats/index.ts";
import { fileNameOf, type Fields } from "../lines.ts";
import { bankPersona, faultOf, likeness, type BankPersona } from "./records.ts";

/**
 * Writes personas as the Synthetic Persona Bank does: raw/data_<model>_1.jsonl as generated, and personas.jsonl as processed (model and id added,
 * duplicates left out). Fields the Bank does not have are left out. Returns the paths. Throws ReleaseError for a record that is no persona.
 */
export async function writeBank(directory: string, records: readonly Fields[]): Promise<string[]> {
  const raw = new Map<string, string[]>();
  const processed = new Map<string, BankPersona>();
  for (const record of records) {
    const fault = faultOf(record);
    if (fault !== undefined) throw new ReleaseError(`the record ${JSON.stringify(record["id"] ?? null)} is no persona of a bank: ${fault}`);
    const persona = bankPersona(record, "unknown");
    const { model, id: _, ...generated } = persona;
    const lines = raw.get(model) ?? [];
    raw.set(model, lines);
    lines.push(JSON.stringify(generated));
    if (!processed.has(likeness(persona))) processed.set(likeness(persona), persona);
  }
  const files = new Map([["personas.jsonl", [...processed.values()].map((persona) => JSON.stringify(persona))]]);
  for (const [model, lines] of raw) files.set(`raw/data_${fileNameOf(model, /[A-Za-z0-9._+-]/, 200)}_1.jsonl`, lines);
  for (const [path, lines] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), lines.map((line) => `${line}\n`).join(""));
  }
  return [...files.keys()].sort();
}
