import type { ModelSpec } from "../pipeline/index.ts";
import { chatBody } from "./chat.ts";
import { createGateway } from "./gateway.ts";
import { costOf } from "./ledger.ts";
import { chatTokens, tokenCounter } from "./tokens.ts";
import type { InputTokens, TokenCounter } from "./tokens.ts";
import { CallError } from "./types.ts";
import type { Caller, Gateway, GatewayOptions } from "./types.ts";

/** What the calls of one stage and model role would be. */
export interface Forecast {
  stage: string;
  role: string;
  model: string;
  /** Calls that would be bought, calls whose answers are stored, and calls that ask again what another has asked. */
  calls: number;
  stored: number;
  shared: number;
  tokens: { input: number; output: number };
  /** What counted them: the model's own tokenizer, or one that stands in for it. */
  tokenizer: { name: string; own: boolean };
  /** Of the input: schemas, tools and images, whose way into the prompt no vendor documents. */
  undocumented: number;
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

  const spec = (role: string): ModelSpec => options.models[role] ?? { provider: "offline", model: role };
  const counters = new Map<string, Promise<TokenCounter>>();
  const counterOf = (role: string): Promise<TokenCounter> => {
    let counter = counters.get(role);
    if (counter === undefined) counters.set(role, (counter = tokenCounter(spec(role))));
    return counter;
  };

  const row = ({ stage }: Caller, role: string): Forecast => {
    const key = JSON.stringify([stage, role]);
    let found = rows.get(key);
    if (found === undefined) rows.set(key, (found = { stage, role, model: spec(role).model, calls: 0, stored: 0, shared: 0, tokens: { input: 0, output: 0 }, tokenizer: { name: "", own: true }, undocumented: 0, cost: undefined }));
    return found;
  };
  const add = async (caller: Caller, role: string, input: InputTokens, output: number, images = 0): Promise<void> => {
    const { name, own } = await counterOf(role);
    const found = row(caller, role);
    found.calls++;
    found.tokens.input += input.tokens;
    found.tokens.output += output;
    found.undocumented += input.undocumented;
    found.tokenizer = { name, own };
    const cost = images > 0 && spec(role).price?.image === undefined ? undefined : costOf({ input: input.tokens, cached_input: 0, output }, spec(role), images);
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
    if (made.cached) row(caller, role).shared++;
    else await missing(made);
    return made;
  };
  return {
    chat: (call, caller) =>
      storedOr(caller, call.role, (gateway) => gateway.chat(call, caller), async ({ value }) => {
        const counter = await counterOf(call.role);
        const body = chatBody({ name: call.role, spec: spec(call.role) }, call);
        // A made-up answer is about as long as a real one: closer than the bound of the request.
        const output = counter.count(typeof value === "string" ? value : JSON.stringify(value ?? ""));
        const bound = body["max_completion_tokens"] ?? body["max_tokens"];
        await add(caller, call.role, chatTokens(body, counter), typeof bound === "number" ? Math.min(bound, output) : output);
      }),
    async embed(call, caller) {
      // Text by text: those that are stored are not bought again.
      let from = kept ?? simulator;
      for (const text of new Set(call.texts)) {
        await storedOr(
          caller,
          call.role,
          (gateway) => {
            if (gateway === simulator) from = simulator;
            return gateway.embed({ ...call, texts: [text] }, caller);
          },
          async () => add(caller, call.role, { tokens: (await counterOf(call.role)).count(text), undocumented: 0 }, 0),
        );
      }
      return from.embed(call, caller);
    },
    image: (call, caller) =>
      storedOr(caller, call.role, (gateway) => gateway.image(call, caller), async () => add(caller, call.role, { tokens: (await counterOf(call.role)).count(call.request.prompt), undocumented: 0 }, 0, 1)),
    ledger: () => simulator.ledger(),
    calls: (cell) => simulator.calls(cell),
    forecast: () => [...rows.values()].sort((a, b) => (a.stage === b.stage ? (a.role < b.role ? -1 : 1) : a.stage < b.stage ? -1 : 1)),
    async close() {
      await kept?.close();
      await simulator.close();
    },
  };
}
