import type { ValidateFunction } from "ajv";
import type { Json } from "../../stage/index.ts";
import { isObject } from "../wire.ts";
import type { WireObject } from "../wire.ts";
import type { SkillRequest } from "../skill.ts";
import { write } from "./schema.ts";

// Keywords the writer does not steer by: with one of these the answer is checked and drawn again.
const CHECKED = /"(?:not|if|oneOf|contains|dependentRequired|dependentSchemas|dependencies|unevaluatedProperties|unevaluatedItems|pattern|patternProperties|propertyNames|maxProperties|\$dynamicRef)":/;
const TRIES = 60;
const compiled = new Map<string, Promise<ValidateFunction | undefined>>();

/** A valid value for any JSON Schema, its properties from facts of the same name where they suit. The last try stands where no try is valid. */
export async function writeGeneric(request: SkillRequest): Promise<Json> {
  const text = JSON.stringify(request.schema);
  const writing = { root: request.schema as WireObject, random: request.random, facts: factsByName(request.facts) };
  let value = write(request.schema, writing);
  if (!CHECKED.test(text)) return value;
  const validate = await validator(text);
  for (let i = 1; i < TRIES && validate !== undefined && !validate(value); i++) {
    if (i === TRIES / 2) writing.facts.clear();
    value = write(request.schema, writing);
  }
  return value;
}

function validator(text: string): Promise<ValidateFunction | undefined> {
  let found = compiled.get(text);
  if (found === undefined) {
    found = compile(text);
    if (compiled.size > 256) compiled.clear();
    compiled.set(text, found);
  }
  return found;
}

async function compile(text: string): Promise<ValidateFunction | undefined> {
  const { default: ajv } = await import("ajv/dist/2020.js");
  const { default: formats } = await import("ajv-formats");
  try {
    const instance = new ajv.default({ strict: false, validateSchema: false, logger: false });
    formats.default(instance);
    return instance.compile(JSON.parse(text) as { [key: string]: Json });
  } catch {
    return undefined;
  }
}

function factsByName(facts: Json[]): Map<string, Json[]> {
  const byName = new Map<string, Json[]>();
  const visit = (value: Json, depth: number): void => {
    if (!isObject(value) || depth > 4) return;
    for (const [name, member] of Object.entries(value)) {
      const list = byName.get(name);
      if (list === undefined) byName.set(name, [member]);
      else list.push(member);
      visit(member, depth + 1);
    }
  };
  for (const fact of facts) visit(fact, 0);
  return byName;
}

