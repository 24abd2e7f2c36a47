/** Drawings, terminal tables and pages, made from the graph and from artifacts. Reads; never builds. */
export { drawGraph, GRAPH_FORMATS, type CellState, type DrawOptions, type GraphFormat } from "./graph/draw.ts";
export { summarise, type SummaryOptions } from "./summary.ts";
export { reportPage, type PageCell, type PageInput } from "./page/page.ts";
export { cite } from "./cite.ts";
export { columns, cut } from "./width.ts";
export type { Citation, CiteFormat } from "./cite.ts";
