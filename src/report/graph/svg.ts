import { xmlText } from "../escape.ts";
import { FONT_FAMILY, textWidth } from "../width.ts";
import { cardOf, cardSvg, num, type Card } from "./card.ts";
import { layered, type Point } from "./layout.ts";
import type { StageEdge, StageGraph } from "./model.ts";

const MARGIN = 10;
const LEGEND = 8.5;

/** Greys and one pale tint, so that nothing is lost in print. */
const STYLE = `text{font-family:${FONT_FAMILY};fill:#1c1c1c}
.name{font-size:12.5px;font-weight:bold}.note{font-size:8.5px;fill:#444}.reads{fill:#6b6b6b}.legend{font-size:8.5px;fill:#555}
.card{fill:#fff;stroke:#333;stroke-width:1}.many{fill:#eaf0f6}.command{fill:#f1efe9}.bar{fill:#333}.tick{stroke:#333;stroke-width:1.6}
.pill{fill:#fff;stroke:#8a8a8a;stroke-width:.8}
.edge{fill:none;stroke:#333;stroke-width:1.1}.implied{stroke:#a6a6a6;stroke-width:.9}.gather{stroke:#333;stroke-width:3.4}.core{fill:none;stroke:#fff;stroke-width:1.4}
.gather.implied{stroke:#a6a6a6;stroke-width:3.2}
.tip{fill:#333}.tip.implied{fill:#a6a6a6;stroke:none}`;

/**
 * The DAG as a vector picture for a paper: cards in layers, a stack of cards for a matrix, a barred card for a command, a double line where all cells are
 * gathered, a paler one where a longer way says the same. One user unit is one point at the size of 9-point body text.
 */
export async function drawSvg(graph: StageGraph): Promise<string> {
  const cards = graph.nodes.map(cardOf);
  const place = new Map(graph.nodes.map((node, at) => [node.name, at]));
  const at = (name: string): number => place.get(name) ?? 0;
  const layout = await layered(
    cards.map((card) => ({ width: card.width + card.stack, height: card.height + card.stack })),
    graph.edges.map((edge) => ({ from: at(edge.from), to: at(edge.to), weight: edge.implied ? 0 : 20 })),
  );
  // Paler lines below, so that a crossing reads as the stronger one passing over.
  const order = graph.edges.map((edge, index) => ({ edge, index })).sort((a, b) => strength(a.edge) - strength(b.edge) || a.index - b.index);
  const edges = order.map(({ edge, index }) => edgeSvg(edge, layout.routes[index]));
  const bodies = cards.map((card, index) => cardSvg(card, layout.corners[index]?.x ?? 0, layout.corners[index]?.y ?? 0));
  const legend = legendOf(cards, graph.edges);
  const width = Math.max(layout.width, legend.width) + 2 * MARGIN;
  const height = layout.height + legend.height + 2 * MARGIN;
  const shift = MARGIN + (width - 2 * MARGIN - layout.width) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${num(width)}pt" height="${num(height)}pt" viewBox="0 0 ${num(width)} ${num(height)}" role="img">`,
    `<title>${xmlText(graph.name)}</title>`,
    `<desc>${xmlText(graph.nodes.map((node) => node.name).join(", "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<g transform="translate(${num(shift)} ${MARGIN})">`,
    ...edges,
    ...bodies,
    "</g>",
    ...(legend.body === "" ? [] : [`<g transform="translate(${num((width - legend.width) / 2)} ${num(MARGIN + layout.height)})">${legend.body}</g>`]),
    "</svg>",
    "",
  ].join("\n");
}

function strength(edge: StageEdge): number {
  return (edge.gathered.length > 0 ? 1 : 0) + (edge.implied ? 0 : 2);
}

function edgeSvg(edge: StageEdge, route: { curve: Point[]; tip: Point } | undefined): string {
  const [start, ...rest] = route?.curve ?? [];
  const end = route?.curve.at(-1);
  if (route === undefined || start === undefined || end === undefined) return "";
  const pair = ({ x, y }: Point): string => `${num(x)} ${num(y)}`;
  const pieces: string[] = [];
  for (let i = 0; i + 2 < rest.length; i += 3) pieces.push(`C${rest.slice(i, i + 3).map(pair).join(" ")}`);
  const path = `M${pair(behind(start, rest[0] ?? end))}L${pair(start)}${pieces.join("")}`;
  const gathered = edge.gathered.length > 0;
  const implied = edge.implied ? " implied" : "";
  return `<path class="edge${gathered ? " gather" : ""}${implied}" d="${path}"/>${gathered ? `<path class="core" d="${path}"/>` : ""}<path class="tip${implied}" d="${tipOf(end, route.tip, gathered ? 3.6 : 2.6)}"/>`;
}

/** A point a little before the start of a line: under its card, so that no gap shows beside a stack's corner. */
function behind(start: Point, next: Point): Point {
  const length = Math.hypot(next.x - start.x, next.y - start.y) || 1;
  return { x: start.x - (9 * (next.x - start.x)) / length, y: start.y - (9 * (next.y - start.y)) / length };
}

/** A triangle from the end of a line to its tip. */
function tipOf(end: Point, tip: Point, half: number): string {
  const length = Math.hypot(tip.x - end.x, tip.y - end.y) || 1;
  const [dx, dy] = [(tip.x - end.x) / length, (tip.y - end.y) / length];
  return `M${num(tip.x)} ${num(tip.y)}L${num(end.x - dy * half)} ${num(end.y + dx * half)}L${num(end.x + dy * half)} ${num(end.y - dx * half)}Z`;
}

/** One line that explains what the picture uses, and nothing else. */
function legendOf(cards: readonly Card[], edges: readonly StageEdge[]): { width: number; height: number; body: string } {
  const keys: { sign: string; text: string }[] = [];
  if (cards.some((card) => card.stack > 0)) keys.push({ sign: [4, 2, 0].map((d) => `<rect class="card many" x="${d}" y="${d - 9}" width="15" height="9" rx="2"/>`).join(""), text: "one cell per value" });
  if (edges.some((edge) => edge.gathered.length > 0)) keys.push({ sign: `<path class="edge gather" d="M0 -4h19"/><path class="core" d="M0 -4h19"/>`, text: "all cells gathered" });
  if (edges.some((edge) => edge.implied)) keys.push({ sign: `<path class="edge implied" d="M0 -4h19"/>`, text: "also read directly" });
  if (cards.some((card) => card.node.kind === "command")) keys.push({ sign: `<rect class="card command" x="0" y="-9" width="19" height="10"/><rect class="bar" x="0" y="-9" width="4" height="10"/>`, text: "command" });
  if (cards.some((card) => card.node.each !== undefined)) keys.push({ sign: `<rect class="card" x="4" y="-9" width="15" height="10" rx="2"/><path class="tick" d="M1 -6h6M1 -2h6"/>`, text: "once per record" });
  if (cards.some((card) => card.pill !== "")) keys.push({ sign: `<rect class="pill" x="0" y="-9" width="19" height="10" rx="5"/>`, text: "asks a model" });
  let x = 0;
  const body = keys.map(({ sign, text }) => {
    const part = `<g transform="translate(${num(x)} 26)">${sign}<text class="legend" x="25" y="-1">${text}</text></g>`;
    x += 25 + textWidth(text, LEGEND) + 16;
    return part;
  });
  return { width: Math.max(0, x - 16), height: keys.length > 0 ? 32 : 0, body: body.join("") };
}
