import type { StageGraph } from "./model.ts";

/** For programs: `{ name, stages: [{ name, kind, needs: [{ stage, gathered }], … }] }` in topological order, one line per stage. */
export function drawJson(graph: StageGraph): string {
  const stages = graph.nodes.map((node) => ({
    name: node.name,
    kind: node.kind,
    needs: graph.edges.filter((edge) => edge.to === node.name).map((edge) => ({ stage: edge.from, gathered: edge.gathered })),
    ...(node.each === undefined ? {} : { each: node.each }),
    matrix: node.axes,
    cells: node.cells,
    files: node.files,
    prompts: node.prompts,
    models: node.models,
    output: node.output,
    ...(Object.keys(node.states).length === 0 ? {} : { states: node.states }),
  }));
  return `{"name":${JSON.stringify(graph.name)},"stages":[\n${stages.map((stage) => JSON.stringify(stage)).join(",\n")}\n]}\n`;
}
