import { WholeFloat } from "./json.ts";
import type { Answer } from "./types.ts";

/** White space as `str.isspace`, `str.split` and `\s` of Python's `re` know it: U+001C..U+001F and U+0085 are in, U+FEFF is not. */
const SPACE = "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const NOT_WORD = new RegExp(`[^a-zA-Z0-9${SPACE}]`, "g");
const SPACES = new RegExp(`[${SPACE}]+`);
const PRINTABLE = /[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;

/** Deletes everything but ASCII letters, digits and Python's white space, lower-cases, splits. */
export function asciiWords(text: string): string[] {
  return text.replace(NOT_WORD, "").toLowerCase().split(SPACES).filter((word) => word !== "");
}

/** `str(value)` of Python for a JSON value. A plain whole number prints as an integer; 1.0 survives only as a WholeFloat. */
export function pythonStr(value: Answer): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** `repr(value)` of Python for a JSON value. */
export function pythonRepr(value: Answer): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (value instanceof WholeFloat) return reprFloat(value.value);
  if (typeof value === "number") return reprNumber(value);
  if (typeof value === "string") return reprString(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  return `{${entriesOf(value).map(([key, part]) => `${reprString(key)}: ${pythonRepr(part)}`).join(", ")}}`;
}

/** Members of an object or Map in order; none for anything else. */
export function entriesOf(value: Answer): [string, Answer][] {
  if (value === null || typeof value !== "object" || Array.isArray(value) || value instanceof WholeFloat) return [];
  return value instanceof Map ? [...(value as ReadonlyMap<string, Answer>)] : Object.entries(value);
}

/** `round(x, digits)` of CPython: the exact binary value rounded to decimals, exact ties to even. Finite x, 0 <= digits <= 15. */
export function pythonRound(x: number, digits: number): number {
  const scaled = Math.abs(x) * 2 ** (digits + 1);
  // Only odd multiples of 2^-(digits+1) lie exactly between two decimals; toFixed rounds those away from zero.
  if (!(Number.isInteger(scaled) && scaled % 2 === 1)) return Number(x.toFixed(digits));
  const up = Number(Math.abs(x).toFixed(digits));
  const last = Number(Math.abs(x).toFixed(digits).at(-1));
  const even = last % 2 === 0 ? up : Number((up - 10 ** -digits).toFixed(digits));
  return x < 0 ? -even : even;
}

function reprNumber(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : reprFloat(value);
}

/** `repr(float)`: the shortest digits, with an exponent from 1e16 up and below 1e-4. */
function reprFloat(value: number): string {
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= 16 || power < -4) return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** How `json.dumps` lays out its text. */
export interface DumpStyle {
  /** Spaces per level; without it everything stands on one line with `, ` and `: `. */
  indent?: number;
  /** No spaces at all: separators `,` and `:`. */
  compact?: boolean;
}

/** `json.dumps(value)` of Python: ASCII with lower-case \\uXXXX, key order kept. */
export function pythonJson(value: Answer, style: DumpStyle = {}, level = 0): string {
  if (typeof value === "string") return jsonString(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint" || value instanceof WholeFloat) return pythonRepr(value);
  const list = Array.isArray(value);
  const colon = style.compact === true ? ":" : ": ";
  const parts = list
    ? (value as readonly Answer[]).map((part) => pythonJson(part, style, level + 1))
    : entriesOf(value).map(([key, part]) => `${jsonString(key)}${colon}${pythonJson(part, style, level + 1)}`);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return open + close;
  if (style.indent === undefined) return open + parts.join(style.compact === true ? "," : ", ") + close;
  const pad = `\n${" ".repeat(style.indent * (level + 1))}`;
  return `${open}${pad}${parts.join(`,${pad}`)}\n${" ".repeat(style.indent * level)}${close}`;
}

function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (char) => `\\u${hex(char.charCodeAt(0), 4)}`);
}

function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === quote || char === "\\") out += `\\${char}`;
    else if (char === "\n") out += "\\n";
    else if (char === "\r") out += "\\r";
    else if (char === "\t") out += "\\t";
    else if (char === " " || PRINTABLE.test(char)) out += char;
    else if (code <= 0xff) out += `\\x${hex(code, 2)}`;
    else out += code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  }
  return out + quote;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}
