/**
 * pipeline.yaml → a checked graph of cells.
 *
 * 1. `loadPipeline` reads the file (YAML 1.2, one document, no tags, no merge keys; top-level keys `x-…` are ignored), checks its form against
 *    schemas/pipeline.schema.json, lays the presets over params and models in the order given (maps merge, lists and other
 *    values are replaced, a model that changes its provider is replaced whole), then the `-p key=yaml` overrides, puts in
 *    `params.x` wherever files or a matrix name one, and checks every reference. All mistakes come at once as diagnostics.
 * 2. `expand` makes the graph of cells. A stage with a matrix has one cell per combination of values. Between two stages axes
 *    match by name: same value of shared axes, all cells along an axis only upstream has, the same artifact along an axis
 *    only the stage itself has.
 * 3. `selectCells` takes targets (stage, cell, glob) to the cells that must be there, with everything upstream.
 *
 * Lists whose order has no meaning are sorted, so that two files that say the same are the same pipeline; stages keep the
 * order of the file, matrix values theirs.
 */
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
export { type AbsentInput, locateAbsent } from "./declared.ts";
export { ownPlace } from "./misplaced.ts";
export { nearestFile } from "./nearby.ts";
export { didYouMean, nearest, unknownHint } from "./nearest.ts";
