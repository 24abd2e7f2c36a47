import type { Pipeline } from "../../pipeline/index.ts";
import type { LockFile, Sha256, StoreProblem } from "../../store/index.ts";

/** One of two builds that are compared, as far as it can still be read. */
export interface Side {
  kind: "now" | "lock" | "revision" | "bundle";
  /** As it was asked for. */
  name: string;
  /** Full hash of the commit. */
  revision?: string;
  /** Of a bundle: pipeline file it was made from, project-relative. */
  made?: string;
  cells: LockFile["cells"];
  /** What of the lock is damaged and not used. */
  problems: StoreProblem[];
  /** Its pipeline, with the presets and params it was built with as far as they are known; undefined where it is not there or has mistakes. */
  pipeline(): Promise<Pipeline | undefined>;
  /** A project file as it lies there; undefined where it is not. Whether the build was made from it, its hash must tell. */
  source(path: string): Promise<Buffer | undefined>;
  /** Are the source files of a stage's code those it was built from? Its hash leaves comments out, so that a file's own text cannot tell. */
  hasCode(stage: string, hash: Sha256): Promise<boolean>;
  /** Small bytes that a build kept under a hash, as text. */
  text(hash: Sha256): string | undefined;
  /** Absolute path of a file whose bytes were found to have this hash. */
  find(hash: string): Promise<string | undefined>;
  /** The files of a directory artifact by its hash. */
  list(hash: string): Promise<{ path: string; hash: Sha256 }[] | undefined>;
}

/** A side, or in words why there is none. `damaged`: it is there and not as it was written. */
export type Opened = { ok: true; side: Side } | { ok: false; message: string; hint?: string | undefined; damaged?: true };
