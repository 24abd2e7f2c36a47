import { xmlText } from "../escape.ts";
import { fitted, textWidth } from "../width.ts";
import { baseName, shortList, type StageNode } from "./model.ts";

/** A stage as it is drawn: a card with its name, what it runs over, and what it reads besides other stages. */
export interface Card {
  node: StageNode;
  /** Of the front card; the ones behind it stick out by `stack` to the right and the bottom. */
  width: number;
  height: number;
  stack: number;
  lines: { text: string; italic: boolean }[];
  /** Model roles it asks, at the right of its name. */
  pill: string;
}

const NAME = 12.5;
const NOTE = 8.5;
const PAD = 11;
const WIDEST = 236;
const LEAST = 120;
/** How far each of the two cards behind a matrix stage sticks out. */
const STEP = 3.5;

export function cardOf(node: StageNode): Card {
  const over = [
    node.axes.map(({ name, values }) => `${name} × ${values.length}`).join(", "),
    node.each === undefined ? "" : `once per record of ${node.each}`,
  ].filter((part) => part !== "");
  const reads = [
    node.prompts.length > 0 ? `prompt${node.prompts.length > 1 ? "s" : ""}: ${shortList(node.prompts, 3)}` : "",
    node.files.length > 0 ? `file${node.files.length > 1 ? "s" : ""}: ${shortList(node.files.map(baseName), 2)}` : "",
  ].filter((part) => part !== "");
  const pill = fitted(shortList(node.models, 2), 90, NOTE);
  const name = textWidth(node.name, NAME, "bold") + (pill === "" ? 0 : textWidth(pill, NOTE) + 24);
  const lines = [...over.map((text) => ({ text, italic: false })), ...reads.map((text) => ({ text, italic: true }))];
  const wanted = Math.max(name, ...lines.map(({ text }) => textWidth(text, NOTE)));
  const inner = Math.min(WIDEST, Math.max(LEAST, wanted));
  return {
    node,
    width: Math.ceil(inner + 2 * PAD + (node.kind === "command" ? 8 : 0)),
    height: Math.ceil(2 * 8 + NAME + lines.length * 12.5),
    stack: node.axes.length > 0 ? 2 * STEP : 0,
    lines: lines.map(({ text, italic }) => ({ text: fitted(text, inner, NOTE), italic })),
    pill,
  };
}

/** The card as SVG, its front's upper left corner at x, y. */
export function cardSvg(card: Card, x: number, y: number): string {
  const { node, width, height } = card;
  const command = node.kind === "command";
  const out: string[] = [];
  for (let depth = card.stack / STEP; depth >= 0; depth -= 1) {
    const at = depth * STEP;
    out.push(`<rect class="card${node.axes.length > 0 ? " many" : ""}${command ? " command" : ""}" x="${num(x + at)}" y="${num(y + at)}" width="${width}" height="${height}" rx="${command ? 0 : 5}"/>`);
  }
  let left = x + PAD;
  if (command) {
    out.push(`<rect class="bar" x="${num(x)}" y="${num(y)}" width="6" height="${height}"/>`);
    left += 8;
  }
  if (node.each !== undefined) for (const [i, dy] of [8, 12, 16].entries()) out.push(`<path class="tick" d="M${num(x - 3)} ${num(y + dy + i)}h6"/>`);
  const base = y + 8 + NAME * 0.86;
  const room = width - (left - x) - PAD - (card.pill === "" ? 0 : textWidth(card.pill, NOTE) + 20);
  out.push(`<text class="name" x="${num(left)}" y="${num(base)}">${xmlText(fitted(node.name, room, NAME, "bold"))}</text>`);
  if (card.pill !== "") {
    const wide = textWidth(card.pill, NOTE) + 12;
    out.push(`<rect class="pill" x="${num(x + width - wide - 8)}" y="${num(base - 10)}" width="${num(wide)}" height="13" rx="6.5"/>`);
    out.push(`<text class="note" x="${num(x + width - 8 - wide / 2)}" y="${num(base - 0.5)}" text-anchor="middle">${xmlText(card.pill)}</text>`);
  }
  card.lines.forEach(({ text, italic }, place) => {
    out.push(`<text class="note${italic ? " reads" : ""}" x="${num(left)}" y="${num(base + 13.5 + place * 12.5)}">${xmlText(text)}</text>`);
  });
  return `<g><title>${xmlText(node.name)}</title>${out.join("")}</g>`;
}

/** Two decimals at most: enough for a picture, and the same text everywhere. */
export function num(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}
