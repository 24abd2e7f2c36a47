import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "../stage/index.ts";
import type { SchemaJob } from "./job.ts";

/** A record or value that breaks its schema; the message names the record and the JSON path. */
export class SchemaViolation extends Error {
  override name = "SchemaViolation";
  /** Of values checked together: which it was. Undefined where those after it cannot be checked either. */
  readonly index: number | undefined;
  constructor(message: string, index?: number) {
    super(message);
    this.index = index;
  }
}

export interface Named {
  value: unknown;
  /** E.g. `record "a"`. */
  where: string;
}

/** Throws SchemaViolation unless the value fits; `all` does so for many at once. */
export interface Validator {
  (value: unknown, where: string): void | Promise<void>;
  all: (values: readonly Named[]) => void | Promise<void>;
}

/** Default bound of a check apart. */
const CHECK_MS = 10_000;

/** For a thread that must not be blocked: what may take long is checked in another, and ends as a SchemaViolation where it takes too long. */
export interface Apart {
  /** 10 s unless given. */
  timeoutMs?: number | undefined;
  signal: AbortSignal;
}

/** Compiles a JSON Schema 2020-12: formats on, all errors, no reference that leaves the file. Throws Error naming the schema file. */
export async function compileSchema({ path, schema }: Pick<SchemaJob, "path" | "schema">, apart?: Apart): Promise<Validator> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const formats = await import("ajv-formats");
  const unknown: string[] = [];
  const note = (message: string): void => {
    for (const [, keyword = ""] of message.matchAll(/unknown keyword: "([^"]*)"/g)) unknown.push(keyword);
  };
  const ajv = new Ajv2020({ strict: false, strictSchema: "log", allErrors: false, validateFormats: true, logger: { log: note, warn: note, error: note } });
  (formats.default as unknown as (ajv: unknown) => void)(ajv);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema as object);
  } catch (error) {
    throw new Error(`${path}: ${wordsOf((error as Error).message)}`);
  }
  if (unknown.length > 0) await refuseMisspelt(unknown, path);
  const here = (values: readonly Named[]): void => {
    for (const [index, { value, where }] of values.entries()) if (!validate(value)) throw violation(index, where, validate.errors?.[0], path);
  };
  // Stage threads check here, and need no more of the model room.
  const checker = apart === undefined ? undefined : await import("../model/index.ts");
  const there = async (values: readonly Named[]): Promise<void> => {
    if (apart === undefined || checker === undefined) return;
    const { timeoutMs = CHECK_MS, signal } = apart;
    try {
      const misfit = await checker.checkApart({ schema, values: values.map(({ value }) => value), allErrors: false, timeoutMs, signal });
      if (misfit !== undefined) throw violation(misfit.index, values[misfit.index]?.where, misfit.errors[0], path);
    } catch (error) {
      throw error instanceof checker.CheckTimeout ? new SchemaViolation(`${values[error.index]?.where ?? ""} ${error.message} (${path})`) : error;
    }
  };
  const all = checker?.mayTakeLong(schema) === true ? there : here;
  return Object.assign((value: unknown, where: string) => all([{ value, where }]), { all });
}

/** What Ajv says of a schema it cannot compile, and what to do. */
function wordsOf(message: string): string {
  const meta = /^no schema with key or ref "([^"]*)"/.exec(message)?.[1];
  if (meta !== undefined) return `"$schema" names ${meta}; artifacts are checked against "https://json-schema.org/draft/2020-12/schema"`;
  const reference = /^can't resolve reference (\S+)/.exec(message)?.[1];
  if (reference !== undefined) return `"$ref": ${JSON.stringify(reference)} leads nowhere in this file, and other files are not read: put it below "$defs"`;
  return message.replace(/^schema is invalid: data/, "not a valid schema: ").replace(/, data\/.*$/s, "");
}

const KEYWORDS = ["type", "properties", "required", "items", "prefixItems", "enum", "const", "additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "description", "title", "default", "examples"];

/** Other keywords are annotations and allowed (JSON Schema Core 2020-12, 6.5); one that is nearly a known one checks nothing and was meant to. */
async function refuseMisspelt(unknown: readonly string[], path: string): Promise<void> {
  const { nearest } = await import("../pipeline/index.ts");
  for (const keyword of unknown) {
    const meant = keyword.startsWith("x-") || keyword.startsWith("$") ? undefined : nearest(keyword, KEYWORDS);
    if (meant !== undefined) throw new Error(`${path}: unknown keyword ${JSON.stringify(keyword)}, which checks nothing; did you mean ${JSON.stringify(meant)}?`);
  }
}

const violation = (index: number, where = "", error: ErrorObject | undefined, path: string): SchemaViolation => new SchemaViolation(`${where} ${explain(error)} (${path})`, index);

function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return "does not fit";
  const at = error.instancePath === "" ? "" : `at ${error.instancePath} `;
  const detail = error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties" ? `: ${JSON.stringify(Object.values(error.params)[0])}` : error.keyword === "enum" ? `: ${JSON.stringify((error.params as { allowedValues: Json }).allowedValues)}` : "";
  return `${at}${error.message ?? error.keyword}${detail}`;
}

/** Validators of a job by file ("" for the artifact itself). */
export async function compileSchemas(schemas: readonly SchemaJob[], apart?: Apart): Promise<Map<string, Validator>> {
  const compiled = new Map<string, Validator>();
  for (const schema of schemas) compiled.set(schema.file, await compileSchema(schema, apart));
  return compiled;
}
