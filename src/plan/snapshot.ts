import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Json } from "../stage/index.ts";
import { canonicalJson, formatListing, sha256, StoreError, walkFiles } from "../store/index.ts";
import type { Sha256, StatCache } from "../store/index.ts";
import { isInside, projectPath } from "./code.ts";
import { distinct, expandGlob, isGlob, isSkipped } from "./glob.ts";
import type { NamedFile } from "./glob.ts";
import { whyUnreadable } from "./unreadable.ts";

/** Content of one input: its hash, and the bytes that hash to it where they are small enough to keep for `why`. */
export interface Content {
  hash: Sha256;
  bytes?: () => string | undefined;
  /** The files that `bytes` lists, where all of them together are small enough. */
  parts?: readonly Content[];
}

/** Bytes of a text, and of all files of a list, up to which they are kept. */
const SMALL = 1 << 20;
const MOST_PARTS = 256;

/** The text behind a hash: the content's own, or that of a file it lists. */
export function textOf(content: Content | undefined, hash: Sha256): string | undefined {
  return (content?.hash === hash ? content : content?.parts?.find((part) => part.hash === hash))?.bytes?.();
}

/** A declared input that is not there or cannot be read. */
export interface MissingInput {
  label: string;
  path: string;
  message: string;
}

/** Files behind one `files.x`, resolved: what the stage gets to see. */
export interface ResolvedFiles {
  /** Absolute path of the file or directory; the project root for a glob or list. */
  path: string;
  /** Relative to `path` for a directory, to the root for a glob (to the glob's base outside of the project); the given path for a single file. */
  names: string[];
  /** Absolute paths, in the order of `names`. */
  files: string[];
}

/** Everything a plan reads from the disk and the environment goes through here, and is noted. */
export class Snapshot {
  readonly missing: MissingInput[] = [];
  /** Patterns that match no file. */
  readonly unmatched: { label: string; pattern: string }[] = [];

  constructor(
    readonly root: string,
    readonly stats: StatCache,
    readonly env: Readonly<Record<string, string | undefined>>,
    /** Absolute paths of files and directories looked at. */
    readonly observedFiles = new Set<string>(),
    readonly observedDirectories = new Set<string>(),
    readonly observedVariables = new Set<string>(),
  ) {}

  /** The same disk with lists of its own. */
  fork(): Snapshot {
    return new Snapshot(this.root, this.stats, this.env, this.observedFiles, this.observedDirectories, this.observedVariables);
  }

  /** Content of a file that may be absent: not an error, undefined. */
  probe(path: string): Sha256 | undefined {
    const absolute = resolve(this.root, path);
    this.observedFiles.add(absolute);
    try {
      return this.stats.hashSync(absolute);
    } catch {
      return undefined; // not a readable file: as good as none
    }
  }

  /** The text of a file that was just looked at; "" where it has gone since. */
  read(path: string): string {
    try {
      return readFileSync(resolve(this.root, path), "utf8");
    } catch {
      return "";
    }
  }

  value(value: Json | undefined): Content {
    const bytes = canonicalJson(value ?? null);
    return { hash: sha256(bytes), bytes: () => bytes };
  }

  /** Values of variables are hashed but never kept: they may be secrets. */
  variable(name: string): Content {
    this.observedVariables.add(name);
    return { hash: sha256(canonicalJson(this.env[name] ?? null)) };
  }

  /** A project file's content. Undefined and noted as missing where it is not a readable file. */
  file(label: string, path: string): Content | undefined {
    return this.sized(label, path)?.content;
  }

  private sized(label: string, path: string): { content: Content; size: number } | undefined {
    const absolute = resolve(this.root, path);
    const stat = this.statOf(absolute);
    if (stat === undefined) return this.absent(label, path, whyUnreadable(absolute));
    if (stat.isDirectory()) return this.absent(label, path, "is a directory, not a file");
    const hash = this.probe(path);
    if (hash === undefined) return this.absent(label, path, whyUnreadable(absolute));
    return { content: stat.size > SMALL ? { hash } : { hash, bytes: () => this.text(path, hash) }, size: stat.size };
  }

  /** A `files` entry: one file, one directory, or a listing of globs and several paths. */
  async files(label: string, patterns: readonly string[]): Promise<(Content & { resolved: ResolvedFiles }) | undefined> {
    const [only] = patterns;
    if (patterns.length === 1 && only !== undefined && !(isGlob(only) && this.statOf(resolve(this.root, only)) === undefined)) {
      const absolute = resolve(this.root, only);
      if (this.statOf(absolute)?.isDirectory() === true) return this.listing(label, absolute, this.below(label, { name: "", path: absolute }));
      const content = this.file(label, only.replace(/\/$/, ""));
      return content && { ...content, resolved: { path: absolute, names: [only], files: [absolute] } };
    }
    const before = this.missing.length;
    const found = await expandGlob(this.root, patterns, {
      visited: (directory) => this.observedDirectories.add(directory),
      unreadable: (directory) => this.absent(label, projectPath(this.root, directory), whyUnreadable(directory)),
      unmatched: (pattern) => this.unmatched.push({ label, pattern }),
    });
    if (this.missing.length > before) return undefined;
    const files = found.flatMap((file) => (this.statOf(file.path)?.isDirectory() === true ? this.below(label, file) : [file]));
    return this.listing(label, this.root, files);
  }

  private listing(label: string, base: string, found: NamedFile[]): (Content & { resolved: ResolvedFiles }) | undefined {
    const sorted = distinct(found);
    const names = sorted.map(({ name }) => name);
    const files = sorted.map(({ path }) => path);
    const looked = sorted.flatMap(({ name, path }) => {
      const found = this.sized(label, path);
      return found === undefined ? [] : [{ name, ...found }];
    });
    if (looked.length < sorted.length) return undefined;
    const bytes = formatListing(looked.map(({ name, content }) => ({ path: name, hash: content.hash })));
    const small = looked.length <= MOST_PARTS && looked.reduce((sum, { size }) => sum + size, 0) <= SMALL;
    return { hash: sha256(bytes), bytes: () => bytes, ...(small ? { parts: looked.map(({ content }) => content) } : {}), resolved: { path: base, names, files } };
  }

  /** All files below a directory, their names after its own; links are followed, circles and dangling ones are noted as missing. */
  private below(label: string, directory: NamedFile): NamedFile[] {
    const prefix = directory.name === "" ? "" : `${directory.name}/`;
    try {
      return Array.from(walkFiles(directory.path, (visited) => this.observedDirectories.add(visited), (entry) => isSkipped(this.root, entry)), ({ path, absolute }) => ({ name: prefix + path, path: absolute }));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.absent(label, projectPath(this.root, error.path), error.reason === "special-file" || error.reason === "bad-name" ? error.message : whyUnreadable(error.path));
      return [];
    }
  }

  /** Is it there, as a file? Noted as looked at, whatever the answer. */
  isFile(path: string): boolean {
    return this.statOf(resolve(this.root, path))?.isFile() ?? false;
  }

  private statOf(absolute: string): import("node:fs").Stats | undefined {
    this.observedFiles.add(absolute);
    try {
      return statSync(absolute, { throwIfNoEntry: false });
    } catch {
      return undefined; // a parent that is a file, a circle of links
    }
  }

  /** A small file's text, if it still has this hash and is text. */
  text(path: string, hash: Sha256): string | undefined {
    const bytes = readFileSync(resolve(this.root, path));
    return bytes.length <= SMALL && sha256(bytes) === hash && bytes.equals(Buffer.from(bytes.toString("utf8"))) ? bytes.toString("utf8") : undefined;
  }

  private absent(label: string, path: string, message: string): undefined {
    this.missing.push({ label, path: isInside(this.root, path) ? projectPath(this.root, path) : path, message });
    return undefined;
  }
}
