/** pipeline.yaml → a checked graph of cells. */
export type { Action, AxisValue, Cell, CellId, CellNeed, Diagnostic, Graph, ModelSpec, OutputKind, Pipeline, Position, Stage } from "./types.ts";
export { loadPipeline, type LoadOptions } from "./load.ts";
export { parsePipeline, slugOf, type LoadResult, type ParseOptions } from "./parse.ts";
export type { PipelineMemory } from "./remember.ts";
export { expand } from "./expand.ts";
export { selectCells, type Selection, type SelectResult, type TargetFailure } from "./select.ts";
export { axisText, cellId } from "./cells.ts";
export { parsePlaceholders, type Part, type PlacedPart } from "./placeholders.ts";
export { paramAt } from "./params.ts";
export { formatDiagnostic, printable } from "./print.ts";
export { didYouMean, nearest } from "./nearest.ts";
