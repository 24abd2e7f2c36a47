import type { Model, Need } from "../../src/stage/index.ts";
import type { StageContext } from "../../src/stage/index.ts";
import evaluate from "../../stages/evaluate.ts";

/** Runs the stage as the build would, on needs in memory; files by relative path. */
export async function runEvaluate(needs: Record<string, Need>, provider = "offline"): Promise<Record<string, unknown>> {
  const context = { needs, params: { seed: 7 }, models: { reader: { provider, model: "reader-1" } as Model }, log: () => undefined } as unknown as StageContext;
  return (await evaluate(context)) as Record<string, unknown>;
}
