import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import canonicalize from "canonicalize";
import type { BuildRecords } from "../personabench/records.ts";
import { noiseText } from "../../stats/index.ts";
import { datasetCard, type DatasetMeta } from "./card.ts";
import { croissant, type Written } from "./croissant.ts";
import { datasetTables, type Table } from "./tables.ts";

/**
 * Writes a dataset for the Hugging Face Hub: README.md (the card), croissant.json, data/<config>/<split>.parquet, and the records as they are in
 * jsonl/. Equal records give equal bytes. Returns what was written, sorted by path.
 */
export async function writeHuggingFace(directory: string, records: BuildRecords, meta: DatasetMeta): Promise<Written[]> {
  const written: Written[] = [];
  const put = async (path: string, bytes: Uint8Array | string): Promise<Written> => {
    const file = { path, bytes: Buffer.byteLength(bytes), sha256: createHash("sha256").update(bytes).digest("hex") };
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
    written.push(file);
    return file;
  };
  const tables = datasetTables(records);
  const files: { table: Table; file: Written }[] = [];
  for (const table of tables) files.push({ table, file: await put(parquetPath(table), await parquet(table)) });
  for (const { noise, documents, questions } of records.levels) {
    await put(`jsonl/documents/noise_${noiseText(noise)}.jsonl`, lines(documents));
    await put(`jsonl/questions/noise_${noiseText(noise)}.jsonl`, lines(questions));
  }
  if (records.graph.length > 0) await put("jsonl/communities.jsonl", lines(records.graph));
  await put("README.md", datasetCard(tables, meta, parquetPath));
  await put("croissant.json", `${JSON.stringify(croissant(files, meta), null, 2)}\n`);
  return written.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parquetPath({ config, split }: Table): string {
  return `data/${config}/${split}.parquet`;
}

function lines(records: readonly object[]): string {
  return records.map((record) => `${canonicalize(record) ?? ""}\n`).join("");
}

/** Snappy-compressed Parquet; nulls only in columns that say so. */
async function parquet({ columns, rows }: Table): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ name, kind, nullable }, i) => ({ name, type: kind, nullable, data: rows.map((row) => row[i] ?? null) }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
