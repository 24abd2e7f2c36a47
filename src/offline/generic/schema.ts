import type { Json, Random } from "../../stage/index.ts";
import { isObject } from "../wire.ts";
import type { WireObject } from "../wire.ts";
import { matching } from "./pattern.ts";
import { formatted, named, sentence } from "./text.ts";

/** What the writer works with: the root for `$ref`, the random stream, and facts to use where a property's name is theirs. */
export interface Writing {
  root: WireObject;
  random: Random;
  facts: Map<string, Json[]>;
}

const DEPTH = 8;
const number = (value: Json | undefined, otherwise: number): number => (typeof value === "number" ? value : otherwise);

function resolve(schema: WireObject, root: WireObject): WireObject {
  let at = schema;
  for (let i = 0; typeof at["$ref"] === "string" && i < 32; i++) {
    const { $ref: reference, ...beside } = at as WireObject & { $ref: string };
    let target: Json | undefined = root;
    for (const step of reference.split("/").slice(1)) {
      const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
      target = isObject(target) ? target[key] : Array.isArray(target) ? target[Number(key)] : undefined;
    }
    at = isObject(target) ? merge(target, beside) : beside;
  }
  return at;
}

/** Both schemas at once, as far as a writer needs it: the narrower bound, all properties, all requirements. */
function merge(a: WireObject, b: WireObject): WireObject {
  const both: WireObject = { ...a, ...b };
  for (const key of ["properties", "$defs"]) {
    if (isObject(a[key]) && isObject(b[key])) {
      const joined: WireObject = { ...a[key] };
      for (const [name, schema] of Object.entries(b[key])) joined[name] = isObject(joined[name]) && isObject(schema) ? merge(joined[name], schema) : schema;
      both[key] = joined;
    }
  }
  if (Array.isArray(a["required"]) && Array.isArray(b["required"])) both["required"] = [...new Set([...a["required"], ...b["required"]])];
  for (const key of ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]) if (key in a && key in b) both[key] = Math.max(number(a[key], 0), number(b[key], 0));
  for (const key of ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]) if (key in a && key in b) both[key] = Math.min(number(a[key], 0), number(b[key], 0));
  if (Array.isArray(a["enum"]) && Array.isArray(b["enum"])) {
    const of = new Set(b["enum"].map((value) => JSON.stringify(value)));
    both["enum"] = a["enum"].filter((value) => of.has(JSON.stringify(value)));
  }
  return both;
}

/** A value meant to satisfy a schema. `property` is the name it stands under. Keywords beyond it are the caller's to check. */
export function write(schemaLike: Json | undefined, writing: Writing, property = "", depth = 0): Json {
  const { random, root } = writing;
  if (!isObject(schemaLike)) return property === "" ? {} : named(property, random);
  let schema = resolve(schemaLike, root);
  if (Array.isArray(schema["allOf"])) {
    const { allOf, ...rest } = schema;
    schema = (allOf as Json[]).reduce<WireObject>((all, part) => (isObject(part) ? merge(all, resolve(part, root)) : all), rest);
  }
  for (const key of ["anyOf", "oneOf"]) {
    const options = schema[key];
    if (!Array.isArray(options) || options.length === 0) continue;
    // Deep inside a recursive schema the first option that ends wins.
    const { [key]: _, ...rest } = schema;
    const ends = options.filter((option) => isObject(option) && !("$ref" in option));
    const option = random.pick(depth >= DEPTH && ends.length > 0 ? ends : options);
    return write(isObject(option) ? merge(rest, resolve(option, root)) : rest, writing, property, depth);
  }
  if ("const" in schema) return schema["const"] as Json;
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return random.pick(schema["enum"]);
  const fact = writing.facts.get(property)?.find((value) => suits(value, schema));
  if (fact !== undefined && depth > 0) return fact;
  switch (typeOf(schema, random)) {
    case "null": return null;
    case "boolean": return random.chance(0.5);
    case "integer": return writeNumber(schema, random, true, property);
    case "number": return writeNumber(schema, random, false, property);
    case "array": return writeArray(schema, writing, property, depth);
    case "object": return writeObject(schema, writing, depth);
    default: return writeString(schema, random, property);
  }
}

function typeOf(schema: WireObject, random: Random): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  if (Array.isArray(type) && type.length > 0) {
    const some = type.filter((name) => name !== "null");
    return String(random.pick(some.length > 0 && random.chance(0.8) ? some : type));
  }
  if ("properties" in schema || "required" in schema || "additionalProperties" in schema) return "object";
  if ("items" in schema || "prefixItems" in schema || "minItems" in schema) return "array";
  if ("minimum" in schema || "maximum" in schema || "multipleOf" in schema) return "number";
  return "string";
}

// A fact serves only where type and plain bounds say so.
function suits(value: Json, schema: WireObject): boolean {
  const type = schema["type"];
  if (typeof value === "string") {
    return type === "string" && schema["pattern"] === undefined && schema["format"] === undefined && value.length >= number(schema["minLength"], 0) && value.length <= number(schema["maxLength"], Infinity);
  }
  if (typeof value === "number") {
    return (type === "number" || (type === "integer" && Number.isInteger(value))) && value >= number(schema["minimum"], -Infinity) && value <= number(schema["maximum"], Infinity) && schema["multipleOf"] === undefined;
  }
  return typeof value === "boolean" && type === "boolean";
}

function writeNumber(schema: WireObject, random: Random, integer: boolean, property: string): number {
  const step = number(schema["multipleOf"], integer ? 1 : 0);
  const above = schema["exclusiveMinimum"], below = schema["exclusiveMaximum"];
  let min = Math.max(number(schema["minimum"], -Infinity), number(above, -Infinity));
  let max = Math.min(number(schema["maximum"], Infinity), number(below, Infinity));
  const age = /(^|_)age$/i.test(property);
  if (min === -Infinity) min = max === Infinity ? (age ? 18 : 0) : max - 100;
  if (max === Infinity) max = age ? Math.max(min, 90) : min + 100;
  if (step > 0) {
    let first = Math.ceil(min / step), last = Math.floor(max / step);
    if (first * step === above) first++;
    if (last * step === below) last--;
    return random.int(first, Math.max(first, last)) * step || 0;
  }
  const value = Math.round((min + (0.01 + 0.98 * random.next()) * (max - min)) * 100) / 100;
  return value > min && value < max ? value : min === max ? min : (min + max) / 2;
}

function writeString(schema: WireObject, random: Random, property: string): string {
  const min = number(schema["minLength"], 0), max = number(schema["maxLength"], Infinity);
  if (typeof schema["pattern"] === "string") {
    for (let i = 0; i < 8; i++) {
      const text = matching(schema["pattern"], random);
      if (text !== undefined && text.length >= min && text.length <= max) return text;
    }
  }
  const byFormat = typeof schema["format"] === "string" ? formatted(schema["format"], random) : undefined;
  if (byFormat !== undefined) return byFormat;
  let text = named(property, random);
  while (text.length < min) text += ` ${sentence(random)}`;
  if (text.length <= max) return text;
  const cut = text.slice(0, max);
  const space = cut.lastIndexOf(" ");
  return space >= Math.max(min, max / 2) ? cut.slice(0, space).padEnd(min, ".") : cut;
}

function writeArray(schema: WireObject, writing: Writing, property: string, depth: number): Json[] {
  const fixed = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
  const least = Math.max(number(schema["minItems"], depth >= DEPTH ? 0 : 1), isObject(schema["contains"]) ? number(schema["minContains"], 1) : 0);
  const most = schema["items"] === false ? fixed.length : Math.max(least, number(schema["maxItems"], Math.max(least, 1) + 2));
  const want = depth >= DEPTH ? least : writing.random.int(Math.min(Math.max(least, fixed.length), most), Math.min(most, Math.max(least, fixed.length) + 3));
  const list: Json[] = [];
  const seen = new Set<string>();
  const singular = property.replace(/ies$/, "y").replace(/s$/, "");
  for (let tries = 0; list.length < want && tries < want * 20 + 20; tries++) {
    const of = fixed[list.length] ?? (list.length < number(schema["minContains"], 1) && isObject(schema["contains"]) ? schema["contains"] : schema["items"]);
    const value = write(of === undefined || of === true ? { type: "string" } : of, writing, singular, depth + 1);
    const text = JSON.stringify(value);
    if (schema["uniqueItems"] === true && seen.has(text)) continue;
    seen.add(text);
    list.push(value);
  }
  return list;
}

function writeObject(schema: WireObject, writing: Writing, depth: number): WireObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"].map(String) : []);
  const entries: [string, Json][] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (property === false) continue;
    if (!required.has(name) && (depth >= DEPTH || !writing.random.chance(0.7))) continue;
    entries.push([name, write(property === true ? { type: "string" } : property, writing, name, depth + 1)]);
    required.delete(name);
  }
  for (const name of required) if (!(name in properties)) entries.push([name, write(additional(schema, name), writing, name, depth + 1)]);
  const least = number(schema["minProperties"], isObject(schema["additionalProperties"]) && entries.length === 0 ? 1 : 0);
  for (let i = 1; entries.length < least; i++) {
    const name = isObject(schema["propertyNames"]) ? String(write({ type: "string", ...schema["propertyNames"] }, writing, "key", depth + 1)) : `key_${i}`;
    if (!entries.some(([taken]) => taken === name)) entries.push([name, write(additional(schema, name), writing, name, depth + 1)]);
    if (i > least * 20 + 20) break;
  }
  // fromEntries defines `__proto__` as a plain member.
  return Object.fromEntries(entries);
}

function additional(schema: WireObject, name: string): Json {
  const patterns = isObject(schema["patternProperties"]) ? schema["patternProperties"] : {};
  for (const [pattern, of] of Object.entries(patterns)) {
    try {
      if (new RegExp(pattern, "u").test(name)) return of;
    } catch {
      // A pattern this engine does not know.
    }
  }
  return isObject(schema["additionalProperties"]) ? schema["additionalProperties"] : { type: "string" };
}
