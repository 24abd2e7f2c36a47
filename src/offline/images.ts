import { createRequire } from "node:module";
import type { Json, Random } from "../stage/index.ts";
import { factsOf } from "./facts.ts";
import { CALM, PALETTES, PARTS } from "./portrait.ts";
import { seededRandom } from "./random.ts";
import { countTokens } from "./tokens.ts";
import { SIMULATOR_VERSION } from "./version.ts";
import { isObject, WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";

const SIZES = /^(\d{2,4})x\1$/;

/**
 * Answers an images request with a portrait drawn from `attributes` (of the request, or of a ```json block in the prompt): the parts and colours of
 * PARTS and PALETTES by name, and `caption`, a line under the picture. What is not given is drawn from the request's bytes. An unknown
 * attribute or value is refused, never ignored. The PNG is the same on every machine: vector parts, a bundled font.
 */
export async function answerImage(body: WireObject): Promise<WireObject> {
  const { prompt } = body;
  if (typeof prompt !== "string" || prompt === "") throw new WireError(400, "'prompt' must be a text", { param: "prompt" });
  const size = SIZES.exec(typeof body["size"] === "string" && body["size"] !== "auto" ? body["size"] : "256x256");
  if (size === null || Number(size[1]) < 16 || Number(size[1]) > 2048) throw new WireError(400, "'size' must be a square such as 256x256, from 16 to 2048", { param: "size" });
  const attributes = attributesOf(body["attributes"], factsOf(prompt));
  const { n = 1, ...seed } = body;
  if (typeof n !== "number" || !Number.isInteger(n) || n < 1 || n > 10) throw new WireError(400, "'n' must be a number from 1 to 10", { param: "n" });
  const data: WireObject[] = [];
  for (let i = 0; i < n; i++) {
    const random = seededRandom(JSON.stringify([SIMULATOR_VERSION, seed, ...(i === 0 ? [] : [i])]));
    const svg = await portrait(choose(attributes, random), typeof attributes["caption"] === "string" ? attributes["caption"] : undefined);
    data.push({ b64_json: (await png(svg, Number(size[1]))).toString("base64") });
  }
  const tokens = countTokens(prompt);
  return { created: 0, model: typeof body["model"] === "string" ? body["model"] : "offline", data, usage: { input_tokens: tokens, output_tokens: 0, total_tokens: tokens } };
}

function attributesOf(given: Json | undefined, facts: Json[]): WireObject {
  if (given !== undefined) {
    if (!isObject(given)) throw new WireError(400, "'attributes' must be an object", { param: "attributes" });
    return given;
  }
  for (const fact of facts) {
    if (!isObject(fact)) continue;
    if (isObject(fact["attributes"])) return fact["attributes"];
    if (Object.keys(fact).some((name) => name in PARTS || name in PALETTES)) return fact;
  }
  return {};
}

/** One value for each part and colour; throws for what the drawing does not know. */
function choose(attributes: WireObject, random: Random): Record<string, string> {
  for (const name of Object.keys(attributes)) {
    if (name !== "caption" && !(name in PARTS) && !(name in PALETTES)) {
      throw new WireError(400, `there is no attribute ${JSON.stringify(name)}; known: ${[...Object.keys(PARTS), ...Object.keys(PALETTES), "caption"].sort().join(", ")}`, { param: `attributes.${name}` });
    }
  }
  const chosen: Record<string, string> = {};
  // Drawn in a fixed order, so that giving one attribute leaves the others as they were.
  for (const [name, values] of Object.entries(PARTS)) chosen[name] = pick(name, attributes[name], values, random, CALM[name]);
  for (const [name, palette] of Object.entries(PALETTES)) chosen[name] = palette[pick(name, attributes[name], Object.keys(palette), random)] as string;
  return chosen;
}

function pick(name: string, given: Json | undefined, values: readonly string[], random: Random, unasked: readonly string[] = values): string {
  const drawn = random.pick(unasked);
  if (given === undefined) return drawn;
  if (typeof given === "string" && values.includes(given)) return given;
  throw new WireError(400, `${name} has no value ${JSON.stringify(given)}; known: ${values.join(", ")}`, { param: `attributes.${name}` });
}

async function portrait(chosen: Record<string, string>, caption: string | undefined): Promise<string> {
  const [{ createAvatar }, avataaars] = await Promise.all([import("@dicebear/core"), import("@dicebear/avataaars")]);
  const options: Record<string, unknown> = { seed: "portrait", style: ["default"], backgroundColor: [chosen["backgroundColor"]] };
  for (const [name, value] of Object.entries(chosen)) {
    if (name === "accessories" || name === "facialHair") options[`${name}Probability`] = value === "none" ? 0 : 100;
    if (name === "top") options["topProbability"] = value === "bald" ? 0 : 100;
    if (value !== "none" && value !== "bald") options[name] = [value];
  }
  const picture = createAvatar(avataaars as never, options).toString();
  const inner = picture.slice(picture.indexOf(">") + 1, picture.lastIndexOf("</svg>"));
  const line = caption === undefined ? "" : `<rect y="280" width="280" height="40" fill="#ffffff"/><text x="140" y="307" font-family="DejaVu Sans" font-size="20" text-anchor="middle" fill="#262e33">${escape(caption.slice(0, 60))}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 280 ${caption === undefined ? 280 : 320}">${inner}${line}</svg>`;
}

const escape = (text: string): string => text.replace(/[\u0000-\u001f\ufffe\uffff]/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

async function png(svg: string, width: number): Promise<Buffer> {
  const { Resvg } = await import("@resvg/resvg-js");
  const font = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
  return new Resvg(svg, { fitTo: { mode: "width", value: width }, font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: "DejaVu Sans" } }).render().asPng();
}
