import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CallError } from "../types.ts";
import { withoutCredentials } from "../url.ts";
import { FileClaims, FileStore } from "./files.ts";
import { overKeyv } from "./keyv.ts";
import type { CallStore } from "./types.ts";

// statfs(2) f_type of file systems where mapped memory is not shared between machines: NFS, SMB, CIFS, SMB2, 9p, Ceph, Lustre, GPFS, AFS, FUSE.
const NETWORK = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400, 0x0bd00bd0, 0x47504653, 0x5346414f, 0x65735546]);

/**
 * Opens the answers kept: `redis://`, `rediss://`, `valkey://`, `postgres://` by URL, `file:<directory>`, or without a URL the embedded store in
 * `<root>/cache/calls`; `tell` hears of damage that was mended. Throws a CallError of kind `store` that says what is missing.
 */
export async function openStore(root: string, url: string | undefined, tell?: (line: string) => void): Promise<CallStore> {
  if (url !== undefined && url !== "") {
    if (url.startsWith("file:")) return openFiles(resolve(root, url.slice("file:".length).replace(/^\/\/(?=\/)/, "")));
    return openShared(url, root);
  }
  const directory = join(root, "cache", "calls");
  // A project that began with files stays with files.
  if (existsSync(join(directory, "files")) && !existsSync(join(directory, "answers"))) return openFiles(join(directory, "files"));
  if (readOnly(directory)) return openReadOnly(directory);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new CallError("store", `cannot make ${directory}: ${(error as Error).message}`, { cause: error });
  }
  if (NETWORK.has((await statfs(directory)).type >>> 0)) return openFiles(join(directory, "files"));
  return openEmbedded(directory, tell);
}

/** Answers that are there, in a place that takes no writing. */
function readOnly(directory: string): boolean {
  if (!existsSync(join(directory, "answers", "data.mdb"))) return false;
  try {
    for (const place of ["", "answers", "answers/data.mdb"]) accessSync(join(directory, place), constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

/** Nothing can be bought for it, so there is nothing to claim. */
async function openReadOnly(directory: string): Promise<CallStore> {
  const { LmdbStore } = await import("./lmdb.ts");
  return overKeyv(await LmdbStore.open(join(directory, "answers"), { readOnly: true }), { take: () => Promise.resolve(false), drop: () => Promise.resolve() }, directory);
}

async function openEmbedded(directory: string, tell: ((line: string) => void) | undefined): Promise<CallStore> {
  let lmdb: typeof import("./lmdb.ts");
  try {
    await import("lmdb");
    lmdb = await import("./lmdb.ts");
  } catch {
    // No binary of LMDB for this platform.
    return openFiles(join(directory, "files"));
  }
  try {
    return await overKeyv(await lmdb.LmdbStore.open(join(directory, "answers"), { tell }), await lmdb.LmdbClaims.open(join(directory, "claims")), directory);
  } catch (error) {
    if (error instanceof CallError) throw error;
    const { message } = error as Error;
    throw new CallError("store", `cannot open the call store ${directory}: ${message}; move the directory away, then \`dag cache import\` an export of it, or choose another with DAG_CACHE`, { cause: error });
  }
}

async function openShared(url: string, root: string): Promise<CallStore> {
  const place = withoutCredentials(url);
  try {
    switch (/^([a-z]+):\/\//.exec(url)?.[1]) {
      case "redis":
      case "rediss":
      case "valkey":
      case "valkeys":
        return await (await import("./redis.ts")).openRedis(url, root);
      case "postgres":
      case "postgresql":
        return await (await import("./postgres.ts")).openPostgres(url, root);
      default:
        throw new CallError("store", `DAG_CACHE=${place} names no store; use redis://, rediss://, valkey://, postgres:// or file:<directory>, or unset it for the embedded one`);
    }
  } catch (error) {
    throw error instanceof CallError ? error : new CallError("store", `cannot use DAG_CACHE=${place}: ${(error as Error).message}`);
  }
}

function openFiles(directory: string): Promise<CallStore> {
  return overKeyv(new FileStore(directory), new FileClaims(join(directory, "claims")), directory);
}
