import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "../stage/index.ts";
import { checkApart, mayTakeLong } from "./checker.ts";
import { CallError } from "./types.ts";

type SchemaObject = { [key: string]: Json };

/** A structured output's schema, ready to be sent and to check with. */
export interface StructuredOutput {
  /** `[A-Za-z0-9_-]{1,64}`, as the wire wants it. */
  name: string;
  /** As sent: without `$schema` and `$id`, which servers do not take. */
  schema: SchemaObject;
  /** OpenAI's strict mode takes only closed objects with every property required. */
  strict: boolean;
  /** Compiles the schema: an unusable one is thrown before a call is paid for. */
  ready(): Promise<void>;
  /** What is wrong with a value, `at /path: words`; empty where nothing is. */
  problems(value: unknown): Promise<string[]>;
}

/** Bound of one value's check: less than an interrupt waits for answers, so that a paid one is kept with what is wrong with it. */
const CHECK_MS = 5000;

const byObject = new WeakMap<SchemaObject, StructuredOutput>();
const byText = new Map<string, StructuredOutput>();

/** The structured output of a schema; the same schema is prepared once, and compiled when a first answer is checked. */
export function structuredOutput(name: string, schema: SchemaObject): StructuredOutput {
  let output = byObject.get(schema);
  if (output?.name === wireName(name)) return output;
  const text = `${name}\n${JSON.stringify(schema)}`;
  output = byText.get(text);
  if (output === undefined) {
    output = prepare(name, schema);
    if (byText.size > 1000) byText.clear();
    byText.set(text, output);
  }
  byObject.set(schema, output);
  return output;
}

const wireName = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "answer";

function prepare(name: string, schema: SchemaObject): StructuredOutput {
  const { $schema: _dialect, $id: _id, ...sent } = schema;
  let compiled: Promise<ValidateFunction> | undefined;
  let slow: boolean | undefined;
  return {
    name: wireName(name),
    schema: sent,
    strict: isStrict(sent),
    async ready() {
      await (compiled ??= compile(name, sent));
    },
    async problems(value) {
      const validate = await (compiled ??= compile(name, sent));
      if (slow ??= mayTakeLong(sent)) return told((await checkApart({ schema: sent, values: [value], allErrors: true, timeoutMs: CHECK_MS }))?.errors);
      return validate(value) ? [] : told(validate.errors);
    },
  };
}

async function compile(name: string, schema: SchemaObject): Promise<ValidateFunction> {
  const [{ default: ajv }, { default: formats }] = await Promise.all([import("ajv/dist/2020.js"), import("ajv-formats")]);
  const instance = new ajv.default({ allErrors: true, strict: false, logger: false });
  formats.default(instance);
  try {
    return instance.compile(schema);
  } catch (error) {
    throw new CallError("request", `the schema ${name} is no valid JSON Schema (2020-12): ${(error as Error).message}`, { cause: error });
  }
}

const told = (errors: readonly ErrorObject[] | null | undefined): string[] => [...new Set((errors ?? []).map(words))].slice(0, 20);

function words(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  const extra =
    error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties" ? ` (${JSON.stringify(params["additionalProperty"] ?? params["unevaluatedProperty"])})`
    : error.keyword === "enum" ? `: ${JSON.stringify(params["allowedValues"]).slice(0, 200)}`
    : error.keyword === "const" ? `: ${JSON.stringify(params["allowedValue"]).slice(0, 200)}`
    : "";
  return `at ${error.instancePath || "/"}: ${error.message ?? error.keyword}${extra}`;
}

function isStrict(schema: Json | undefined): boolean {
  if (typeof schema !== "object" || schema === null) return true;
  if (Array.isArray(schema)) return schema.every(isStrict);
  const properties = schema["properties"];
  if (schema["type"] === "object" || properties !== undefined) {
    if (schema["additionalProperties"] !== false) return false;
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    if (typeof properties !== "object" || properties === null || Array.isArray(properties)) return false;
    if (!Object.keys(properties).every((property) => required.includes(property))) return false;
  }
  if (["allOf", "not", "if", "oneOf", "patternProperties", "propertyNames", "prefixItems", "uniqueItems", "contains"].some((keyword) => keyword in schema)) return false;
  return Object.entries(schema).every(([keyword, value]) => keyword === "properties" && typeof value === "object" && value !== null ? Object.values(value).every(isStrict) : keyword === "enum" || keyword === "const" || keyword === "required" || isStrict(value));
}
