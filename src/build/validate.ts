import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "../stage/index.ts";
import type { SchemaJob } from "./job.ts";

/** A record or value that breaks its schema; the message names the record and the JSON path. */
export class SchemaViolation extends Error {
  override name = "SchemaViolation";
}

/** Throws SchemaViolation unless the value fits. `where` names it, e.g. `record "a"`. */
export type Validator = (value: unknown, where: string) => void;

/** Compiles a JSON Schema 2020-12: formats on, all errors, no reference that leaves the file. Throws Error naming the schema file. */
export async function compileSchema({ path, schema }: Pick<SchemaJob, "path" | "schema">): Promise<Validator> {
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
  return (value, where) => {
    if (!validate(value)) throw new SchemaViolation(`${where} ${explain(validate.errors?.[0])} (${path})`);
  };
}

function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return "does not fit";
  const at = error.instancePath === "" ? "" : `at ${error.instancePath} `;
  const detail = error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties" ? `: ${JSON.stringify(Object.values(error.params)[0])}` : error.keyword === "enum" ? `: ${JSON.stringify((error.params as { allowedValues: Json }).allowedValues)}` : "";
  return `${at}${error.message ?? error.keyword}${detail}`;
}

/** Validators of a job by file ("" for the artifact itself). */
export async function compileSchemas(schemas: readonly SchemaJob[]): Promise<Map<string, Validator>> {
  const compiled = new Map<string, Validator>();
  for (const schema of schemas) compiled.set(schema.file, await compileSchema(schema));
  return compiled;
}
