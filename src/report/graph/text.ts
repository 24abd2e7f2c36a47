import { columns, cut } from "../width.ts";
import { terminalText } from "../escape.ts";
import { baseName, cellsText, shortList, type CellState, type StageEdge, type StageGraph, type StageNode } from "./model.ts";

const COLOURS: Record<CellState, number> = { fresh: 32, stale: 33, missing: 36, failed: 31 };
/** Worst first: a stage has the colour of its worst cell. */
const WORST: CellState[] = ["failed", "missing", "stale", "fresh"];

/**
 * A drawing in lines: every stage has a node, and a rail runs down from it to the last stage that needs it. The line through a node ties it to the rails it
 * needs: `├ ┼ ┤` a rail that goes on, `╰ ┴ ╯` one that ends, `─│─` one that is only passed; double lines gather all cells.
 */
export function drawText(graph: StageGraph, options: { color: boolean; width: number }): string {
  const paint = (code: string, text: string): string => (options.color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text);
  const cells = graph.nodes.reduce((sum, node) => sum + node.cells.length, 0);
  const { rows, width } = rails(graph);
  const room = options.width - width - 2;
  const names = Math.min(28, Math.max(0, ...graph.nodes.map((node) => columns(terminalText(node.name)))));
  const lines = [`${paint("1", cut(terminalText(graph.name), options.width - 26))}  ${graph.nodes.length} ${plural("stage", graph.nodes.length)}, ${cells} ${plural("cell", cells)}`, ""];
  for (const { node, at, below } of rows) {
    const state = WORST.find((one) => (node.states[one] ?? 0) > 0);
    const name = cut(terminalText(node.name), Math.max(8, room));
    const gathered = [...new Set(graph.edges.filter((edge) => edge.to === node.name).flatMap((edge) => edge.gathered))];
    const notes = [cellsText(node), node.each === undefined ? "" : `each ${node.each}`, gathered.length > 0 ? `gathers ${gathered.join(", ")}` : ""].filter((note) => note !== "").join(" · ");
    const left = Math.max(0, room - Math.max(names, columns(name)) - 2);
    const note = cut([stateText(node), terminalText(notes)].filter((part) => part !== "").join("  "), left);
    const marked = [...at.padEnd(width)].map((glyph) => (glyph === "●" || glyph === "■" ? paint(state === undefined ? "1" : String(COLOURS[state]), glyph) : paint("2", glyph))).join("");
    const gap = note === "" ? "" : " ".repeat(Math.max(0, names - columns(name)) + 2);
    lines.push(`${marked}  ${paint("1", name)}${gap}${note}`.trimEnd());
    const detail = cut(terminalText(detailText(node)), room);
    // Between two nodes always a line: without one they would seem tied.
    if (detail !== "" || node !== graph.nodes.at(-1)) lines.push(`${paint("2", below.padEnd(width))}  ${paint("2", detail)}`.trimEnd());
  }
  return `${lines.join("\n")}\n`;
}

function detailText(node: StageNode): string {
  return [
    node.models.length > 0 ? `asks ${shortList(node.models, 3)}` : "",
    node.prompts.length > 0 ? `prompt${node.prompts.length > 1 ? "s" : ""} ${shortList(node.prompts, 3)}` : "",
    node.files.length > 0 ? shortList(node.files.map(baseName), 3) : "",
  ].filter((part) => part !== "").join(" · ");
}

/** `fresh`, or `3 stale, 1 fresh` where cells differ. */
function stateText(node: StageNode): string {
  const present = WORST.filter((state) => (node.states[state] ?? 0) > 0);
  if (present.length === 1 && node.states[present[0] ?? "fresh"] === node.cells.length) return present[0] ?? "";
  return present.map((state) => `${node.states[state] ?? 0} ${state}`).join(", ");
}

interface Row {
  node: StageNode;
  at: string;
  below: string;
}

/** Lays the rails. A rail takes the leftmost free column; a node stands on a rail that ends in it where there is one. */
function rails(graph: StageGraph): { rows: Row[]; width: number } {
  const left = new Map<string, number>();
  for (const edge of graph.edges) left.set(edge.from, (left.get(edge.from) ?? 0) + 1);
  const lanes: (string | undefined)[] = [];
  const rows: Row[] = [];
  let width = 1;
  for (const node of graph.nodes) {
    const needs = new Map(graph.edges.filter((edge) => edge.to === node.name).map((edge) => [edge.from, edge]));
    for (const from of needs.keys()) left.set(from, (left.get(from) ?? 1) - 1);
    const ends = (lane: string | undefined): boolean => lane !== undefined && needs.has(lane) && left.get(lane) === 0;
    const ending = lanes.findIndex(ends);
    const free = lanes.findIndex((lane) => lane === undefined);
    const column = ending >= 0 ? ending : free >= 0 ? free : lanes.length;
    const at = nodeLine(lanes, column, needs, ends, node.kind === "command" ? "■" : "●");
    lanes.forEach((lane, place) => ends(lane) && (lanes[place] = undefined));
    lanes[column] = (left.get(node.name) ?? 0) > 0 ? node.name : undefined;
    rows.push({ node, at, below: lanes.map((lane) => (lane === undefined ? " " : "│")).join(" ").trimEnd() });
    while (lanes.length > 0 && lanes.at(-1) === undefined) lanes.pop();
    width = Math.max(width, at.length);
  }
  return { rows, width };
}

function nodeLine(lanes: readonly (string | undefined)[], column: number, needs: ReadonlyMap<string, StageEdge>, ends: (lane: string | undefined) => boolean, mark: string): string {
  const last = Math.max(column, lanes.length - 1);
  const tapped = (place: number): StageEdge | undefined => (place === column ? undefined : needs.get(lanes[place] ?? ""));
  const taps = Array.from({ length: last + 1 }, (_, place) => place).filter((place) => tapped(place) !== undefined);
  const low = Math.min(column, ...taps);
  const high = Math.max(column, ...taps);
  /** Whether the line at this half step carries a gathered need towards the node. */
  const thick = (half: number): boolean => taps.some((tap) => (tapped(tap)?.gathered.length ?? 0) > 0 && (half < column ? tap < half : tap > half));
  let line = "";
  for (let place = 0; place <= last; place += 1) {
    const lane = lanes[place];
    const inside = place > low && place < high;
    const edge = tapped(place);
    if (place === column) line += mark;
    else if (edge !== undefined) line += tap(place === low ? "left" : place === high ? "right" : "middle", ends(lane), edge.gathered.length > 0);
    else line += lane !== undefined ? "│" : inside ? (thick(place) ? "═" : "─") : " ";
    if (place < last) line += place >= low && place < high ? (thick(place + 0.5) ? "═" : "─") : " ";
  }
  return line.trimEnd();
}

function tap(side: "left" | "middle" | "right", ends: boolean, gathered: boolean): string {
  const glyphs = { left: ["├", "╰", "╞", "╘"], middle: ["┼", "┴", "╪", "╧"], right: ["┤", "╯", "╡", "╛"] }[side];
  return glyphs[(ends ? 1 : 0) + (gathered ? 2 : 0)] ?? "┼";
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
