import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { JsonRecord, StageFunction } from "../stage/index.ts";
import type { Sha256 } from "../store/index.ts";
import { hashSmallFileSync } from "../store/index.ts";
import { AnswerLog } from "./answered.ts";
import { thisThread } from "./descendants.ts";
import { messageOf } from "./failure.ts";
import { frameOf } from "./frame.ts";
import { runItems } from "./items.ts";
import type { CellOutcome, ModuleJob } from "./job.ts";
import type { FailureShape, FromWorker, ToWorker } from "./protocol.ts";
import { compileSchemas } from "./validate.ts";
import { CallClient, StageCallError } from "./worker/calls.ts";
import { contextOf, sharedOf } from "./worker/context.ts";
import type { Shared } from "./worker/context.ts";
import { linkError } from "./worker/link.ts";
import { fixLocale } from "./worker/locale.ts";
import { promptsOf } from "./worker/prompt.ts";
import { limited } from "./worker/timeout.ts";
import { writeResult } from "./write.ts";

/** The worker thread: runs one module cell at a time, asks the main thread for model answers. */

const port = parentPort as MessagePort;
fixLocale();
process.setSourceMapsEnabled(true);

/** What the thread's global object has before any stage has run. */
const globals = new Set(Reflect.ownKeys(globalThis));
/** While a stage runs, only what it waits for keeps the thread: with nothing left to wait for, it will never end. */
let running = false;
const hold = (wanted: boolean): void => (wanted || !running ? port.ref() : port.unref());
const calls = new CallClient(port, hold);
let abort = new AbortController();
let loads = 0;
const send = (message: FromWorker): void => port.postMessage(message);

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "run":
      void runCell(message.job);
      break;
    case "abort":
      abort.abort(Object.assign(new Error(message.reason), { name: "AbortError" }));
      break;
    case "answer":
      calls.answer(message.id, message.result);
      break;
    case "refused":
      calls.refuse(message.id, message.error);
      break;
    default:
      message satisfies never;
  }
});

process.on("beforeExit", () => {
  if (!running) return;
  running = false;
  hold(true);
  send({ type: "failed", error: { message: "the stage waits for something that never comes: a promise that nothing is left to settle" } });
});

const BEAT_MS = 500;

async function runCell(job: ModuleJob): Promise<void> {
  abort = new AbortController();
  setMaxListeners(0, abort.signal); // every item listens
  const thread = thisThread();
  if (thread !== undefined) send({ type: "thread", thread });
  const beat = job.timeoutMs === undefined ? undefined : setInterval(() => send({ type: "beat" }), BEAT_MS);
  beat?.unref();
  running = true;
  hold(false);
  try {
    const outcome = await build(job);
    send({ type: "done", outcome: Reflect.ownKeys(globalThis).every((key) => globals.has(key)) ? outcome : { ...outcome, spoilt: true } });
  } catch (error) {
    send({ type: "failed", error: shapeOf(error, job.root) });
  } finally {
    running = false;
    hold(true);
    clearInterval(beat);
  }
}

async function build(job: ModuleJob): Promise<CellOutcome> {
  // A fresh instance per cell: state at module level must not depend on which cells ran here before.
  const module = (await import(`${pathToFileURL(job.bundle).href}?${loads++}`).catch((error: unknown) => {
    throw linkError(error, job);
  })) as { default?: unknown };
  if (typeof module.default !== "function") throw new Error(`${job.source} has no default export that is a function: export default defineStage(async (context) => …)`);
  const stage = module.default as StageFunction;
  const shared = sharedOf(job, await promptsOf(job));
  const validators = await compileSchemas(job.schemas);
  const log = (item?: string) => (message: string) => send({ type: "log", message: String(message), ...(item === undefined ? {} : { item }) });
  const { signal } = abort;
  if (job.each !== undefined) return eachItem(job, stage, shared);

  const reads: Record<string, Sha256> = {};
  const track = (label: string, hash: Sha256): void => void (reads[label] = hash);
  const answers = new AnswerLog();
  const records = await limited(job.timeoutMs, signal, async (inner) => {
    const result = await stage(contextOf({ job, shared, calls, signal: inner, log: log(), track, answered: answers.add }));
    return writeResult(job, result, validators);
  });
  return { ...(records === undefined ? {} : { records }), failures: [], reads, calls: answers.calls() };

  async function eachItem({ each }: ModuleJob, run: StageFunction, { needs }: Shared): Promise<CellOutcome> {
    if (each === undefined) throw new Error("unreachable");
    const list = needs.get(each.need);
    if (list === undefined) throw new Error(`each: ${each.need} is not among the needs`);
    const fileHash = fileHashes(job.root);
    let told = 0;
    const outcome = await runItems({
      stage: job.stage,
      each,
      source: list.records(),
      invoke: (item: JsonRecord, track, answered) => limited(job.timeoutMs, signal, async (inner) => run(contextOf({ job, shared, calls, item, signal: inner, log: log(item.id), track, answered }))).catch((error: unknown) => {
        const shape = shapeOf(error, job.root);
        throw Object.assign(new Error(shape.at === undefined ? shape.message : `${shape.message} (${shape.at})`), { name: (error as Error).name, ...(shape.call === undefined ? {} : { call: shape.call }) });
      }),
      readHash: async (label) => {
        const [, need = "", id] = /^needs\.([^#]+)(?:#(.*))?$/s.exec(label) ?? [];
        if (need === "") return fileHash(label);
        return id === undefined ? needs.get(need)?.source.hash : needs.get(need)?.recordHash(id);
      },
      output: job.output.path,
      validate: validators.get(""),
      onProgress: (counts) => {
        const own = counts.ran + counts.failed;
        // Of kept ones there may be a hundred thousand in a second.
        if ((own + counts.kept) % 64 === 0 || (own < 1024 && own !== told)) send({ type: "items", counts });
        told = own;
      },
      onProblem: (problem) => log()(problem.message),
      signal,
    });
    return { records: outcome.records, items: outcome.counts, failures: outcome.failures, reads: outcome.reads, ...(outcome.snapshots === undefined ? {} : { snapshots: outcome.snapshots }) };
  }
}

/** Hashes of files that remembered items have read, each taken once. */
function fileHashes(root: string): (label: string) => Sha256 | undefined {
  const known = new Map<string, Sha256 | undefined>();
  return (label) => {
    if (!known.has(label)) {
      try {
        known.set(label, hashSmallFileSync(resolve(root, label.slice("reads.".length))).hash);
      } catch {
        known.set(label, undefined);
      }
    }
    return known.get(label);
  };
}

/** An error's message and the first frame in the project's own code. */
function shapeOf(error: unknown, root: string): FailureShape {
  if (!(error instanceof Error)) return { message: `the stage threw ${typeof error === "string" ? error : JSON.stringify(error)}` };
  const at = frameOf(error.stack, root);
  const message = messageOf(error);
  const plain = message !== error.message || error.name === "Error" || error.name === "CallError" || error.name === "AbortError" || error.name === "SchemaViolation" || error.name === "LineError";
  return {
    message: plain ? message : `${error.name}: ${error.message}`,
    ...(at === undefined ? {} : { at }),
    ...(error instanceof StageCallError && error.call !== undefined ? { call: error.call } : {}),
  };
}
