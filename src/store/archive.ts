import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StoreError, systemError } from "./errors.ts";
import type { Sha256 } from "./hash.ts";
import { isInside } from "./listing.ts";
import { tempPath } from "./write.ts";

/** A file to put into an archive under a relative name. */
export interface ArchiveFile {
  name: string;
  /** Absolute path of its bytes. */
  path: string;
  executable?: boolean;
}

/** A file found in an archive; its body must be read to the end before the next one comes. */
export interface ArchivedFile {
  name: string;
  bytes: number;
  executable: boolean;
  body: AsyncIterable<Buffer>;
}

/**
 * Writes files, in the order given, as a gzipped ustar archive (POSIX 1003.1-1988) without times, owners or anything else of the machine: equal
 * files give an equal archive. Returns the hash of the uncompressed archive, which does not depend on the zlib that packed it.
 */
export async function writeArchive(path: string, files: readonly ArchiveFile[]): Promise<{ content: Sha256 }> {
  const [{ pack }, { createGzip }] = await Promise.all([import("tar-stream"), import("node:zlib")]);
  const temp = tempPath(dirname(path));
  const archive = pack();
  const hash = createHash("sha256");
  const packed = pipeline(
    archive as unknown as NodeJS.ReadableStream,
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    }),
    createGzip({ level: 9 }),
    withoutSystem(),
    createWriteStream(temp, { flags: "wx" }),
  );
  packed.catch((error: Error) => archive.destroy(error));
  try {
    for (const file of files) {
      const { size } = await stat(file.path);
      const entry = archive.entry({ name: file.name, size, mode: file.executable === true ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "", type: "file" });
      await pipeline(createReadStream(file.path), entry as unknown as NodeJS.WritableStream);
    }
    archive.finalize();
    await packed;
    await rename(temp, path);
    return { content: `sha256:${hash.digest("hex")}` };
  } catch (error) {
    archive.destroy();
    await packed.catch(() => {});
    await rm(temp, { force: true });
    throw systemError(error, "write", path);
  }
}

/** Byte 9 of a gzip member (RFC 1952) names the system that made it: unknown. */
function withoutSystem(): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (at <= 9 && at + chunk.length > 9) chunk[9 - at] = 255;
      at += chunk.length;
      done(null, chunk);
    },
  });
}

/**
 * The files of a gzipped tar archive, one after another. An archive is not trusted: throws a StoreError of reason `damaged` for anything but plain
 * files with names that stay inside a directory, each once, and for one that ends early.
 */
export async function* readArchive(path: string): AsyncGenerator<ArchivedFile> {
  const [{ extract }, { createGunzip }] = await Promise.all([import("tar-stream"), import("node:zlib")]);
  const entries = extract();
  const source = pipeline(createReadStream(path), createGunzip(), new PassThrough(), entries as unknown as NodeJS.WritableStream);
  source.catch((error: Error) => entries.destroy(error));
  const seen = new Set<string>();
  const bad = (what: string): StoreError => new StoreError("damaged", path, `${path} ${what}`);
  const wordsOf = (error: unknown): unknown => {
    const known = systemError(error, "read", path);
    return known instanceof StoreError ? known : bad(`is not a whole archive (${(error as Error).message})`);
  };
  async function* inWords(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* body;
    } catch (error) {
      throw wordsOf(error);
    }
  }
  try {
    for await (const entry of entries) {
      const { name, type, size = 0, mode = 0 } = entry.header;
      if (type !== "file") throw bad(`holds ${JSON.stringify(name)}, which is a ${String(type)}, not a plain file`);
      if (!isInside(name) || name.includes("\\")) throw bad(`holds ${JSON.stringify(name)}, which would lie outside`);
      if (seen.has(name)) throw bad(`holds ${JSON.stringify(name)} twice`);
      seen.add(name);
      yield { name, bytes: size, executable: (mode & 0o100) !== 0, body: inWords(entry as unknown as AsyncIterable<Buffer>) };
    }
    await source;
  } catch (error) {
    throw wordsOf(error);
  } finally {
    entries.destroy();
    await source.catch(() => {});
  }
}
