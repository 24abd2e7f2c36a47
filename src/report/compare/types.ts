/** What a lock records of one cell, as far as comparing needs it. */
export interface BuiltCell {
  artifact: string;
  bytes: number;
  path: string;
  recipe: string;
  records?: number;
  inputs: Readonly<Record<string, string>>;
}

/** One build, as far as it can be read. */
export interface BuildSide {
  /** Cell id → what its lock says. */
  readonly cells: Readonly<Record<string, BuiltCell>>;
  /** Absolute path of a file whose bytes were found to have this hash; undefined where they are kept nowhere. */
  find(hash: string): Promise<string | undefined>;
  /** The files of a directory artifact by its hash, in order; undefined where its list is kept nowhere, or it is a file. */
  list(hash: string): Promise<readonly { path: string; hash: string }[] | undefined>;
}

/** A file of an artifact that changed from one build to the other. */
export interface FilePair {
  cell: string;
  /** Within a directory artifact; "" where the artifact is a file. */
  file: string;
  /** Path of the artifact's file, relative to the artifacts directory. */
  path: string;
  /** Hash on either side; undefined where the directory has no such file. */
  before?: string;
  after?: string;
}

/** Something that could not be compared, and why, in words that may be printed after its name. */
export interface Unread {
  cell: string;
  file: string;
  why: "before-gone" | "after-gone" | "no-pairs" | "no-partner" | "pooled" | "not-records" | "too-large";
  message: string;
}

/** Mean of after - before over the pairs, with its interval and test. */
export interface PairedChange {
  difference: number;
  /** 95 % interval, resampled over clusters. */
  low: number;
  high: number;
  /** Two-sided sign-flip test over clusters, and p after Holm's correction over `tests` of them. */
  p: number;
  p_holm: number;
  tests: number;
  /** All sign assignments were counted. */
  exact: boolean;
  /** People, where records name them; else records. */
  clusters: number;
  /** Fields that name a person (`community`, `person`); none where single records are the clusters. */
  people: readonly string[];
}

/** One number before and after. */
export interface ScoreChange {
  cell: string;
  /** Within a directory artifact; "" where the artifact is a file. */
  file: string;
  /** A record's field (`f1`, `compat.f1`), or a path in a JSON file. */
  metric: string;
  /** What it is of, as the records name it: `{ system: "a+b", noise: 0.5 }`. */
  group: Readonly<Record<string, string | number | boolean>>;
  /** A field below the top, or a part of a group: told after the rest. */
  detail: boolean;
  /** Records with a value on both sides; of a JSON file 1. */
  n: number;
  /** Pairs that are not equal. */
  moved: number;
  /** Records with a value on one side only, and those of them that had one before. */
  unpaired: number;
  lost: number;
  /** Pairs that have no id in common, and the fields they were paired by instead. */
  renamed?: { pairs: number; by: readonly string[] };
  /** Means over the pairs, or the single numbers; null where that side has none. */
  before: number | null;
  after: number | null;
  /** Intervals that a JSON file gives itself. */
  intervals?: { before?: [number, number]; after?: [number, number] };
  /** null where there are only single numbers. */
  test: PairedChange | null;
}
