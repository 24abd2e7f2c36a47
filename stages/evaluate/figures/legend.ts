import type { Mark } from "vega";
import { FONT, widthOf, type Look } from "./style.ts";

export interface Series {
  name: string;
  look: Look;
}

const SIZE = 10;
const KEY = 26;

/** A legend under a plot whose keys show line, dash and symbol together; wraps to the width. Returns its marks and height. */
export function legend(series: readonly Series[], width: number, top: number): { marks: Mark[]; height: number } {
  const rows: { series: Series; x: number }[][] = [[]];
  let x = 0;
  for (const one of series) {
    const wide = KEY + 6 + widthOf(one.name, SIZE) + 14;
    if (x + wide - 14 > width && (rows.at(-1)?.length ?? 0) > 0) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ series: one, x });
    x += wide;
  }
  const marks = rows.flatMap((row, line) => {
    const last = row.at(-1);
    const used = last === undefined ? 0 : last.x + KEY + 6 + widthOf(last.series.name, SIZE);
    const shift = Math.max(0, (width - used) / 2);
    return row.flatMap(({ series: one, x: at }) => keyMarks(one, at + shift, top + line * 16));
  });
  return { marks, height: rows.length * 16 };
}

function keyMarks({ name, look }: Series, x: number, y: number): Mark[] {
  return [
    { type: "rule", encode: { enter: { x: { value: x }, x2: { value: x + KEY }, y: { value: y }, stroke: { value: look.color }, strokeWidth: { value: 1.8 }, strokeDash: { value: look.dash } } } },
    ...(look.shape === "stroke" ? [] : [symbol(look, { x: { value: x + KEY / 2 }, y: { value: y } })]),
    { type: "text", encode: { enter: { x: { value: x + KEY + 6 }, y: { value: y }, text: { value: name }, baseline: { value: "middle" }, font: { value: FONT }, fontSize: { value: SIZE }, fill: { value: "#222" } } } },
  ];
}

/** The symbol of a series, white-rimmed so that it stays readable where lines cross. */
export function symbol(look: Look, at: Record<string, unknown>): Mark {
  return { type: "symbol", encode: { enter: { ...at, shape: { value: look.shape }, size: { value: 46 }, fill: { value: look.color }, stroke: { value: "#fff" }, strokeWidth: { value: 0.9 } } } } as Mark;
}

/** Small grey lines under everything: mode, intervals, whether it was simulated. */
export function footer(lines: readonly string[], x: number, y: number): Mark[] {
  return lines.map((text, place) => ({
    type: "text",
    encode: { enter: { x: { value: x }, y: { value: y + place * 11 }, text: { value: text }, align: { value: "center" }, font: { value: FONT }, fontSize: { value: 8 }, fill: { value: "#666" } } },
  }));
}
