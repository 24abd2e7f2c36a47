/**
 * The API of stage modules: `import { defineStage } from "daguerre"`.
 */
import type { StageFunction } from "./types.ts";

export type * from "./types.ts";

/** Marks a function as a stage. The identity: it exists for its types. */
export function defineStage(stage: StageFunction): StageFunction {
  return stage;
}
