/** How one series is drawn: colour, dash and symbol each tell series apart, so that one may be lost in print or to the eye. */
export interface Look {
  color: string;
  dash: number[];
  shape: string;
}

/** Okabe and Ito's colours (2008), distinguishable with colour-vision deficiencies, ordered so that neighbours differ in lightness. */
const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444"];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [4, 2, 1, 2]];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];
const REFERENCE: Look = { color: "#222222", dash: [1.5, 2.5], shape: "stroke" };

/** The look of a series by its place; the reference (gold context) is always the same dotted line. */
export function lookOf(place: number, reference = false): Look {
  if (reference) return REFERENCE;
  return { color: COLORS[place % COLORS.length] ?? "#222222", dash: DASHES[place % DASHES.length] ?? [], shape: SHAPES[place % SHAPES.length] ?? "circle" };
}

/** Families for the text of figures: DejaVu Sans and Verdana are as wide as each other, the rest are narrower. */
export const FONT = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif";

/** A generous estimate of a line's width; no font is asked, so every machine lays out alike. */
export function widthOf(text: string, size: number): number {
  let ems = 0;
  for (const letter of text) ems += /[iljtfI.,:;'|! ()[\]]/.test(letter) ? 0.36 : /[mwMW@%]/.test(letter) ? 0.93 : /[A-Z]/.test(letter) ? 0.7 : (letter.codePointAt(0) ?? 0) > 0x2e7f ? 1 : 0.62;
  return ems * size;
}

/** Words broken into lines no wider than given. */
export function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
