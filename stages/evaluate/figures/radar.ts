import type { Mark, Spec } from "vega";
import { footer, legend, symbol, type Series } from "./legend.ts";
import { FONT, widthOf, wrapped } from "./style.ts";

export interface RadarSeries extends Series {
  /** z-scores in the order of the axes; null is left out of the outline. */
  z: (number | null)[];
}

const RADIUS = 118;
const WIDTH = 400;
const CENTRE = { x: WIDTH / 2, y: RADIUS + 34 };

/** z-scores on axes around a centre; the thicker ring is the mean, the others are whole deviations. */
export function radarFigure(axes: readonly string[], series: readonly RadarSeries[], notes: readonly string[]): Spec {
  const reach = Math.max(1, ...series.flatMap(({ z }) => z.map((value) => Math.abs(value ?? 0))));
  const rim = Math.ceil(reach * 2) / 2 + 0.25;
  const point = (axis: number, z: number): { x: number; y: number } => {
    const angle = (2 * Math.PI * axis) / axes.length - Math.PI / 2;
    const radius = (RADIUS * (z + rim)) / (2 * rim);
    return { x: round(CENTRE.x + radius * Math.cos(angle)), y: round(CENTRE.y + radius * Math.sin(angle)) };
  };
  const bottom = CENTRE.y + RADIUS + 44;
  const key = legend(series, WIDTH, bottom);
  const lines = notes.flatMap((note) => wrapped(note, WIDTH, 8));
  const rings = Array.from({ length: 2 * Math.floor(rim) + 1 }, (_, place) => place - Math.floor(rim));
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    background: "#ffffff",
    autosize: "none",
    padding: 6,
    width: WIDTH,
    height: bottom + key.height + 8 + lines.length * 11,
    marks: [
      ...rings.map((z) => outline(axes.map((_, axis) => point(axis, z)), z === 0 ? "#777" : "#dcdcdc", z === 0 ? 1.2 : 0.8, [])),
      ...axes.map((_, axis): Mark => line(point(axis, -rim), point(axis, rim), "#dcdcdc")),
      ...axes.map((name, axis): Mark => axisLabel(name, point(axis, rim), (2 * Math.PI * axis) / axes.length - Math.PI / 2)),
      ...series.map((one) => outline(corners(one, point), one.look.color, 1.8, one.look.dash)),
      ...rings.flatMap((z) => ringLabel(z, point(0, z))),
      ...series.flatMap((one) => corners(one, point).map(({ x, y }) => symbol(one.look, { x: { value: x }, y: { value: y } }))),
      ...key.marks,
      ...footer(lines, WIDTH / 2, bottom + key.height + 6),
    ],
  };
}

function corners({ z }: RadarSeries, point: (axis: number, z: number) => { x: number; y: number }): { x: number; y: number }[] {
  return z.flatMap((value, axis) => (value === null ? [] : [point(axis, value)]));
}

function outline(corners: readonly { x: number; y: number }[], color: string, width: number, dash: number[]): Mark {
  const path = corners.length === 0 ? "" : `M${corners.map(({ x, y }) => `${x},${y}`).join("L")}Z`;
  return { type: "path", encode: { enter: { path: { value: path }, stroke: { value: color }, strokeWidth: { value: width }, strokeDash: { value: dash }, strokeJoin: { value: "round" }, fill: { value: null } } } };
}

function line(from: { x: number; y: number }, to: { x: number; y: number }, color: string): Mark {
  return { type: "rule", encode: { enter: { x: { value: from.x }, y: { value: from.y }, x2: { value: to.x }, y2: { value: to.y }, stroke: { value: color }, strokeWidth: { value: 0.8 } } } };
}

/** On a white ground, over the lines that would cross it. */
function ringLabel(z: number, at: { x: number; y: number }): Mark[] {
  const text = z === 0 ? "mean" : `${z > 0 ? "+" : "−"}${Math.abs(z)}σ`;
  return [
    { type: "rect", encode: { enter: { x: { value: at.x + 6 }, y: { value: at.y - 9 }, width: { value: round(widthOf(text, 7.5) + 2) }, height: { value: 9 }, fill: { value: "#ffffff" }, fillOpacity: { value: 0.8 } } } },
    { type: "text", encode: { enter: { x: { value: at.x + 7 }, y: { value: at.y - 2 }, text: { value: text }, font: { value: FONT }, fontSize: { value: 7.5 }, fill: { value: "#555" } } } },
  ];
}

function axisLabel(name: string, at: { x: number; y: number }, angle: number): Mark {
  const side = Math.round(Math.cos(angle) * 1000);
  const up = Math.round(Math.sin(angle) * 1000);
  return {
    type: "text",
    encode: {
      enter: {
        x: { value: round(at.x + 8 * Math.cos(angle)) }, y: { value: round(at.y + 12 * Math.sin(angle)) },
        text: { value: name.split(" ") }, lineHeight: { value: 12 },
        align: { value: side > 100 ? "left" : side < -100 ? "right" : "center" },
        baseline: { value: up < -500 ? "line-bottom" : up > 500 ? "line-top" : "middle" },
        font: { value: FONT }, fontSize: { value: 10 }, fill: { value: "#222" },
      },
    },
  } as Mark;
}

/** Two decimals: the same text on every machine, whatever its cosine's last bit. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
