import { createHash } from "node:crypto";
import type { Pipeline, Stage } from "./types.ts";
import type { ParseOptions } from "./parse.ts";

/** Counts up whenever a Pipeline gets another shape or a check becomes stricter: what was kept before is read anew. */
const FORMAT = 1;

/**
 * Keeps pipelines that were found good, as text by key, so that an unchanged file is not parsed and checked again (YAML and
 * Ajv cost about 100 ms). Purely derived: it may forget anything, and what comes back damaged is not used.
 */
export interface PipelineMemory {
  read(key: string): string | undefined | Promise<string | undefined>;
  write(key: string, text: string): void | Promise<void>;
  /** What was read is not what was written. */
  damaged?(): void;
}

/** Of everything a pipeline is made from but the root: the text, the file's name, presets and overrides. */
export function memoryKey(content: Uint8Array, options: ParseOptions): string {
  const list = [FORMAT, hash(content), options.file, options.presets ?? [], options.overrides ?? []];
  return hash(JSON.stringify(list));
}

/** A checksum, then the pipeline as JSON without its root. */
export function toMemory(pipeline: Pipeline): string {
  const body = JSON.stringify({ ...pipeline, root: undefined, stages: [...pipeline.stages.values()] });
  return `${hash(body)}\n${body}`;
}

/** The pipeline, or undefined where the text is not what toMemory wrote. */
export function fromMemory(text: string, root: string): Pipeline | undefined {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== hash(body)) return undefined;
  // The checksum says that toMemory wrote it.
  const { stages, ...rest } = JSON.parse(body) as Omit<Pipeline, "root" | "stages"> & { stages: Stage[] };
  return { ...rest, root, stages: new Map(stages.map((stage) => [stage.name, stage])) };
}

function hash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
