import canonicalize from "canonicalize";
import { StoreError } from "./errors.ts";

/**
 * The canonical JSON text of a value (RFC 8785). Members that are undefined are left out, as JSON.stringify does; -0 is written 0.
 * Throws a StoreError with reason `not-json` naming the JSON path of the first thing JSON cannot hold: NaN, an infinity, undefined in an
 * array or at the top, a lone surrogate, a bigint, a symbol, a function, a cycle, or an object that is not plain (Map, Date, class instance).
 */
export function canonicalJson(value: unknown): string {
  const path: (string | number)[] = [];
  try {
    check(value, path, new Set());
  } catch (error) {
    if (error instanceof RangeError) throw refuse(path.slice(0, 8), "nests too deeply");
    throw error;
  }
  return canonicalize(value) as string;
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
    const prototype: unknown = Object.getPrototypeOf(value);
    // A plain object of another realm has that realm's Object.prototype, whose own prototype is null.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refuse(path, `is a ${value.constructor?.name || "object"}, not plain data`);
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
