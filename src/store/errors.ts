/** What kept the store from doing what it was asked. */
export type StoreReason =
  | "missing"
  | "not-a-file"
  | "not-a-directory"
  | "special-file"
  | "bad-name"
  | "link-loop"
  | "no-space"
  | "read-only"
  | "no-permission"
  | "too-many-open-files"
  | "changed"
  | "damaged"
  | "not-json"
  | "too-large"
  | "aborted"
  | "io";

/** A failure of the store: `reason` is closed, `path` is where it happened, `advice` is what to do next. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly reason: StoreReason;
  readonly path: string;
  readonly advice: string | undefined;

  constructor(reason: StoreReason, path: string, message: string, options?: { advice?: string; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.path = path;
    this.advice = options?.advice;
  }
}

/** Something found damaged or out of date and therefore not used; the work goes on without it. */
export interface StoreProblem {
  reason: "damaged" | "other-version" | "conflict" | "entry" | "unwritable";
  path: string;
  message: string;
  advice: string;
  /** Cell id of the entry that is not used, where the rest is. */
  entry?: string;
}

export type OnProblem = (problem: StoreProblem) => void;

const byCode: Record<string, { reason: StoreReason; what: string; advice?: string }> = {
  ENOENT: { reason: "missing", what: "it is not there" },
  ENOTDIR: { reason: "not-a-directory", what: "a part of the path is not a directory", advice: "move the file that stands in the way" },
  EISDIR: { reason: "not-a-file", what: "it is a directory", advice: "move or remove the directory" },
  ENOTEMPTY: { reason: "not-a-file", what: "a directory with files in it stands there", advice: "move or remove the directory" },
  EEXIST: { reason: "not-a-directory", what: "something else stands there", advice: "move what stands in the way" },
  ELOOP: { reason: "link-loop", what: "the symbolic links go round in a circle", advice: "remove the link" },
  ENOSPC: { reason: "no-space", what: "the disk is full", advice: "free some space (`dag cache gc` frees what no lock needs), then run again; nothing finished is lost" },
  EDQUOT: { reason: "no-space", what: "the disk quota is used up", advice: "free some space (`dag cache gc` frees what no lock needs), then run again; nothing finished is lost" },
  EFBIG: { reason: "no-space", what: "the file is larger than this process may write", advice: "raise the limit (`ulimit -f`), then run again" },
  EROFS: { reason: "read-only", what: "the file system is read-only", advice: "mount it writable, or work in a copy of the project" },
  EACCES: { reason: "no-permission", what: "permission denied", advice: "check owner and mode with `ls -ld`" },
  EPERM: { reason: "no-permission", what: "operation not permitted", advice: "check owner and mode with `ls -ld`" },
  EMFILE: { reason: "too-many-open-files", what: "too many open files", advice: "raise the limit (`ulimit -n`) or lower -j" },
  ENFILE: { reason: "too-many-open-files", what: "too many open files on this machine", advice: "lower -j" },
  ENAMETOOLONG: { reason: "bad-name", what: "the name is too long for the file system" },
};

/** The errno of a system error, or undefined for anything else. */
export function errno(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}

/**
 * A system error in the store's words: `cannot <doing> <path>: <what>`.
 * A StoreError passes through; anything without an errno is a bug and passes through too.
 */
export function systemError(error: unknown, doing: string, path: string): unknown {
  const code = errno(error);
  if (error instanceof StoreError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const known = byCode[code];
  const options = { cause: error, ...(known?.advice === undefined ? {} : { advice: known.advice }) };
  return new StoreError(known?.reason ?? "io", path, `cannot ${doing} ${path}: ${known?.what ?? code}`, options);
}
