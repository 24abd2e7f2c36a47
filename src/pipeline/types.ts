import type { Json } from "../stage/index.ts";

/** The id of a cell: `documents`, `documents@noise=0.5`, `embed@noise=0.5,retriever=bm25` (axes sorted by name). Made in cells.ts only. */
export type CellId = string & { readonly __brand: "CellId" };

export type AxisValue = string | number | boolean;

/** A model role after presets are laid over it. Only some fields are identity: see model/identity.ts. */
export interface ModelSpec {
  provider: string;
  model: string;
  request?: Record<string, Json>;
  base_url?: string;
  api_key_env?: string;
  limits?: { rpm?: number; tpm?: number; concurrency?: number; output?: number };
  price?: { input?: number; cached_input?: number; output?: number; image?: number };
  weights?: string;
  attempts?: number;
  mode?: "online" | "batch";
  /** Capability flags of the server, e.g. `{ json_schema: false, temperature: false }`. */
  supports?: Record<string, boolean>;
  [other: string]: Json | undefined;
}

/** Position in the pipeline file, 1-based. */
export interface Position {
  line: number;
  column: number;
}

export type Action =
  | { kind: "module"; path: string }
  | { kind: "command"; argv: string[] }
  | { kind: "shell"; script: string };

/** Decided by the output path's ending. */
export type OutputKind = "json" | "jsonl" | "npy" | "file" | "directory";

export interface Stage {
  name: string;
  action: Action;
  /** Names of stages, in code-unit order; `each` is always among them. */
  needs: string[];
  /** name → project-relative path, directory (trailing slash or not) or glob (`*`, `**`, `?`, `[]`, `{}`, `!` exclusion lines in a list). `params.x` is already resolved. */
  files: Record<string, string[]>;
  prompts: Record<string, string>;
  /** Dotted paths. */
  params: string[];
  /** Roles of every cell, in code-unit order. */
  models: string[];
  /** Own axes whose values name further roles: `axis.reader`. A value that names none brings none. */
  modelAxes: string[];
  env: string[];
  each?: string;
  /** Own axes, sorted by name; values in file order, distinct. */
  matrix: { name: string; values: AxisValue[] }[];
  /** Relative to the artifacts directory, without the trailing slash of a directory. */
  output: { path: string; kind: OutputKind };
  /** One schema for the artifact (each record of a .jsonl), or for files of a directory by relative path. Paths are project-relative. */
  schema?: string | Record<string, string>;
  timeoutMs?: number;
  /** Of the stage's key in the pipeline file. */
  position: Position;
}

export interface Pipeline {
  name: string;
  /** Absolute project root. */
  root: string;
  /** Project-relative path of the pipeline file, e.g. `pipeline.yaml`. */
  file: string;
  /** "" for pipeline.yaml, `x` for `-f pipelines/x.yaml`. */
  slug: string;
  default: string[];
  params: Record<string, Json>;
  models: Record<string, ModelSpec>;
  presets: string[];
  /** In file order. */
  stages: Map<string, Stage>;
}

/** What a cell needs of one upstream stage. */
export interface CellNeed {
  stage: string;
  /** Upstream cells in matrix order; exactly one unless gathered. */
  cells: CellId[];
  /** Axes only the upstream has, sorted; empty unless gathered. */
  gathered: string[];
}

export interface Cell {
  id: CellId;
  stage: Stage;
  /** Own axes with this cell's values, sorted by name. */
  axis: Record<string, AxisValue>;
  needs: CellNeed[];
  /** The stage's roles and those its axis values name, in code-unit order. */
  models: string[];
  /** Relative to the artifacts directory, `/`-separated, Hive-style: `documents/noise=0.5.jsonl`. A directory has no trailing slash. */
  path: string;
}

/** All cells in topological order (ties: stage order of the file, then matrix order). */
export interface Graph {
  pipeline: Pipeline;
  cells: Map<CellId, Cell>;
  byStage: Map<string, Cell[]>;
}

/** One mistake in a project file; printed with the line and a marker under the span. */
export interface Diagnostic {
  /** Project-relative. */
  file: string;
  line: number;
  column: number;
  /** Length of the marked span on that line, at least 1. */
  length: number;
  message: string;
  /** What to type or do next, e.g. `did you mean "profile"?` */
  hint?: string;
  /** The source line. */
  source?: string;
}
