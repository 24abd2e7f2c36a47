/** Drawings, terminal tables and pages, made from the graph and from artifacts. Reads; never builds. */
export { drawGraph, GRAPH_FORMATS, type CellState, type DrawOptions, type GraphFormat } from "./graph/draw.ts";
export { summarise, type SummaryOptions } from "./summary.ts";
export { reportPage, type PageCell, type PageInput } from "./page/page.ts";
export { columns, cut, cutMiddle } from "./width.ts";
export { cite } from "./cite.ts";
export type { Citation, CiteFormat } from "./cite.ts";
export { changedFiles } from "./compare/files.ts";
export { compareItems, type FieldChange, type ItemChange, type ItemCounts } from "./compare/items.ts";
export { compareScores, lastCells, stageOf, type ScoreOptions } from "./compare/scores.ts";
export { unitsNeeded, verdictOf, type ScoreVerdict } from "./compare/verdict.ts";
export type { BuildSide, BuiltCell, PairedChange, ScoreChange, Unread } from "./compare/types.ts";
