import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import type { Json } from "../stage/index.ts";
import type { Mistakes } from "./mistakes.ts";
import { didYouMean } from "./nearest.ts";
import type { Span } from "./source.ts";
import type { Entry, Tree } from "./tree.ts";
import { kindOf, quote, showValue } from "./words.ts";

interface SchemaPart {
  title?: string;
  properties?: Record<string, unknown>;
  enum?: Json[];
}

let compiled: Promise<ValidateFunction> | undefined;

/** Checks the file against schemas/pipeline.schema.json, the one list of keys and forms. */
export async function checkStructure(tree: Tree, mistakes: Mistakes): Promise<void> {
  const validate = await (compiled ??= compile());
  if (validate(tree.value)) return;
  for (const error of validate.errors ?? []) report(error, tree, mistakes);
}

async function compile(): Promise<ValidateFunction> {
  const [{ Ajv2020 }, { default: schema }] = await Promise.all([import("ajv/dist/2020.js"), import("../../schemas/pipeline.schema.json", { with: { type: "json" } })]);
  return new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, strictRequired: false }).compile(schema);
}

function report(error: ErrorObject, root: Tree, mistakes: Mistakes): void {
  // What propertyNames found is reported with the key it found it in.
  if (error.keyword === "propertyNames") return;
  const path = error.instancePath === "" ? [] : error.instancePath.slice(1).split("/").map(unescapePointer);
  // A oneOf is reported once, not for each of its branches.
  if (error.keyword === "required" && error.schemaPath.includes("/oneOf/")) return;
  // An empty stage has both and neither; its type is reported.
  if (error.keyword === "oneOf" && (error.data === null || typeof error.data !== "object" || Array.isArray(error.data))) return;
  const params = error.params as Record<string, unknown>;
  const part = (error.parentSchema ?? {}) as SchemaPart;
  const where = path.length === 0 ? "the pipeline" : pathText(root, path);
  const place = locate(root, path);

  if (error.propertyName !== undefined) {
    const key = error.propertyName;
    mistakes.at(locateKey(root, [...path, key]), `${quote(key)} is not ${part.title ?? "a good name"}`);
    return;
  }
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params["additionalProperty"]);
      const known = Object.keys(part.properties ?? {});
      const inside = path.length === 0 ? "" : ` in ${where}`;
      mistakes.at(locateKey(root, [...path, key]), `unknown key ${quote(key)}${inside}`, () => didYouMean(key, known) ?? `known keys: ${known.join(", ")}`);
      return;
    }
    case "required": {
      const key = String(params["missingProperty"]);
      mistakes.at(locateKey(root, path), `${where} has no ${quote(key)}`, path.length === 0 && key === "stages" ? "a pipeline has at least one stage" : undefined);
      return;
    }
    case "oneOf":
      if (params["passingSchemas"] === null) mistakes.at(locateKey(root, path), `${where} has neither "run" nor "cmd"`, "run: a module of the project; cmd: any program");
      else mistakes.at(locateKey(root, path), `${where} has both "run" and "cmd"`, "a stage has exactly one of them");
      return;
    case "type": {
      const actual = error.data as Json;
      mistakes.at(place, `${where} must be ${part.title ?? kinds(params["type"])}, not ${kindOf(actual)}`, typeHint(actual, params["type"]));
      return;
    }
    case "pattern":
      if (path.at(-1) === "api_key_env") mistakes.atSecret(place, `${where} is not ${part.title ?? ""}`, "put the key into a variable and write the variable's name here");
      else if (path.at(-1) === "base_url") mistakes.atSecret(place, `${where} is not ${part.title ?? ""}`);
      else mistakes.at(place, `${where}: ${quote(String(error.data))} is not ${part.title ?? "of the right form"}`);
      return;
    case "enum": {
      // Its type is reported.
      if (typeof error.data !== "string") return;
      const allowed = (part.enum ?? []).map(String);
      mistakes.at(place, `${where}: ${quote(error.data)} is not one of ${allowed.map(quote).join(", ")}`, () => didYouMean(error.data as string, allowed));
      return;
    }
    case "minItems":
    case "minProperties":
    case "minLength":
      mistakes.at(place, `${where} must not be empty`);
      return;
    case "maxLength":
      mistakes.at(place, `${where} is longer than ${String(params["limit"])} characters`);
      return;
    case "uniqueItems": {
      const items = error.data as Json[];
      const again = Math.max(Number(params["i"]), Number(params["j"]));
      mistakes.at(locate(root, [...path, String(again)]), `${where}: ${showValue(items[again] ?? null)} is listed twice`);
      return;
    }
    case "minimum":
      mistakes.at(place, `${where} must be at least ${String(params["limit"])}, not ${String(error.data)}`);
      return;
    case "maximum":
      mistakes.at(place, `${where} must be at most ${String(params["limit"])}, not ${String(error.data)}`);
      return;
    case "exclusiveMinimum":
      mistakes.at(place, `${where} must be more than ${String(params["limit"])}, not ${String(error.data)}`);
      return;
    default:
      mistakes.at(place, `${where} ${error.message ?? "is not as the schema of pipelines says"}`);
  }
}

/** `stages.a.cmd[1]`, `stages["a b"].run`. */
function pathText(root: Tree, path: readonly string[]): string {
  let text = "";
  let tree: Tree | undefined = root;
  for (const step of path) {
    if (tree?.items) text += `[${step}]`;
    else text += /^[\w-]+$/.test(step) ? `${text === "" ? "" : "."}${step}` : `[${quote(step)}]`;
    tree = tree?.entries?.get(step)?.tree ?? tree?.items?.[Number(step)];
  }
  return text;
}

function typeHint(actual: Json, expected: unknown): string | undefined {
  if (actual === null) return "give it a value or remove the key";
  if (expected === "array" && typeof actual === "string" && actual.length <= 40) return `write [${actual}]`;
  if (expected === "string" && (typeof actual === "number" || typeof actual === "boolean")) return "quote it if text is meant";
  return undefined;
}

/** The place of a value; of its key where the value is empty, so that there is something to mark. */
function locate(root: Tree, path: readonly string[]): Span {
  let tree: Tree | undefined = root;
  let key: Span | undefined;
  for (const step of path) {
    const entry: Entry | undefined = tree?.entries?.get(step);
    key = entry?.span ?? key;
    tree = entry?.tree ?? tree?.items?.[Number(step)];
  }
  if (tree && tree.span.end > tree.span.start) return tree.span;
  return key ?? root.span;
}

/** The place of the last key of a path; the start of the file for the root. */
function locateKey(root: Tree, path: readonly string[]): Span {
  const parent = path.slice(0, -1).reduce<Tree | undefined>((tree, step) => tree?.entries?.get(step)?.tree ?? tree?.items?.[Number(step)], root);
  return parent?.entries?.get(path.at(-1) ?? "")?.span ?? { start: 0, end: 0 };
}

function unescapePointer(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

const KINDS: Record<string, string> = { object: "a map", array: "a list", string: "text", number: "a number", integer: "a whole number", boolean: "true or false", null: "empty" };

function kinds(type: unknown): string {
  return (Array.isArray(type) ? type : [type]).map((one) => KINDS[String(one)] ?? String(one)).join(" or ");
}
