/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One line of a JSONL artifact. In a stage with `each`, `id` is required and unique in the artifact. */
export type JsonRecord = { id: string } & { [key: string]: Json };

/** An artifact this stage needs, read-only. */
export interface Need {
  /** Streams the records of a JSONL artifact in order. */
  records(): AsyncIterable<JsonRecord>;
  /** All records of a JSONL artifact. */
  all(): Promise<JsonRecord[]>;
  /**
   * One record by id; undefined where there is none. In a stage with `each`, only this record becomes an input of the item that asks: ask anew
   * for each item (it costs nothing), and keep no record at the top of the module for others.
   */
  get(id: string): Promise<JsonRecord | undefined>;
  /** The parsed value of a JSON artifact. */
  json(): Promise<Json>;
  /** The text of the artifact (UTF-8). */
  text(): Promise<string>;
  /** A .npy matrix: row-major values and shape. */
  npy(): Promise<Matrix>;
  /** Absolute path of the artifact (a file, or a directory without trailing slash). */
  readonly path: string;
  /** `sha256:<hex>` of the artifact. */
  readonly hash: string;
  /** The gathered cells, in the order of the matrix. An artifact that is not gathered is its own single cell. */
  cells(): NeedCell[];
}

/** One cell of a gathered artifact; `axis` holds the values of the gathered axes only. */
export interface NeedCell extends Need {
  readonly cell: string;
  readonly axis: Record<string, string | number | boolean>;
}

/** Row-major matrix of 32-bit floats; `shape` is [rows, columns] or [length]. */
export interface Matrix {
  shape: number[];
  data: Float32Array;
}

/** Declared files: one file, or the sorted files of a glob or directory. */
export interface Files {
  /** Absolute path of the file, or of the directory (for a glob: of the project root). */
  readonly path: string;
  /** Project-relative paths with `/`, sorted by UTF-16 code unit. */
  readonly names: string[];
  /** `sha256:<hex>` of the content: a file's bytes, or the `sha256sum` listing of several. */
  readonly hash: string;
  text(name?: string): Promise<string>;
  json(name?: string): Promise<Json>;
  /** Streams a JSONL file. */
  records(name?: string): AsyncIterable<Json>;
  bytes(name?: string): Promise<Uint8Array>;
}

/** A prompt template (Liquid). Rendering with an unknown variable is an error that names prompt, line and column. */
export interface Prompt {
  render(variables: Record<string, unknown>): string;
  readonly text: string;
  readonly path: string;
}

export interface Message {
  role: "system" | "user" | "assistant" | "developer";
  content: string;
}

/** How a call ended. All but `ok` are paid answers too: kept, and never asked for again under the same key. */
export type Outcome = "ok" | "refusal" | "truncated" | "filtered" | "empty" | "invalid";

/** Tokens as the server counted them; for the offline provider, as its tokenizer estimates. */
export interface Usage {
  input: number;
  cached_input: number;
  output: number;
}

export interface ChatRequest {
  prompt?: string;
  messages?: Message[];
  /** Path of a JSON Schema in the project, or the schema itself. With it, `value` is the validated object; without, the text. */
  schema?: string | { [key: string]: Json };
  /** Index of an independent sample of the same request. Default 0. */
  sample?: number;
  /** Who may share this answer. Default: stage and item id (no axis) in an `each` stage, else the stage. `""` shares with everybody. */
  scope?: string;
  /** Any other field of the wire request (temperature, max_tokens, seed, …), over those of the model. */
  [field: string]: unknown;
}

export interface CallResult<V> {
  /** Undefined unless `outcome` is `ok`. */
  value: V;
  outcome: Outcome;
  usage: Usage;
  /** True where a stored answer was used. */
  cached: boolean;
  /** Name of the model snapshot that answered. */
  model: string;
  /** Key of the answer in the call store, `sha256:<hex>`. */
  key: string;
}

export interface ImageRequest {
  prompt: string;
  /** Facts for the offline renderer and metadata for real ones. */
  sample?: number;
  scope?: string;
  [field: string]: unknown;
}

/** A model role of pipeline.yaml. */
export interface Model {
  // The value's type is the caller's to state: the schema has checked it.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  chat<V = Json>(request: ChatRequest): Promise<CallResult<V>>;
  /** One row per text, in order. Texts are bought and kept one by one. */
  embed(texts: string[], options?: { scope?: string; [field: string]: unknown }): Promise<CallResult<Float32Array[]>>;
  /** PNG bytes. */
  image(request: ImageRequest): Promise<CallResult<Uint8Array>>;
  /** Provider and model as declared in pipeline.yaml. */
  readonly provider: string;
  readonly model: string;
}

/** A seeded generator; equal labels give equal streams, in any order and at any concurrency. */
export interface Random {
  /** Uniform double in [0, 1) with 53 bits. */
  next(): number;
  /** Uniform integer in [min, max], both inclusive. */
  int(min: number, max: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** One element, uniformly. Throws RangeError on an empty list. */
  pick<T>(list: readonly T[]): T;
  /** One element with probability proportional to its weight. */
  weighted<T>(list: readonly T[], weight: (element: T) => number): T;
  /** n distinct positions' elements in random order (all, if the list is shorter). */
  sample<T>(list: readonly T[], n: number): T[];
  /** A shuffled copy. */
  shuffle<T>(list: readonly T[]): T[];
  /** Standard normal deviate. */
  normal(): number;
}

/**
 * What a stage function gets. It sees only what its stage declares; reading anything else is an error that says what to declare.
 *
 * Bytes out depend on declared inputs only. In stage code (packages keep theirs) these are refused: `Math.random`, `Date.now`, `new Date()`, `performance.now`,
 * `process.env`, `process.hrtime`, `process.uptime`, random values of `crypto`, host, user, network and load of `node:os`, `import.meta.url` and its like, and imports
 * by names worked out while running. Nobody stops a stage that reaches further: `globalThis.x`, `process.getBuiltinModule`, other keys and streams of
 * `node:crypto`, `node:fs`, child processes, the network. What it takes from there is no part of its recipe: the result is kept as if it were not there.
 */
export interface StageContext {
  /** The record, in a stage with `each`. */
  item: JsonRecord;
  needs: Record<string, Need>;
  files: Record<string, Files>;
  /** Declared params under their dotted names: `params.a.b` for `a.b`. */
  params: Record<string, any>;
  prompts: Record<string, Prompt>;
  models: Record<string, Model>;
  /** Values of the stage's own matrix axes. */
  axis: Record<string, any>;
  /** Depends on params.seed (if declared), the stage, the item and the labels; not on the axis. */
  random(...labels: (string | number)[]): Random;
  /** A line for the progress display and the log; never part of an artifact. */
  log(message: string): void;
  /** Aborts when the run is interrupted or the stage's timeout has passed. */
  signal: AbortSignal;
  /** Temporary path for outputs too large to return: a file, or an existing empty directory. Return nothing after writing it. */
  output: string;
}

/** A file of a directory output: text, bytes, a JSON value (.json) or records (.jsonl). */
export type FileContent = string | Uint8Array | Json | Iterable<Json> | AsyncIterable<Json> | Matrix;

/**
 * What a stage function returns, by output kind:
 * .jsonl records (array, iterable or async iterable; with `each` one record, several, or none) · .json a JSON value ·
 * .npy a Matrix or rows of numbers · other file text or bytes · directory an object of relative path → FileContent ·
 * nothing where `output` has been written.
 */
export type StageResult = unknown;

export type StageFunction = (context: StageContext) => StageResult | Promise<StageResult>;
