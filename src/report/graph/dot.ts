import { cellsText, type StageGraph, type StageNode } from "./model.ts";

/** Graphviz source, plain enough to be styled further: a double border has a matrix, a bold edge gathers all cells, a grey one is implied by others. */
export function drawDot(graph: StageGraph): string {
  const lines = [
    `digraph ${quote(graph.name)} {`,
    "  rankdir=TB; node [shape=box, style=rounded, fontname=Helvetica]; edge [arrowsize=0.7];",
    ...graph.nodes.map((node) => `  ${quote(node.name)} [${attributes(node)}];`),
  ];
  for (const edge of graph.edges) {
    const style = edge.gathered.length > 0 ? " [style=bold]" : edge.implied ? " [color=gray60]" : "";
    lines.push(`  ${quote(edge.from)} -> ${quote(edge.to)}${style};`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

function attributes(node: StageNode): string {
  const notes = [node.name, cellsText(node), node.each === undefined ? "" : `each ${node.each}`].filter((note) => note !== "");
  // Backslashes are escapes of labels too, once past the quotes.
  const label = `"${notes.map((note) => escape(note.replaceAll("\\", "\\\\"))).join("\\n")}"`;
  return [`label=${label}`, ...(node.axes.length > 0 ? ["peripheries=2"] : []), ...(node.kind === "command" ? ["shape=component"] : [])].join(", ");
}

function quote(text: string): string {
  return `"${escape(text)}"`;
}

/** Inside double quotes only the quote itself and line breaks need care; other control characters become U+FFFD, which every renderer can show. */
function escape(text: string): string {
  return text.replaceAll('"', '\\"').replace(/[\p{Cc}\p{Cs}]/gu, "\ufffd");
}
