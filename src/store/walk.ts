import { readdirSync, statSync, type BigIntStats } from "node:fs";
import { StoreError, systemError } from "./errors.ts";

/** A regular file below a directory; `path` is relative with `/`, `stats` are those of the file a link leads to. */
export interface WalkedFile {
  path: string;
  absolute: string;
  stats: BigIntStats;
}

/**
 * Every regular file below a directory, links followed, in no particular order; one directory is open at a time. `visited` hears every directory, `skip` leaves entries out unseen.
 * Throws a StoreError naming the entry: `missing` for a dangling link or a file that vanished, `special-file` for a pipe, socket or device,
 * `link-loop` for a link to a directory it lies in, `bad-name` for a name that is not UTF-8.
 */
export function* walkFiles(directory: string, visited?: (directory: string) => void, skip?: (absolute: string) => boolean): Generator<WalkedFile> {
  const stats = stat(directory, directory);
  if (!stats.isDirectory()) throw new StoreError("not-a-directory", directory, `cannot list ${directory}: it is not a directory`);
  yield* below(directory, "", [`${stats.dev}:${stats.ino}`], visited, skip);
}

function* below(directory: string, prefix: string, above: readonly string[], visited?: (directory: string) => void, skip?: (absolute: string) => boolean): Generator<WalkedFile> {
  visited?.(directory);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw systemError(error, "list", directory);
  }
  for (const name of names) {
    const absolute = `${directory}/${name}`;
    const path = prefix + name;
    if (skip?.(absolute) === true) continue;
    const stats = stat(absolute, name);
    if (stats.isFile()) {
      yield { path, absolute, stats };
    } else if (stats.isDirectory()) {
      const id = `${stats.dev}:${stats.ino}`;
      if (above.includes(id)) throw new StoreError("link-loop", absolute, `cannot list ${absolute}: it links to a directory it lies in`, { advice: "remove the link" });
      yield* below(absolute, `${path}/`, [...above, id], visited, skip);
    } else {
      throw new StoreError("special-file", absolute, `cannot read ${absolute}: it is a pipe, socket or device, not a file`, { advice: "move it out of the directory" });
    }
  }
}

function stat(absolute: string, name: string): BigIntStats {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemError(error, "read", absolute);
  }
  if (stats) return stats;
  // Node turns bytes that are not UTF-8 into U+FFFD, and that name does not exist.
  if (name.includes("\ufffd")) throw new StoreError("bad-name", absolute, `cannot read ${absolute}: its name is not UTF-8`, { advice: "rename the file" });
  throw new StoreError("missing", absolute, `cannot read ${absolute}: it is a link to nothing, or it vanished`, { advice: "remove or mend the link" });
}
