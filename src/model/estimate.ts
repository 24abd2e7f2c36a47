import type { ModelSpec } from "../pipeline/index.ts";
import { chatBody, estimateChat } from "./chat.ts";
import { costOf } from "./ledger.ts";
import type { ChatCall } from "./types.ts";

/** What calls will take, without making them. */
export interface CallEstimate {
  calls: number;
  tokens: { input: number; output: number };
  /** USD; undefined where the model has no price. */
  cost: number | undefined;
  /** Relative error to expect of the input tokens: 0 for the simulator, whose tokenizer this is; of other models ±20 %, as English prose shows. */
  inputError: number;
  /** True where the output is bounded by the request; else it is assumed. */
  outputBounded: boolean;
}

/**
 * Tokens and cost of chat calls whose prompts are known. No tokenizer of a vendor is at hand, so input is counted by words and signs (see
 * offline/tokens.ts); output is the request's bound, or `typicalOutput` tokens where stored answers of the stage show one.
 */
export async function estimateCalls(role: { name: string; spec: ModelSpec }, calls: readonly ChatCall[], typicalOutput?: number): Promise<CallEstimate> {
  const total = { input: 0, cached_input: 0, output: 0 };
  let bounded = true;
  for (const call of calls) {
    const body = chatBody(role, call);
    const estimate = await estimateChat(body);
    const bound = body["max_completion_tokens"] ?? body["max_tokens"];
    bounded &&= typeof bound === "number";
    total.input += estimate.input;
    total.output += typicalOutput === undefined ? estimate.output : Math.min(typicalOutput, estimate.output);
  }
  return { calls: calls.length, tokens: { input: total.input, output: total.output }, cost: costOf(total, role.spec), inputError: role.spec.provider === "offline" ? 0 : 0.2, outputBounded: bounded };
}
