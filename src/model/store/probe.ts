import { statSync } from "node:fs";
import { open } from "lmdb";

/**
 * Walks an LMDB environment from end to end, in a process of its own: what is mapped into memory and damaged may end the process that reads it.
 * Exit 0: sound. Anything else: not.
 */
const [path = "", mapSize = "", readOnly] = process.argv.slice(2);
const db = open<string, string>({ path, encoding: "string", mapSize: Number(mapSize), cache: false, readOnly: readOnly === "read-only" });
const { pageSize, lastPageNumber } = db.getStats() as { pageSize: number; lastPageNumber: number };
let last = "";
let ok = statSync(path).size >= (lastPageNumber + 1) * pageSize;
for (const { key, value } of ok ? db.getRange() : []) {
  ok &&= key > last && typeof value === "string";
  last = key;
}
await db.close();
process.exitCode = ok ? 0 : 1;
