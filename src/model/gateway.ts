import { setMaxListeners } from "node:events";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { BatchStates } from "./batch-state.ts";
import { Budget } from "./budget.ts";
import { chat } from "./chat.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { embed } from "./embed.ts";
import { explainMissing } from "./frozen.ts";
import { image } from "./image.ts";
import { Ledger } from "./ledger.ts";
import type { Fetch } from "./provider/http.ts";
import { Purchases } from "./purchase.ts";
import type { FrozenReason, Obtained } from "./purchase.ts";
import type { Role } from "./request.ts";
import { Sources } from "./source.ts";
import { StatusBoard } from "./status.ts";
import { openStore } from "./store/open.ts";
import { CallError } from "./types.ts";
import type { Caller, Gateway, GatewayOptions } from "./types.ts";

/** What tests replace. */
export interface GatewayParts {
  clock?: Clock;
  fetch?: Fetch;
}

/** Milliseconds answers on the wire are awaited after an interrupt, so that what was paid for is kept. */
const GRACE_MS = 10_000;

/** The batches a project has out. */
export function batchStates(root: string): BatchStates {
  return new BatchStates(join(root, "cache", "calls", "batches"));
}

/** What is said where one artifact rests on two snapshots of one model. */
export const twoSnapshots = (cell: string, role: string, model: string, one: string, other: string): string =>
  `${cell}: models.${role} (${model}) was answered by two snapshots, ${one} and ${other}; name the snapshot in the pipeline file to have one`;

/** Opens the call store and the ways to the models. Throws a CallError of kind `store` where the store cannot be opened. */
export async function createGateway(options: GatewayOptions, parts: GatewayParts = {}): Promise<Gateway> {
  const clock = parts.clock ?? systemClock;
  const store = await openStore(options.root, options.store, (line) => options.onWarning?.(line));
  const wire = new AbortController();
  const stop = new AbortController();
  setMaxListeners(0, wire.signal, stop.signal);
  const onAbort = (): void => stop.abort(options.signal.reason);
  if (options.signal.aborted) onAbort();
  else options.signal.addEventListener("abort", onAbort, { once: true });
  const warned = new Set<string>();
  const onWarning = (line: string): void => {
    if (!warned.has(line)) {
      warned.add(line);
      options.onWarning?.(line);
    }
  };
  const ledger = new Ledger();
  const status = new StatusBoard(clock, (line, ms) => options.onStatus?.(line, ms));
  // Looking for the nearest stored call reads the store: the first missing call stops the run, those beside it need no search. They wait for it: who is
  // refused first is the one that is shown.
  let explained: Promise<unknown> | undefined;
  const explain = async (...[asked, key, damage]: Parameters<FrozenReason>): Promise<CallError> => {
    if (explained === undefined) {
      const first = explainMissing(asked, key, damage, store);
      explained = first.catch(() => {});
      return first;
    }
    await explained;
    await setImmediate();
    return explainMissing(asked, key, damage, undefined);
  };
  const purchases = new Purchases({
    store,
    budget: new Budget(options.maxCalls, options.maxCost, options.spent),
    clock,
    signal: stop.signal,
    frozen:
      options.frozen === "quiet" ? () => Promise.resolve(new CallError("frozen", "not stored"))
      : options.frozen === true ? explain
      : undefined,
    onWarning,
    status,
  });
  const sources = new Sources({ root: options.root, models: options.models, env: options.env, clock, signal: stop.signal, wire: wire.signal, status, onWarning, ledger, batches: batchStates(options.root), stored: async (key) => (await store.get(key)) !== undefined, ...(parts.fetch === undefined ? {} : { fetch: parts.fetch }) });
  const snapshots = new Map<string, string>();

  const roleOf = (name: string): Role => {
    const spec = Object.hasOwn(options.models, name) ? options.models[name] : undefined;
    if (spec === undefined) throw new CallError("request", `there is no model role "${name}"; declare it under models in the pipeline file`);
    return { name, spec };
  };
  const counting = ({ name, spec }: Role, caller: Caller, images = 0) => ({ answer, cached }: Obtained): void => {
    ledger.add(caller, name, spec, !cached, answer.usage, images);
    options.onAnswer?.(answer.key);
    caller.heard?.(answer.key);
    const first = snapshots.get(`${caller.cell}\0${name}`);
    if (first === undefined) snapshots.set(`${caller.cell}\0${name}`, answer.model);
    else if (first !== answer.model) onWarning(twoSnapshots(caller.cell, name, spec.model, first, answer.model));
  };

  return {
    async chat(call, caller) {
      const role = roleOf(call.role);
      return chat(role, call, caller, purchases, sources, counting(role, caller));
    },
    async embed(call, caller) {
      const role = roleOf(call.role);
      return embed(role, call, caller, purchases, sources, counting(role, caller));
    },
    async image(call, caller) {
      const role = roleOf(call.role);
      return image(role, call, caller, purchases, sources, counting(role, caller, 1));
    },
    ledger: () => ledger.list(),
    calls: (cell) => ledger.cell(cell),
    async close() {
      const done = new AbortController();
      await purchases.settled(clock.sleep(GRACE_MS, done.signal));
      done.abort();
      await sources.settle();
      wire.abort();
      options.signal.removeEventListener("abort", onAbort);
      await store.close();
    },
  };
}
