import type { BuildSide, BuiltCell, FilePair } from "./types.ts";

/** Changed files of a cell's artifact: itself, or those of a directory that differ. A side whose list of files is not kept is told in `gone`. */
export async function changedFiles(cell: string, before: BuildSide, after: BuildSide): Promise<{ pairs: FilePair[]; gone?: "before" | "after" }> {
  const [old, now] = [before.cells[cell], after.cells[cell]];
  if (old === undefined || now === undefined || old.artifact === now.artifact) return { pairs: [] };
  const [was, is] = [isFile(old) ? undefined : await before.list(old.artifact), isFile(now) ? undefined : await after.list(now.artifact)];
  if (was === undefined && is === undefined) return { pairs: [{ cell, file: "", path: now.path, before: old.artifact, after: now.artifact }] };
  if (was === undefined || is === undefined) return { pairs: [], gone: was === undefined ? "before" : "after" };
  const [a, b] = [new Map(was.map(({ path, hash }) => [path, hash])), new Map(is.map(({ path, hash }) => [path, hash]))];
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort();
  return {
    pairs: paths.flatMap((file) => {
      const [x, y] = [a.get(file), b.get(file)];
      return x === y ? [] : [{ cell, file, path: `${now.path}/${file}`, ...(x === undefined ? {} : { before: x }), ...(y === undefined ? {} : { after: y }) }];
    }),
  };
}

/** A name that only a file has; of others the list of files decides. */
const isFile = ({ path, records }: BuiltCell): boolean => records !== undefined || /\.(?:jsonl?|npy|txt|md|csv|tsv|svg|png)$/.test(path);
