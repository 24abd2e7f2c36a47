import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "../stage/index.ts";
import { Interrupted } from "./failure.ts";
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

/** Throws SchemaViolation unless the value fits; `all` does so for many, as one guarded check. */
export interface Validator {
  (value: unknown, where: string): void;
  all: (values: readonly Named[]) => void;
}

/** Default bound of a guarded check. */
const CHECK_MS = 10_000;

/** For a thread that must not be blocked: a check that takes longer ends as a SchemaViolation, Ctrl-C as Interrupted. */
export interface Guarded {
  /** 10 s unless given. */
  timeoutMs?: number | undefined;
}

/** Compiles a JSON Schema 2020-12: formats on, all errors, no reference that leaves the file. Throws Error naming the schema file. */
export async function compileSchema({ path, schema }: Pick<SchemaJob, "path" | "schema">, guarded?: Guarded): Promise<Validator> {
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
  const all = (values: readonly Named[], at: (where: string) => void = () => {}): void => {
    for (const { value, where } of values) {
      at(where);
      if (!validate(value)) throw new SchemaViolation(`${where} ${explain(validate.errors?.[0])} (${path})`);
    }
  };
  const checked = guarded !== undefined && mayTakeLong(schema) ? await guard(all, path, guarded) : (values: readonly Named[]) => all(values);
  return Object.assign((value: unknown, where: string) => checked([{ value, where }]), { all: checked });
}

/** Patterns can backtrack for ever; distinctness of objects takes quadratic time. */
const mayTakeLong = (schema: Json): boolean => /"(?:pattern|patternProperties|uniqueItems)":/.test(JSON.stringify(schema));

/** Runs checks where V8 can interrupt them, also in the middle of a regular expression. */
async function guard(all: (values: readonly Named[], at: (where: string) => void) => void, path: string, { timeoutMs = CHECK_MS }: Guarded): Promise<Validator["all"]> {
  const { createContext, Script } = await import("node:vm");
  const script = new Script("check()");
  const scope = createContext({ check: () => {} });
  return (values) => {
    let last = "";
    scope["check"] = () => all(values, (where) => (last = where));
    try {
      script.runInContext(scope, { timeout: timeoutMs, breakOnSigint: true, displayErrors: false });
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw new SchemaViolation(`${last} could not be checked in ${timeoutMs} ms: look for a pattern that backtracks (${path})`);
      if (code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
      process.emit("SIGINT");
      throw new Interrupted();
    }
  };
}

function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return "does not fit";
  const at = error.instancePath === "" ? "" : `at ${error.instancePath} `;
  const detail = error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties" ? `: ${JSON.stringify(Object.values(error.params)[0])}` : error.keyword === "enum" ? `: ${JSON.stringify((error.params as { allowedValues: Json }).allowedValues)}` : "";
  return `${at}${error.message ?? error.keyword}${detail}`;
}

/** Validators of a job by file ("" for the artifact itself). */
export async function compileSchemas(schemas: readonly SchemaJob[], guarded?: Guarded): Promise<Map<string, Validator>> {
  const compiled = new Map<string, Validator>();
  for (const schema of schemas) compiled.set(schema.file, await compileSchema(schema, guarded));
  return compiled;
}
