import type { JsonRecord, Need } from "daguerre";
import { clash, type Box, type Point } from "./clash.ts";
import { FONT, widthOf } from "./style.ts";

interface Person {
  node: number;
  name: string;
  /** One of those the community was grown from. */
  seed: boolean;
}

/** Two people: the role `a` plays for `b`, and the one `b` plays for `a`. */
interface Tie {
  a: number;
  b: number;
  forward: string;
  backward: string;
}

const SIZE = 9.5;
const ROLE = 7.5;
const MARGIN = 16;
/** Layouts tried for one drawing: the springs settle differently from every start. */
const STARTS = 24;

/** Figure 2 of the paper for every community: people, and beside each the role they play for the other; one word where it is the same both ways. */
export async function communities(graph: Need): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const record of await graph.all()) {
    const { people, ties } = read(record);
    const number = typeof record["community"] === "number" ? record["community"] : Object.keys(out).length;
    if (people.length > 0) out[`figures/figure2_community_${number}.svg`] = await draw(people, ties, `Community ${number}`);
  }
  return out;
}

function read(record: JsonRecord): { people: Person[]; ties: Tie[] } {
  const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);
  const people = list(record["nodes"]).map((node): Person => ({ node: Number(node["node"]), name: String(node["name"]), seed: typeof node["seed"] === "string" }));
  const known = new Set(people.map(({ node }) => node));
  const ties = new Map<string, Tie>();
  for (const edge of list(record["edges"])) {
    const [source, target, role] = [Number(edge["source"]), Number(edge["target"]), String(edge["relationship"])];
    if (!known.has(source) || !known.has(target) || source === target) continue;
    const [a, b] = source < target ? [source, target] : [target, source];
    const tie = ties.get(`${a}-${b}`) ?? { a, b, forward: "", backward: "" };
    tie[source === a ? "forward" : "backward"] = role;
    ties.set(`${a}-${b}`, tie);
  }
  return { people, ties: [...ties.values()] };
}

async function draw(people: readonly Person[], ties: readonly Tie[], title: string): Promise<string> {
  const boxes = new Map(people.map(({ node, name }) => [node, { width: widthOf(name, SIZE) + 22, height: 24 }]));
  const at = await clearest(people, ties, boxes);
  const points = [...at.entries()].map(([node, point]) => ({ point, box: boxes.get(node) ?? { width: 0, height: 0 } }));
  const left = Math.min(...points.map(({ point, box }) => point.x - box.width / 2)) - MARGIN;
  const top = Math.min(...points.map(({ point, box }) => point.y - box.height / 2)) - MARGIN;
  const width = Math.max(...points.map(({ point, box }) => point.x + box.width / 2)) + MARGIN - left;
  const height = Math.max(...points.map(({ point, box }) => point.y + box.height / 2)) + MARGIN - top;
  const ends = ties.map((tie) => ({ tie, from: edgeOf(at, boxes, tie.a, tie.b), to: edgeOf(at, boxes, tie.b, tie.a) }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${num(width)}" height="${num(height)}" viewBox="${num(left)} ${num(top)} ${num(width)} ${num(height)}" role="img">`,
    `<title>${xml(title)}</title>`,
    `<style>text{font-family:${FONT};text-anchor:middle;fill:#222}.name{font-size:${SIZE}px}.role{font-size:${ROLE}px;fill:#555}.tie{stroke:#8a8a8a;stroke-width:1.1}.person{fill:#fff;stroke:#333;stroke-width:1}.seed{fill:#dfe9f3;stroke-width:1.6}</style>`,
    `<rect x="${num(left)}" y="${num(top)}" width="${num(width)}" height="${num(height)}" fill="#fff"/>`,
    // From middle to middle: the names lie over them.
    ...ties.map(({ a, b }) => lineSvg(at.get(a) ?? { x: 0, y: 0 }, at.get(b) ?? { x: 0, y: 0 })),
    ...ends.flatMap(({ tie, from, to }) => roles(tie, from, to)),
    ...people.map(({ node, name, seed }) => personSvg(name, seed, at.get(node) ?? { x: 0, y: 0 }, boxes.get(node) ?? { width: 0, height: 0 })),
    "</svg>",
    "",
  ].join("\n");
}

/** Of the layouts from several starts the one in which least lies on something else; the first of equals. */
async function clearest(people: readonly Person[], ties: readonly Tie[], boxes: Boxes): Promise<Map<number, Point>> {
  let best: { at: Map<number, Point>; cost: number } | undefined;
  for (let start = 1; start <= STARTS && best?.cost !== 0; start += 1) {
    const at = spread(await landscape(people, ties, boxes, start), ties, boxes);
    const names = new Map([...at].map(([node, point]): [number, Box] => [node, { ...point, ...(boxes.get(node) ?? { width: 0, height: 0 }) }]));
    const lines = ties.map((tie) => ({ a: tie.a, b: tie.b, labels: labelsOf(tie, edgeOf(at, boxes, tie.a, tie.b), edgeOf(at, boxes, tie.b, tie.a)) }));
    const cost = clash(names, lines);
    if (best === undefined || cost < best.cost) best = { at, cost };
  }
  return best?.at ?? new Map<number, Point>();
}

/** Widened step by step, up to twice, until the roles fit on the lines between the names. */
function spread(at: ReadonlyMap<number, Point>, ties: readonly Tie[], boxes: Boxes): Map<number, Point> {
  for (let factor = 1; ; factor += 0.1) {
    const wider = new Map([...at].map(([node, { x, y }]) => [node, { x: x * factor, y: y * (1 + (factor - 1) / 4) }]));
    const fits = ties.every((tie) => {
      const [from, to] = [edgeOf(wider, boxes, tie.a, tie.b), edgeOf(wider, boxes, tie.b, tie.a)];
      const labels = tie.forward === tie.backward ? [tie.forward] : [tie.forward, tie.backward];
      return labels.reduce((sum, label) => sum + along(label, from, to) + 5, 5) <= Math.hypot(to.x - from.x, to.y - from.y);
    });
    if (fits || factor >= 2) return wider;
  }
}

/** Length of a line that a role lying across it covers. */
function along(label: string, from: Point, to: Point): number {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [ux, uy] = [Math.abs(to.x - from.x) / length, Math.abs(to.y - from.y) / length];
  return Math.min(ux === 0 ? Infinity : widthOf(label, ROLE) / ux, uy === 0 ? Infinity : (ROLE * 1.2) / uy);
}

type Boxes = ReadonlyMap<number, { width: number; height: number }>;

/** A picture that is wider than high: where the springs stretch the other way, they are laid out lying down. */
async function landscape(people: readonly Person[], ties: readonly Tie[], boxes: Boxes, start: number): Promise<Map<number, Point>> {
  const upright = await place(people, ties, boxes, start);
  const extent = (axis: "x" | "y"): number => Math.max(...[...upright.values()].map((point) => point[axis])) - Math.min(...[...upright.values()].map((point) => point[axis]));
  if (extent("x") >= extent("y")) return upright;
  const lying = new Map([...boxes].map(([node, { width, height }]) => [node, { width: height, height: width }]));
  return new Map([...(await place(people, ties, lying, start))].map(([node, { x, y }]) => [node, { x: y, y: x }]));
}

/** Spring layout with fixed starting places; sizes keep names apart, and ties are long enough for the roles on them. */
async function place(people: readonly Person[], ties: readonly Tie[], boxes: Boxes, start: number): Promise<Map<number, Point>> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const drawn = viz.renderJSON(
    {
      directed: false,
      graphAttributes: { overlap: "false", sep: "+14", start: String(start), mode: "major", outputorder: "nodesfirst" },
      nodeAttributes: { shape: "box", fixedsize: true, label: "" },
      nodes: people.map(({ node }) => ({ name: `n${node}`, attributes: { width: (boxes.get(node)?.width ?? 60) / 72, height: (boxes.get(node)?.height ?? 24) / 72 } })),
      edges: ties.map(({ a, b, forward, backward }) => ({ tail: `n${a}`, head: `n${b}`, attributes: { len: (70 + widthOf(forward, ROLE) + (forward === backward ? 0 : widthOf(backward, ROLE))) / 72 } })),
    },
    { engine: "neato" },
  ) as { objects?: { name: string; pos: string }[] };
  const found = new Map((drawn.objects ?? []).map(({ name, pos }) => [name, pos.split(",").map(Number)]));
  return new Map(
    people.map(({ node }) => {
      const [x = 0, y = 0] = found.get(`n${node}`) ?? [];
      return [node, { x, y: -y }];
    }),
  );
}

/** Where the line to the other person leaves this one's box. */
function edgeOf(at: ReadonlyMap<number, Point>, boxes: Boxes, from: number, to: number): Point {
  const [a, b] = [at.get(from) ?? { x: 0, y: 0 }, at.get(to) ?? { x: 0, y: 0 }];
  const box = boxes.get(from) ?? { width: 0, height: 0 };
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const scale = Math.min(dx === 0 ? Infinity : box.width / 2 / Math.abs(dx), dy === 0 ? Infinity : box.height / 2 / Math.abs(dy), 1);
  return { x: a.x + dx * scale, y: a.y + dy * scale };
}

function roles(tie: Tie, from: Point, to: Point): string[] {
  return labelsOf(tie, from, to).map(({ text, x, y }) => (text === "" ? "" : `${backing(text, x, y)}<text class="role" x="${num(x)}" y="${num(y + ROLE * 0.35)}">${xml(text)}</text>`));
}

function labelsOf({ forward, backward }: Tie, from: Point, to: Point): (Box & { text: string })[] {
  const between = (share: number): Point => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
  const label = (text: string, at: Point): Box & { text: string } => ({ text, ...at, width: widthOf(text, ROLE) + 2, height: ROLE * 1.2 });
  if (forward === backward) return [label(forward, between(0.5))];
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = (text: string): number => Math.min(0.5, Math.max(0.24, (along(text, from, to) / 2 + 4) / length));
  return [label(forward, between(share(forward))), label(backward, between(1 - share(backward)))];
}

/** White under a role, so that no line runs through its words. */
function backing(text: string, x: number, y: number): string {
  const width = widthOf(text, ROLE) + 2;
  return `<rect x="${num(x - width / 2)}" y="${num(y - ROLE * 0.6)}" width="${num(width)}" height="${num(ROLE * 1.2)}" fill="#fff"/>`;
}

function lineSvg(from: Point, to: Point): string {
  return `<line class="tie" x1="${num(from.x)}" y1="${num(from.y)}" x2="${num(to.x)}" y2="${num(to.y)}"/>`;
}

function personSvg(name: string, seed: boolean, { x, y }: Point, { width, height }: { width: number; height: number }): string {
  return `<g><rect class="person${seed ? " seed" : ""}" x="${num(x - width / 2)}" y="${num(y - height / 2)}" width="${num(width)}" height="${num(height)}" rx="${height / 2}"/><text class="name" x="${num(x)}" y="${num(y + SIZE * 0.36)}">${xml(name)}</text></g>`;
}

function num(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** Names are data: escaped for XML, without what XML forbids. */
function xml(text: string): string {
  return text
    .replace(/[^\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0) ?? 63};`);
}
