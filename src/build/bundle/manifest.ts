import { isInside, isSha256 } from "../../store/index.ts";
import type { Sha256 } from "../../store/index.ts";

export const BUNDLE_VERSION = 1;
/** First file of a bundle. */
export const MANIFEST = "bundle.json";
/** The answers, as `dag cache export` writes them; absent where no model was asked. */
export const ANSWERS = "answers.jsonl";
/** Above the project's own files. */
export const PROJECT = "project/";

export interface BundledFile {
  sha256: Sha256;
  bytes: number;
  executable?: true;
}

/** What a bundle says of itself; every other file in it is listed with its hash. */
export interface Manifest {
  bundle: typeof BUNDLE_VERSION;
  /** Version of the tool that made it. */
  daguerre: string;
  name: string;
  /** Pipeline file, project-relative. */
  pipeline: string;
  /** Lock file, project-relative. */
  lock: string;
  presets: string[];
  /** `key=yaml`, as given with -p. */
  params: string[];
  /** The cells asked for; what they need is in the lock too. */
  targets: string[];
  /** What `dag hash --build` prints for the targets. */
  build: Sha256;
  /** Directories that are there even where they hold no file. */
  directories: string[];
  files: Record<string, BundledFile>;
}

/** Reads a manifest that is not trusted; in words what is wrong with it. */
export function parseManifest(text: string): Manifest | string {
  let value: Partial<Record<keyof Manifest, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return "is not JSON";
  }
  if (typeof value !== "object" || value === null) return "is not an object";
  if (value.bundle !== BUNDLE_VERSION) return `has version ${JSON.stringify(value.bundle)}, this is version ${BUNDLE_VERSION}: use the daguerre that made it`;
  const { daguerre, name, pipeline, lock, build, files } = value;
  if (typeof daguerre !== "string" || typeof name !== "string" || !isSha256(build)) return "does not say what was built with what";
  if (typeof pipeline !== "string" || !isInside(pipeline) || typeof lock !== "string" || !isInside(lock)) return "does not name its pipeline and lock";
  for (const list of [value.presets, value.params, value.targets, value.directories]) if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) return "has a list that is none";
  if (!(value.directories as string[]).every(isInside)) return "names a directory outside";
  if (typeof files !== "object" || files === null) return "lists no files";
  for (const [file, is] of Object.entries(files as Record<string, unknown>)) {
    const { sha256, bytes } = (is ?? {}) as Record<string, unknown>;
    if (!isSha256(sha256) || !Number.isSafeInteger(bytes)) return `gives no hash for ${JSON.stringify(file)}`;
    if (file !== ANSWERS && !(file.startsWith(PROJECT) && isInside(file))) return `lists ${JSON.stringify(file)}, which belongs nowhere`;
  }
  return value as Manifest;
}
