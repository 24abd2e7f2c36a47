import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { ErrorObject } from "ajv";
import type { Json } from "../stage/index.ts";

/** Values to check against one JSON Schema (2020-12). */
export interface Check {
  schema: Json;
  values: readonly unknown[];
  /** Every error of a value, or only its first. */
  allErrors: boolean;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** The first value that does not fit. */
export interface Misfit {
  /** Place in the list. */
  index: number;
  errors: ErrorObject[];
}

/** A check that did not end in time; `index` is the value it was at. */
export class CheckTimeout extends Error {
  override name = "CheckTimeout";
  readonly index: number;
  constructor(index: number, timeoutMs: number) {
    super(`could not be checked in ${timeoutMs} ms: look for a pattern that backtracks`);
    this.index = index;
  }
}

/** Main thread → checking thread. `at` holds one 32-bit integer: the value under check. */
export interface CheckOrder extends Pick<Check, "schema" | "values" | "allErrors"> {
  at: SharedArrayBuffer;
}

/** Checking thread → main thread. */
export type CheckReply = { misfit: Misfit | undefined } | { failed: string };

/** Patterns can backtrack for ever; distinctness of objects takes quadratic time. Such schemas are checked apart. */
export const mayTakeLong = (schema: Json): boolean => /"(?:pattern|patternProperties|uniqueItems)":/.test(JSON.stringify(schema));

let thread: Worker | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Checks values in a thread that is there for nothing else, so that Ctrl-C and the progress of everything else never wait for a pattern. One check at a time.
 * Throws CheckTimeout where it takes too long, and the signal's reason.
 */
export function checkApart(check: Check): Promise<Misfit | undefined> {
  const turn = last.then(() => run(check));
  last = turn.catch(() => {});
  return turn;
}

async function run({ schema, values, allErrors, timeoutMs, signal }: Check): Promise<Misfit | undefined> {
  signal?.throwIfAborted();
  const worker = (thread ??= start());
  const at = new SharedArrayBuffer(4);
  const stop = (): void => {
    thread = undefined;
    void worker.terminate();
  };
  let settle = (): void => {};
  try {
    const reply = await new Promise<CheckReply>((resolve, reject) => {
      const onExit = (): void => reject(new Error("the thread that checks values ended"));
      const onAbort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        stop();
        reject(new CheckTimeout(new Int32Array(at)[0] ?? 0, timeoutMs));
      }, timeoutMs);
      settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        worker.off("message", resolve).off("error", reject).off("exit", onExit);
      };
      signal?.addEventListener("abort", onAbort);
      worker.on("message", resolve).on("error", reject).on("exit", onExit);
      worker.postMessage({ schema, values, allErrors, at } satisfies CheckOrder);
    });
    if ("failed" in reply) throw new Error(reply.failed);
    return reply.misfit;
  } finally {
    settle();
  }
}

function start(): Worker {
  const beside = new URL("./checker-thread.mjs", import.meta.url);
  // From its sources the tool runs the thread it has built.
  const worker = new Worker(existsSync(beside) ? beside : new URL("../../dist/checker-thread.mjs", import.meta.url), { execArgv: [], env: { TZ: "UTC" } });
  worker.unref();
  worker.on("error", () => {});
  worker.once("exit", () => {
    if (thread === worker) thread = undefined;
  });
  return worker;
}
