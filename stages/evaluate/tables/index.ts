import type { Metrics } from "../metrics.ts";
import { MODES } from "../types.ts";
import { documentTable, questionTable } from "./counts.ts";
import { comparisonTable, dimensionTable, sizeTable } from "./systems.ts";
import { answerTable, retrievalTable } from "./scores.ts";
import type { Table } from "./table.ts";

/** Tables 1 to 4 of the paper, the six dimensions behind its radar the paired tests, and scores by the size of the evidence; scores in both modes, fixed first. */
export function allTables(metrics: Metrics): Table[] {
  return [
    ...documentTable(metrics),
    ...questionTable(metrics),
    ...MODES.flatMap((mode) => [...retrievalTable(metrics, mode), ...answerTable(metrics, mode)]),
    ...MODES.flatMap((mode) => dimensionTable(metrics, mode)),
    ...comparisonTable(metrics),
    ...sizeTable(metrics),
  ];
}
