import type { Graph } from "../../pipeline/index.ts";
import { drawDot } from "./dot.ts";
import { drawJson } from "./json.ts";
import { drawMermaid } from "./mermaid.ts";
import { stageGraph, type CellState } from "./model.ts";
import { drawText } from "./text.ts";

export type { CellState } from "./model.ts";

export const GRAPH_FORMATS = ["text", "mermaid", "dot", "svg", "json"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

export interface DrawOptions {
  /** Text: ANSI colours. Default false. */
  color?: boolean;
  /** Text: terminal columns. Default 80. */
  width?: number;
  /** State of cells by id; shown in text, and in json. */
  states?: ReadonlyMap<string, CellState>;
  /** Draw these stages only. */
  only?: ReadonlySet<string>;
}

/**
 * The DAG with one node per stage, whatever its matrix. Ends with a newline. Equal graphs give equal bytes in every format, on every machine: layout is
 * Graphviz compiled to WebAssembly, text is measured with a table. Names from the pipeline are escaped for the format.
 */
export async function drawGraph(graph: Graph, format: GraphFormat, options: DrawOptions = {}): Promise<string> {
  const stages = stageGraph(graph, options.only, options.states);
  switch (format) {
    case "text":
      return drawText(stages, { color: options.color ?? false, width: options.width ?? 80 });
    case "mermaid":
      return drawMermaid(stages);
    case "dot":
      return drawDot(stages);
    case "json":
      return drawJson(stages);
    case "svg": {
      const { drawSvg } = await import("./svg.ts");
      return drawSvg(stages);
    }
    default:
      return format satisfies never;
  }
}
