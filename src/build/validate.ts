import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "../stage/index.ts";
import type { SchemaJob } from "./job.ts";

/** A record or value that breaks its schema; the message names the record and the JSON path. */
export class SchemaViolation extends Error {
  override name = "SchemaViolation";
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
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true, logger: false });
  (formats.default as unknown as (ajv: unknown) => void)(ajv);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema as object);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message.replace(/^schema is invalid: data/, "not a valid schema: ")}`);
  }
  const here = (values: readonly Named[]): void => {
    for (const { value, where } of values) if (!validate(value)) throw violation(where, validate.errors?.[0], path);
  };
  // Stage threads check here, and need no more of the model room.
  const checker = apart === undefined ? undefined : await import("../model/index.ts");
  const there = async (values: readonly Named[]): Promise<void> => {
    if (apart === undefined || checker === undefined) return;
    const { timeoutMs = CHECK_MS, signal } = apart;
    try {
      const misfit = await checker.checkApart({ schema, values: values.map(({ value }) => value), allErrors: false, timeoutMs, signal });
      if (misfit !== undefined) throw violation(values[misfit.index]?.where, misfit.errors[0], path);
    } catch (error) {
      throw error instanceof checker.CheckTimeout ? new SchemaViolation(`${values[error.index]?.where ?? ""} ${error.message} (${path})`) : error;
    }
  };
  const all = checker?.mayTakeLong(schema) === true ? there : here;
  return Object.assign((value: unknown, where: string) => all([{ value, where }]), { all });
}

const violation = (where = "", error: ErrorObject | undefined, path: string): SchemaViolation => new SchemaViolation(`${where} ${explain(error)} (${path})`);

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
