import { StoreError } from "./errors.ts";

/**
 * The canonical JSON text of a value (RFC 8785). Members that are undefined are left out, as JSON.stringify does; -0 is written 0.
 * Throws a StoreError with reason `not-json` naming the JSON path of the first thing JSON cannot hold: NaN, an infinity, undefined in an
 * array or at the top, a lone surrogate, a bigint, a symbol, a function, a cycle, or an object that is not plain (Map, Date, class instance).
 */
export function canonicalJson(value: unknown): string {
  try {
    return write(value);
  } catch (error) {
    if (error !== REFUSED && !(error instanceof RangeError)) throw error;
    throw explain(value);
  }
}

/** Thrown without a reason: the reason is looked for only when there is one to tell. */
const REFUSED = new Error("not JSON");

function write(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      if (!Number.isFinite(value)) throw REFUSED;
      // ECMAScript's own form, which RFC 8785 section 3.2.2.3 prescribes; -0 gives "0".
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? writeArray(value) : writeObject(value);
    default:
      throw REFUSED;
  }
}

function writeArray(values: unknown[]): string {
  let text = "[";
  // By index: the gaps of a sparse array are undefined and refused.
  for (let i = 0; i < values.length; i++) text += i === 0 ? write(values[i]) : `,${write(values[i])}`;
  return `${text}]`;
}

function writeObject(value: object): string {
  if (!isPlain(value)) throw REFUSED;
  let text = "";
  // The default sort is by UTF-16 code unit.
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${quote(key)}:${write(member)}`;
  }
  return `{${text}}`;
}

function quote(text: string): string {
  if (!isWellFormed(text)) throw REFUSED;
  // Escapes as ECMAScript does, which RFC 8785 section 3.2.2.2 prescribes for well-formed text.
  return JSON.stringify(text);
}

/** True for an object literal's kind, also of another realm, whose Object.prototype has no prototype either. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** The error that says where and why a value is not JSON. */
function explain(value: unknown): StoreError {
  const path: (string | number)[] = [];
  try {
    check(value, path, new Set());
  } catch (error) {
    if (error instanceof StoreError) return error;
  }
  return refuse(path.slice(0, 8), "nests too deeply");
}

function check(value: unknown, path: (string | number)[], above: Set<object>): void {
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) throw refuse(path, "is text with a lone surrogate");
      return;
    case "number":
      if (!Number.isFinite(value)) throw refuse(path, `is ${value}`);
      return;
    case "boolean":
      return;
    case "object":
      if (value !== null) checkObject(value, path, above);
      return;
    case "undefined":
      throw refuse(path, "is undefined");
    default:
      throw refuse(path, `is a ${typeof value}`);
  }
}

function checkObject(value: object, path: (string | number)[], above: Set<object>): void {
  if (above.has(value)) throw refuse(path, "contains itself");
  above.add(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      path.push(i);
      check(value[i], path, above);
      path.pop();
    }
  } else {
    if (!isPlain(value)) throw refuse(path, `is a ${value.constructor?.name || "object"}, not plain data`);
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      path.push(key);
      if (!isWellFormed(key)) throw refuse(path, "has a name with a lone surrogate");
      check(member, path, above);
      path.pop();
    }
  }
  above.delete(value);
}

/** Every supported Node has it; the compiler's ES2023 library does not know it. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function refuse(path: (string | number)[], what: string): StoreError {
  const where = path.reduce<string>((text, step) => text + (typeof step === "number" ? `[${step}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`), "$");
  return new StoreError("not-json", where, `not JSON: ${where} ${what}`);
}
