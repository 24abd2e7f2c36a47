import type { ModelSpec } from "../pipeline/index.ts";
import { estimateCalls } from "./estimate.ts";
import { createGateway } from "./gateway.ts";
import { costOf } from "./ledger.ts";
import { CallError } from "./types.ts";
import type { Caller, Gateway, GatewayOptions } from "./types.ts";

/** What the calls of one stage and model role would be. */
export interface Forecast {
  stage: string;
  role: string;
  model: string;
  /** Calls that would be bought, and calls whose answers are stored. */
  calls: number;
  stored: number;
  tokens: { input: number; output: number };
  /** USD; undefined where the model has no price. */
  cost: number | undefined;
}

export interface RehearsalGateway extends Gateway {
  /** Rows sorted by stage, then role. */
  forecast(): Forecast[];
}

/**
 * A gateway that buys nothing: stored answers are given as they are, missing ones are counted and made up by the simulator, so that a stage goes
 * on and asks what it would ask next. Prompts that hold earlier answers are therefore estimates. `scratch` is a directory for made-up answers.
 */
export async function createRehearsal(options: Omit<GatewayOptions, "frozen" | "maxCalls" | "maxCost">, scratch: string, hasStore: boolean): Promise<RehearsalGateway> {
  const { store: _, ...rest } = options;
  const kept = hasStore ? await createGateway({ ...options, frozen: "quiet" }) : undefined;
  const standIns = Object.fromEntries(Object.entries(options.models).map(([role, { model }]): [string, ModelSpec] => [role, { provider: "offline", model }]));
  const simulator = await createGateway({ ...rest, root: scratch, models: standIns });
  const rows = new Map<string, Forecast>();

  const row = ({ stage }: Caller, role: string): Forecast => {
    const key = JSON.stringify([stage, role]);
    let found = rows.get(key);
    if (found === undefined) rows.set(key, (found = { stage, role, model: options.models[role]?.model ?? "", calls: 0, stored: 0, tokens: { input: 0, output: 0 }, cost: undefined }));
    return found;
  };
  const add = (caller: Caller, role: string, calls: number, tokens: { input: number; output: number }, cost: number | undefined): void => {
    const found = row(caller, role);
    found.calls += calls;
    found.tokens.input += tokens.input;
    found.tokens.output += tokens.output;
    if (cost !== undefined) found.cost = (found.cost ?? 0) + cost;
  };
  const storedOr = async <T extends { cached: boolean }>(caller: Caller, role: string, ask: (gateway: Gateway) => Promise<T>, missing: (made: T) => Promise<void>): Promise<T> => {
    if (kept !== undefined) {
      try {
        const result = await ask(kept);
        row(caller, role).stored++;
        return result;
      } catch (error) {
        if (!(error instanceof CallError) || error.kind !== "frozen") throw error;
      }
    }
    const made = await ask(simulator);
    // Asked before in this rehearsal: it would be bought once.
    if (made.cached) row(caller, role).stored++;
    else await missing(made);
    return made;
  };
  const spec = (role: string): ModelSpec => options.models[role] ?? { provider: "offline", model: role };

  return {
    chat: (call, caller) =>
      storedOr(caller, call.role, (gateway) => gateway.chat(call, caller), async ({ usage }) => {
        // A made-up answer is about as long as a real one: closer than the bound of the request.
        const { tokens, cost } = await estimateCalls({ name: call.role, spec: spec(call.role) }, [call], usage.output);
        add(caller, call.role, 1, tokens, cost);
      }),
    embed: (call, caller) =>
      storedOr(caller, call.role, (gateway) => gateway.embed(call, caller), async () => {
        const { countTokens } = await import("../offline/tokens.ts");
        const tokens = { input: call.texts.reduce((sum, text) => sum + countTokens(text), 0), output: 0 };
        add(caller, call.role, call.texts.length, tokens, costOf({ ...tokens, cached_input: 0 }, spec(call.role)));
      }),
    image: (call, caller) =>
      storedOr(caller, call.role, (gateway) => gateway.image(call, caller), async () => {
        const price = spec(call.role).price?.image;
        add(caller, call.role, 1, { input: 0, output: 0 }, price);
        return Promise.resolve();
      }),
    ledger: () => simulator.ledger(),
    calls: (cell) => simulator.calls(cell),
    forecast: () => [...rows.values()].sort((a, b) => (a.stage === b.stage ? (a.role < b.role ? -1 : 1) : a.stage < b.stage ? -1 : 1)),
    async close() {
      await kept?.close();
      await simulator.close();
    },
  };
}
