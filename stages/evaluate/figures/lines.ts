import type { Mark, Spec } from "vega";
import { noiseText } from "../released.ts";
import { footer, legend, symbol, type Series } from "./legend.ts";
import { FONT, wrapped } from "./style.ts";

export interface Point {
  noise: number;
  value: number;
  low: number | null;
  high: number | null;
}

/** One plot of values over noise levels. */
export interface Panel {
  title: string;
  series: (Series & { points: Point[] })[];
}

const WIDTH = 330;
const HEIGHT = 210;
const GAP = 44;
const PANELS_A_ROW = 2;
/** From the foot of one row of panels to the head of the next: axis, its title, the panel's title. */
const ROW_GAP = 72;
/** Whiskers of one noise level stand side by side. */
const DODGE = 4.5;

/** Curves over noise with 95 % whiskers, in panels of one scale, two in a row: what a page is wide. */
export function lineFigure(panels: readonly Panel[], labels: { y: string; notes: string[] }): Spec {
  const points = panels.flatMap(({ series }) => series.flatMap((one) => one.points));
  const ticks = ticksOver(points);
  const noises = [...new Set(points.map(({ noise }) => noise))].sort((a, b) => a - b);
  const names = [...new Map(panels.flatMap(({ series }) => series.map((one): [string, Series] => [one.name, one]))).values()];
  const across = Math.min(panels.length, PANELS_A_ROW);
  const width = across * WIDTH + (across - 1) * GAP;
  const bottom = Math.ceil(panels.length / PANELS_A_ROW) * (HEIGHT + ROW_GAP) - ROW_GAP + 52;
  const key = legend(names, width, bottom);
  const notes = labels.notes.flatMap((note) => wrapped(note, width, 8));
  const span = (noises.at(-1) ?? 0) - (noises[0] ?? 0);
  const pad = span === 0 ? 0.1 : span * 0.07;
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    background: "#ffffff",
    // Fixed, as nothing here may depend on how text is measured.
    autosize: "none",
    padding: { left: 50, right: 12, top: panels.length > 1 ? 28 : 10, bottom: 6 },
    width,
    height: bottom + key.height + 8 + notes.length * 11,
    scales: [
      { name: "x", type: "linear", domain: [(noises[0] ?? 0) - pad, (noises.at(-1) ?? 0) + pad], range: [0, WIDTH], zero: false },
      { name: "y", type: "linear", domain: [0, ticks.at(-1) ?? 1], range: [HEIGHT, 0], nice: false },
    ],
    marks: [...panels.map((panel, place) => panelMark(panel, place, panels.length, noises, ticks, labels.y)), ...key.marks, ...footer(notes, width / 2, bottom + key.height + 6)],
  };
}

/** Round steps from 0 to the first one at or above everything drawn. */
function ticksOver(points: readonly Point[]): number[] {
  const most = Math.max(0.1, ...points.map(({ value, high }) => Math.max(value, high ?? 0)));
  const step = most > 0.6 ? 0.2 : most > 0.3 ? 0.1 : 0.05;
  const last = Math.ceil(most / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, place) => Math.round(place * step * 100) / 100);
}

function panelMark(panel: Panel, place: number, of: number, noises: readonly number[], ticks: readonly number[], y: string): Mark {
  const text = { labelFont: FONT, titleFont: FONT, labelFontSize: 10, titleFontSize: 10.5, titleFontWeight: "normal", labelColor: "#333", titleColor: "#222", domainColor: "#888", tickColor: "#888" } as const;
  return {
    type: "group",
    encode: { enter: { x: { value: (place % PANELS_A_ROW) * (WIDTH + GAP) }, y: { value: Math.floor(place / PANELS_A_ROW) * (HEIGHT + ROW_GAP) }, width: { value: WIDTH }, height: { value: HEIGHT } } },
    ...(of > 1 ? { title: { text: panel.title, font: FONT, fontSize: 11, color: "#222", offset: 6 } } : {}),
    axes: [
      { scale: "y", orient: "left", grid: true, gridScale: "x", gridColor: "#e4e4e4", values: [...ticks], format: ticks.some((tick) => Math.round(tick * 100) % 10 !== 0) ? ".2f" : ".1f", ...(place % PANELS_A_ROW === 0 ? { title: y } : {}), ...text, domain: false, ticks: false, labelPadding: 5 },
      { scale: "x", orient: "bottom", values: [...noises], title: "noise ratio", encode: { labels: { update: { text: { signal: `{${noises.map((noise) => `'${noise}':'${noiseText(noise)}'`).join(",")}}['' + datum.value]` } } } }, ...text },
    ],
    marks: panel.series.flatMap((series, index) => seriesMarks(series, (index - (panel.series.length - 1) / 2) * DODGE)),
  } as Mark;
}

function seriesMarks({ look, points }: Panel["series"][number], dodge: number): Mark[] {
  const at = (point: Point): Record<string, unknown> => ({ x: { scale: "x", value: point.noise, offset: dodge }, y: { scale: "y", value: point.value } });
  const segments = points.slice(1).map((point, i): Mark => {
    const from = points[i] ?? point;
    return {
      type: "rule",
      encode: {
        enter: {
          ...at(from), x2: { scale: "x", value: point.noise, offset: dodge }, y2: { scale: "y", value: point.value },
          stroke: { value: look.color }, strokeWidth: { value: 1.8 }, strokeDash: { value: look.dash },
        },
      },
    } as Mark;
  });
  const whiskers = points.flatMap(({ noise, low, high }): Mark[] =>
    low === null || high === null || low === high
      ? []
      : [{ type: "rule", encode: { enter: { x: { scale: "x", value: noise, offset: dodge }, y: { scale: "y", value: low }, y2: { scale: "y", value: high }, stroke: { value: look.color }, strokeWidth: { value: 1 }, strokeOpacity: { value: 0.75 } } } }],
  );
  return [...whiskers, ...segments, ...(look.shape === "stroke" ? [] : points.map((point) => symbol(look, at(point))))];
}
