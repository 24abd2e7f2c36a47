import { cellsText, type StageGraph, type StageNode } from "./model.ts";

/**
 * A Mermaid flowchart, as GitHub and most Markdown viewers draw it: `[[name]]` has a matrix, `{{name}}` is a command, a thick arrow gathers all cells,
 * a dotted one is implied by others.
 */
export function drawMermaid(graph: StageGraph): string {
  const id = new Map(graph.nodes.map((node, place) => [node.name, `s${place}`]));
  const lines = ["flowchart TD", ...graph.nodes.map((node) => `  ${id.get(node.name) ?? ""}${shape(node)}`)];
  for (const edge of graph.edges) {
    const arrow = edge.gathered.length > 0 ? "==>" : edge.implied ? "-.->" : "-->";
    lines.push(`  ${id.get(edge.from) ?? ""} ${arrow} ${id.get(edge.to) ?? ""}`);
  }
  return `${lines.join("\n")}\n`;
}

function shape(node: StageNode): string {
  const [open, close] = node.kind === "command" ? ["{{", "}}"] : node.axes.length > 0 ? ["[[", "]]"] : ["[", "]"];
  const notes = [cellsText(node), node.each === undefined ? "" : `each ${node.each}`].filter((note) => note !== "");
  const label = [escape(node.name), ...notes.map((note) => `<small>${escape(note)}</small>`)].join("<br/>");
  return `${open}"${label}"${close}`;
}

/** Mermaid's own entities: a code point between `#` and `;`. Everything it could read as markup, Markdown or syntax goes through them. */
function escape(text: string): string {
  return text.replace(/[^\p{L}\p{N} ,.:_/+=×-]/gu, (letter) => `#${letter.codePointAt(0) ?? 63};`);
}
