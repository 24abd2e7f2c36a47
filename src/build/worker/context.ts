import type { Json, JsonRecord, Need, Prompt, StageContext } from "../../stage/index.ts";
import type { Answered } from "../answered.ts";
import type { CellJob } from "../job.ts";
import type { CallClient } from "./calls.ts";
import { filesOf } from "./files.ts";
import { guarded } from "./guard.ts";
import { NeedContent, needOf } from "./need.ts";
import type { Track } from "./need.ts";
import { seededRandom } from "./random.ts";

/** What the items of a cell share: parsed needs, compiled prompts. */
export interface Shared {
  needs: Map<string, NeedContent>;
  prompts: Record<string, Prompt>;
}

export const sharedOf = (job: CellJob, prompts: Record<string, Prompt>): Shared => ({
  needs: new Map(Object.entries(job.needs).map(([name, source]) => [name, new NeedContent(source)])),
  prompts,
});

export interface Invocation {
  job: CellJob;
  shared: Shared;
  calls: CallClient;
  item?: JsonRecord;
  signal: AbortSignal;
  log: (message: string) => void;
  /** Schema files read by calls, and what an item reads of its list. */
  track: Track;
  /** Which snapshot of a model answered for a role, and under which keys. */
  answered?: Answered;
}

/** The argument of a stage function for one invocation. */
export function contextOf({ job, shared, calls, item, signal, log, track, answered }: Invocation): StageContext {
  const guard = <T>(section: string, values: Record<string, T>): Record<string, T> => guarded(job.stage, section, values);
  const needs: Record<string, Need> = {};
  for (const [name, content] of shared.needs) needs[name] = needOf(content, job.each === undefined ? undefined : track);
  const seed = job.params["seed"] ?? null;
  const context = {
    needs: guard("needs", needs),
    files: guard("files", Object.fromEntries(Object.entries(job.files).map(([name, source]) => [name, filesOf(`files.${name}`, source, job.root)]))),
    params: nested(job),
    prompts: guard("prompts", shared.prompts),
    models: guard("models", calls.models(job, item?.id, track, answered)),
    axis: guard("matrix", { ...job.axis }),
    random: (...labels: (string | number)[]) => seededRandom([seed, job.stage, item?.id ?? null, ...labels]),
    log,
    signal,
    output: job.output.path,
  };
  if (item !== undefined) return { ...context, item };
  return Object.defineProperty(context as StageContext, "item", {
    get: () => {
      throw new Error(`item is only there in a stage with \`each\`: add each: <stage> to ${job.stage}`);
    },
  });
}

/** `a.b` declared becomes `params.a.b`; neighbours of `b` stay hidden. */
function nested(job: CellJob): Record<string, Json> {
  interface Branch {
    [key: string]: Branch | { leaf: Json };
  }
  const tree: Branch = Object.create(null) as Branch;
  for (const path of Object.keys(job.params).sort()) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let branch = tree;
    let covered = false;
    for (const key of keys) {
      const next = (branch[key] ??= Object.create(null) as Branch);
      if ("leaf" in next && Object.getPrototypeOf(next) !== null) {
        covered = true;
        break;
      }
      branch = next as Branch;
    }
    if (!covered) branch[last] = { leaf: structuredClone(job.params[path]) as Json };
  }
  const build = (branch: Branch, section: string): Record<string, Json> =>
    guarded(
      job.stage,
      section,
      Object.fromEntries(Object.entries(branch).map(([key, value]) => [key, Object.getPrototypeOf(value) === null ? build(value as Branch, `${section}.${key}`) : (value as { leaf: Json }).leaf])),
    );
  return build(tree, "params");
}
