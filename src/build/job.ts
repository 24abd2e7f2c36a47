import type { AxisValue, OutputKind } from "../pipeline/index.ts";
import type { ResolvedFiles } from "../plan/index.ts";
import type { Json } from "../stage/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { CallKeys } from "./answered.ts";

/** Where a need's bytes lie: one artifact, or the cells of a gathered one. */
export interface NeedSource {
  stage: string;
  kind: OutputKind;
  gathered: boolean;
  cells: { cell: string; axis: Record<string, AxisValue>; path: string; /** Project-relative place of the artifact. */ place: string; hash: Sha256 }[];
  /** The recipe's hash of the need. */
  hash: Sha256;
}

/** Items of an `each` stage: what runs over, and where finished ones are remembered. */
export interface EachJob {
  need: string;
  /** Hash of the list. */
  list: Sha256;
  /** Absolute path of the journal; its name is the recipe without the list. */
  journal: string;
  concurrency: number;
  /** Run every item again, whatever is remembered. */
  afresh: boolean;
  /** Only the first so many. */
  limit?: number;
  /** What items read, as it was checked: an item is remembered only while none of it has changed. */
  guards: [path: string, signature: string | undefined][];
  /** Records of the list, where known before it is read: for progress. */
  expected?: number;
}

/** A compiled-later schema: `file` is "" for the artifact itself, else a path inside a directory output. */
export interface SchemaJob {
  file: string;
  /** Project-relative, for messages. */
  path: string;
  schema: Json;
}

/** All it takes to build one cell; plain data, so that it can be handed to a worker thread. */
export interface CellJob {
  cell: string;
  stage: string;
  root: string;
  axis: Record<string, AxisValue>;
  /** Declared dotted path → value. */
  params: Record<string, Json>;
  needs: Record<string, NeedSource>;
  files: Record<string, ResolvedFiles & { hash: Sha256 }>;
  prompts: Record<string, { path: string; text: string }>;
  models: Record<string, { provider: string; model: string }>;
  each?: EachJob;
  /** A temporary path; for a directory it exists and is empty. */
  output: { kind: OutputKind; path: string; /** Where the artifact will lie, relative to the artifacts directory: for messages. */ place: string };
  schemas: SchemaJob[];
  timeoutMs?: number;
}

/** A module cell: the bundle to import. */
export interface ModuleJob extends CellJob {
  /** Absolute path of the bundle. */
  bundle: string;
  /** Project-relative path of the module, for messages. */
  source: string;
}

/** How the items of a cell went. */
export interface ItemCounts {
  total: number;
  /** Ran now. */
  ran: number;
  /** Remembered. */
  kept: number;
  failed: number;
}

export interface ItemFailure {
  item: string;
  message: string;
  /** A CallFailureKind, where a model call failed. */
  call?: string;
}

/** What a finished cell reports. `reads` are labels of files the stage was seen to read, with the hash they had. */
export interface CellOutcome {
  records?: number;
  items?: ItemCounts;
  failures: ItemFailure[];
  reads: Record<string, Sha256>;
  /** Role → snapshots of its model that answered for the items, remembered ones too. */
  snapshots?: Record<string, string[]>;
  /** Of a stage without `each`: role → keys of the answers it was given. */
  calls?: CallKeys;
  /** The stage has left something on its thread's global object, which the next one must not find. */
  spoilt?: true;
}
