import type { StoredCall } from "../../model/index.ts";
import type { Cell, CellId } from "../../pipeline/index.ts";
import type { CellPlan } from "../../plan/index.ts";
import type { Json } from "../../stage/index.ts";
import type { Found } from "./scan.ts";

/**
 * How a record is led to from one further down the line: that one was made from it as an item, or names it at these paths. `changed`: it is no longer what
 * the item was made from. `shared`: the stage that needs both, where the child's own stage does not need this one: named, not made from.
 */
export interface Edge {
  child: TraceNode;
  by: { kind: "item"; changed: boolean } | { kind: "reference"; paths: string[]; shared?: string };
}

/** One record of the line. */
export interface TraceNode {
  cell: Cell;
  found: Found;
  /** None for the record asked for. */
  from: Edge[];
  /** Where parts of it are the records that led to it: only these parts are followed. */
  parts: (string | number)[][];
  /** The item that made it, where its cell has items and remembers. */
  item?: { need: string; id: string; records: number };
  /** Records that its item read and it does not name. */
  read: { need: string; ids: string[] }[];
  /** References beside its parts, by field: not followed. */
  beside: { field: string; count: number }[];
  /** Axes along which it does not say which cell of a need it is about. */
  open: { need: string; axes: string[] }[];
  /** Texts of it that equal an id of a need and are no references: too short to be sure, or most of what their field holds is no id. */
  unsure: { need: string; path: string; value: string; why: "short" | "unusual" }[];
  /** Where it leads to no record: the needs that were looked through. */
  ends?: string[];
  /** What it says of an axis of a need that no cell of the pipeline has now: not followed. */
  gone: { need: string; axis: string; said: Json }[];
  calls: NodeCalls;
}

/** The calls behind a record. */
export type NodeCalls =
  | { kind: "none" }
  | { kind: "unknown"; why: string }
  /**
   * Of its item, or of the whole cell: `own` are those whose words are found in it (attempts together), `others` only counted. Of each list of `oneOf`,
   * which are among the others, one may be its own: their answers are the same, and their prompts do not tell.
   */
  | { kind: "known"; own: TracedCall[][]; oneOf: TracedCall[][][]; others: number };

/** A call by role; `stored` is a text where the answer cannot be shown, with the reason. */
export interface TracedCall {
  key: string;
  role: string;
  stored: StoredCall | string;
  /** USD at the model's price today; undefined where it has none, or another model answers for the role now. */
  cost?: number;
}

/** The records of one cell on the line, and what is to be said of the cell. */
export interface TracedCell {
  plan: CellPlan;
  nodes: TraceNode[];
  /** Further records that the line would lead to: one that names thousands is no line. */
  more: number;
  /** No artifact, or lines that cannot be read. */
  problems: string[];
  /** Its artifact is not there. */
  missing: boolean;
  /** Its artifact is not the one that the lock records. */
  edited: boolean;
}

export interface Trace {
  root: TraceNode;
  /** Downstream first. */
  cells: TracedCell[];
}

/** Where a record with some id was found. */
export interface Place {
  cell: CellId;
  file: string;
  id: string;
}
