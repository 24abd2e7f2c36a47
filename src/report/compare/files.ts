import type { BuildSide, BuiltCell, FilePair } from "./types.ts";

/** Changed files of a cell's artifact: itself, or those of a directory that differ. Sides whose list of files is not kept are told in `gone`. */
export async function changedFiles(cell: string, before: BuildSide, after: BuildSide): Promise<{ pairs: FilePair[]; gone: ("before" | "after")[] }> {
  const [old, now] = [before.cells[cell], after.cells[cell]];
  if (old === undefined || now === undefined || old.artifact === now.artifact) return { pairs: [], gone: [] };
  const [was, is] = [isFile(old) ? undefined : await before.list(old.artifact), isFile(now) ? undefined : await after.list(now.artifact)];
  if (was === undefined || is === undefined) {
    const gone: ("before" | "after")[] = [];
    // Without a list it is a file, or a directory of which nothing is left.
    if (was === undefined && !isFile(old) && (await before.find(old.artifact)) === undefined) gone.push("before");
    if (is === undefined && !isFile(now) && (await after.find(now.artifact)) === undefined) gone.push("after");
    const alike = was === undefined && is === undefined && gone.length === 0;
    return { pairs: alike ? [{ cell, file: "", path: now.path, before: old.artifact, after: now.artifact }] : [], gone };
  }
  const [a, b] = [new Map(was.map(({ path, hash }) => [path, hash])), new Map(is.map(({ path, hash }) => [path, hash]))];
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort();
  return {
    pairs: paths.flatMap((file) => {
      const [x, y] = [a.get(file), b.get(file)];
      return x === y ? [] : [{ cell, file, path: `${now.path}/${file}`, ...(x === undefined ? {} : { before: x }), ...(y === undefined ? {} : { after: y }) }];
    }),
    gone: [],
  };
}

/** A name that only a file has; of others the list of files decides. */
const isFile = ({ path, records }: BuiltCell): boolean => records !== undefined || /\.(?:jsonl?|npy|txt|md|csv|tsv|svg|png)$/.test(path);
