import { readWhole } from "./read.ts";
import { relative } from "node:path";
import type { Files, Json } from "../../stage/index.ts";
import type { CellJob } from "../job.ts";
import { readValues } from "../jsonl.ts";

/** The `files.x` of a stage function. Methods take a name where there are several files. */
export function filesOf(label: string, source: CellJob["files"][string], root: string): Files {
  const what = `${label} (${relative(root, source.path) || "several"})`;
  const find = (name: string | undefined): string => {
    const at = name === undefined ? (source.files.length === 1 ? 0 : -1) : source.names.indexOf(name);
    const path = source.files[at];
    if (path !== undefined) return path;
    throw new Error(name === undefined ? `${what} is not one file but ${source.files.length}: name one of ${label}.names` : `${what} has no file ${JSON.stringify(name)}`);
  };
  return {
    path: source.path,
    get names() {
      return [...source.names]; // what one item does to it is nothing to another
    },
    hash: source.hash,
    text: (name) => readWhole(find(name)).then(String),
    json: async (name) => JSON.parse(await readWhole(find(name)).then(String)) as Json,
    bytes: (name) => readWhole(find(name)),
    records: (name) => {
      const path = find(name);
      return (async function* () {
        for await (const { value } of readValues(path, name ?? source.names[0] ?? label)) yield value;
      })();
    },
  };
}
