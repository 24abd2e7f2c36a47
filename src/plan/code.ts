import { readFileSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { canonicalJson, readStateSync, sha256, writeAtomicSync, writeStateSync } from "../store/index.ts";
import type { OnProblem, Sha256, StatCache } from "../store/index.ts";
import { missingPackage } from "./missing-package.ts";

/** Hashes of what stage modules may import of the tool: its own version, as far as they see it. */
declare const __API__: Record<string, string>;
declare const __VERSION__: string;
declare const __BUILD__: string;

/** A stage module's code as an input: the manifest's sha256 is the `code` label. */
export interface Code {
  hash: Sha256;
  /** Canonical JSON: project-relative file → sha256 of its code without comments and formatting; package → version. */
  manifest: string;
  /** Absolute path of the runnable bundle. */
  bundle: string;
}

export class CodeError extends Error {
  override name = "CodeError";
  /** Absolute paths of what was read or looked for: the mend is in one of them. */
  readonly tried: readonly string[];
  constructor(message: string, tried: readonly string[] = []) {
    super(message);
    this.tried = tried;
  }
}

interface Entry {
  manifest: string;
  /** Relative to the cache. */
  bundle: string;
  /** sha256 of the bundle: code is not run on trust. */
  bundleHash: string;
  /** Raw content of every file that went in, project-relative. */
  files: Record<string, string>;
  /** Version files of packages, absolute: package.json path → sha256; NOTHING where one would be found first, or a file would shadow an import. */
  packages: Record<string, string>;
  /** Directories from the inputs up to below the root: a new file there could shadow an import. */
  directories: Record<string, string>;
}

/** The hash of what is not there. */
const NOTHING = "-";

/**
 * Fingerprints and bundles stage modules with esbuild; remembers both in cache/state/code.json,
 * so that esbuild is not even loaded while no imported file, package or directory has changed.
 */
export class CodeBook {
  private entries: Record<string, Entry>;
  private dirty = false;
  private readonly file: string;

  constructor(
    private readonly root: string,
    /** Absolute; bundles and their memory lie below it. */
    private readonly cache: string,
    private readonly stats: StatCache,
    /** Absolute path of the running tool's dist/, for modules that import "daguerre". */
    private readonly tool: string,
    /** Fingerprints only: nothing is written to the cache. */
    private readonly readOnly: boolean,
    onProblem: OnProblem,
  ) {
    this.file = join(cache, "state/code.json");
    this.entries = readEntries(this.file, this.stamp(), onProblem);
  }

  /** Throws CodeError with file:line:column for code that does not parse or resolve. */
  async read(path: string): Promise<Code> {
    const known = Object.hasOwn(this.entries, path) ? this.entries[path] : undefined;
    if (known !== undefined && this.holds(known)) return { hash: sha256(known.manifest), manifest: known.manifest, bundle: join(this.cache, known.bundle) };
    const entry = await this.make(path);
    this.entries[path] = entry;
    this.dirty = true;
    return { hash: sha256(entry.manifest), manifest: entry.manifest, bundle: join(this.cache, entry.bundle) };
  }

  /** Paths whose change would change the code: for the watcher and the certificate. */
  observed(path: string): { files: string[]; directories: string[] } {
    const entry = this.entries[path];
    if (entry === undefined) return { files: [], directories: [] };
    return { files: [...Object.keys(entry.files).map((f) => resolve(this.root, f)), ...Object.keys(entry.packages)], directories: Object.keys(entry.directories) };
  }

  save(): void {
    if (!this.dirty || this.readOnly) return;
    writeStateSync(this.file, canonicalJson({ stamp: this.stamp(), entries: this.entries }));
    this.dirty = false;
  }

  /** Files in cache/code that the remembered entries stand on, by name. */
  bundles(): Set<string> {
    return new Set(Object.values(this.entries).flatMap(({ bundle }: Partial<Entry>) => (typeof bundle === "string" ? [bundle.slice(bundle.lastIndexOf("/") + 1)] : [])));
  }

  private stamp(): string {
    return `${__BUILD__} ${this.tool}`;
  }

  private holds(entry: Entry): boolean {
    const same = (path: string, hash: string): boolean => this.hashOf(path) === hash;
    return (
      Object.entries(entry.directories).every(([path, signature]) => directorySignature(path) === signature) &&
      Object.entries(entry.files).every(([path, hash]) => same(resolve(this.root, path), hash)) &&
      Object.entries(entry.packages).every(([path, hash]) => same(path, hash)) &&
      (this.readOnly || same(join(this.cache, entry.bundle), entry.bundleHash))
    );
  }

  private hashOf(path: string): string {
    try {
      return this.stats.hashSync(path) ?? NOTHING;
    } catch {
      return NOTHING; // not a readable file: as good as none
    }
  }

  private async make(path: string): Promise<Entry> {
    const { bundleStage } = await import("./bundle.ts");
    const made = await bundleStage(this.root, path, this.tool);
    const files: Record<string, string> = {};
    const directories: Record<string, string> = {};
    const packages: Record<string, string> = {};
    const manifest: { files: Record<string, Sha256>; packages: Record<string, string> } = { files: {}, packages: {} };
    for (const { file, hash, code } of made.files) {
      const absolute = resolve(this.root, file);
      for (const directory of directoriesOf(this.root, absolute)) directories[directory] ??= directorySignature(directory);
      for (const path of shadows(this.root, absolute)) if (this.hashOf(path) === NOTHING) packages[path] = NOTHING;
      files[file] = hash;
      manifest.files[file] = sha256(code);
    }
    for (const name of made.packages) {
      if (builtinModules.includes(name) || name.startsWith("node:")) continue;
      if (Object.hasOwn(__API__, name)) {
        const own = findPackage(this.root, "daguerre");
        manifest.packages[name] = own === undefined || own.version === __VERSION__ ? (__API__[name] ?? "") : own.version;
        continue;
      }
      const found = findPackage(this.root, name) ?? findPackage(this.tool, name, packageFiles(this.root, name));
      if (found === undefined) throw new CodeError(missingPackage(this.root, name, made.importers.get(name)));
      manifest.packages[name] = found.version;
      for (const path of [found.file, ...found.nearer]) packages[path] = this.hashOf(path);
    }
    for (const path of made.workspaces) packages[path] = this.hashOf(path);
    const text = canonicalJson(manifest);
    const name = sha256(`${this.stamp()}\n${made.bundle}`).slice(7, 39);
    const bundle = `code/${name}.mjs`;
    if (!this.readOnly) {
      const path = join(this.cache, bundle);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) rmSync(path, { recursive: true });
      writeAtomicSync(path, made.bundle);
    }
    return { manifest: text, bundle, bundleHash: sha256(made.bundle), files, packages, directories };
  }
}

/** Directories of a file, up to below the root; of one outside of the project its own. The root's own times change with every build. */
function directoriesOf(root: string, file: string): string[] {
  if (!isInside(root, file)) return [dirname(file)];
  const found: string[] = [];
  for (let directory = dirname(file); directory !== root; directory = dirname(directory)) found.push(directory);
  return found;
}

/** Endings under which an import without one is found. */
const ENDINGS = ["tsx", "ts", "mts", "cts", "jsx", "js", "mjs", "cjs", "css", "json"];

/** Where an import that leads to this path would be found; `.js` may stand for the TypeScript it is made from. */
export const candidates = (path: string): string[] => [path, path.replace(/js(x?)$/, "ts$1"), ...ENDINGS.flatMap((ending) => [`${path}.${ending}`, join(path, `index.${ending}`)])];

/** Where no directory is watched: names by which an import of this file (or of the directory it is the index of) would find another first. */
function shadows(root: string, file: string): string[] {
  const bare = (path: string): string => path.slice(0, path.length - extname(path).length);
  const top = isInside(root, file) ? join(root, projectPath(root, file).split("/")[0] ?? "") : basename(bare(file)) === "index" ? dirname(file) : undefined;
  if (top === undefined) return [];
  const base = top === file ? bare(file) : top;
  return ENDINGS.map((ending) => `${base}.${ending}`).filter((path) => path !== file);
}

function directorySignature(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "-" : `${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`;
}

/** The nearest package of a name from a directory upwards. `nearer`: files that would have been found first, had they been there. */
export function findPackage(from: string, name: string, before: readonly string[] = []): { file: string; version: string; nearer: string[] } | undefined {
  const nearer = [...before];
  for (const file of packageFiles(from, name)) {
    try {
      return { file, version: String((JSON.parse(readFileSync(file, "utf8")) as { version?: unknown }).version), nearer };
    } catch {
      nearer.push(file);
    }
  }
  return undefined;
}

function packageFiles(from: string, name: string): string[] {
  const files: string[] = [];
  for (let directory = from; ; directory = dirname(directory)) {
    files.push(join(directory, "node_modules", name, "package.json"));
    if (dirname(directory) === directory) return files;
  }
}

function readEntries(file: string, stamp: string, onProblem: OnProblem): Record<string, Entry> {
  const read = readStateSync(file, onProblem) as { stamp: string; entries: Record<string, Entry> } | undefined;
  return read?.stamp === stamp ? read.entries : {};
}

/** Is an absolute path below a directory? */
export const isInside = (directory: string, path: string): boolean => path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

/** `a/b.ts` for an absolute path inside the root, with `/`. */
export const projectPath = (root: string, path: string): string => relative(root, path).split(sep).join("/");
