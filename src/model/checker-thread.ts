import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { CheckOrder, CheckReply } from "./checker.ts";

/** The thread that checks values, and may be ended at any moment. */

const port = parentPort as MessagePort;
const compiled = new Map<string, ValidateFunction>();

port.on("message", (order: CheckOrder) => {
  let reply: CheckReply;
  try {
    reply = { misfit: check(order) };
  } catch (error) {
    reply = { failed: (error as Error).message };
  }
  port.postMessage(reply);
});

function check({ schema, values, allErrors, at }: CheckOrder): { index: number; errors: NonNullable<ValidateFunction["errors"]> } | undefined {
  const name = `${String(allErrors)} ${JSON.stringify(schema)}`;
  let validate = compiled.get(name);
  if (validate === undefined) {
    const ajv = new Ajv2020({ strict: false, allErrors, validateFormats: true, logger: false });
    (formats as unknown as (instance: unknown) => void)(ajv);
    validate = ajv.compile(schema as object);
    compiled.set(name, validate);
  }
  const progress = new Int32Array(at);
  for (const [index, value] of values.entries()) {
    progress[0] = index;
    if (!validate(value)) return { index, errors: validate.errors ?? [] };
  }
  return undefined;
}
