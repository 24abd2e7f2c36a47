import { hashFile, type Sha256 } from "./hash.ts";
import { compareBytes, hashListing, type ListedFile } from "./listing.ts";
import { forEachLimited } from "./pool.ts";
import { walkFiles } from "./walk.ts";

/** A directory's hash, the bytes of its files together, and the files in byte order of their paths. */
export interface HashedDirectory {
  hash: Sha256;
  bytes: number;
  files: ListedFile[];
}

/** Files open at once while a directory is hashed or stored. */
export const OPEN_FILES = 8;

/**
 * The hash of a directory: the SHA-256 of its `sha256sum` listing (`<hex>  <relative/path>\n`, byte order of the path). Links are followed;
 * empty directories do not count. Throws as walkFiles and hashFile do.
 */
export async function hashDirectory(path: string): Promise<HashedDirectory> {
  const files: ListedFile[] = [];
  await forEachLimited(walkFiles(path), OPEN_FILES, async (file) => {
    files.push({ path: file.path, ...(await hashFile(file.absolute)) });
  });
  return hashedDirectory(files);
}

/** Orders the files and hashes their listing. */
export function hashedDirectory(files: ListedFile[]): HashedDirectory {
  files.sort((a, b) => compareBytes(a.path, b.path));
  return { hash: hashListing(files), bytes: files.reduce((sum, file) => sum + file.bytes, 0), files };
}
