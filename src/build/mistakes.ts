import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { locateAbsent, nearestFile } from "../pipeline/index.ts";
import type { AbsentInput, Diagnostic } from "../pipeline/index.ts";
import { CodeError } from "../plan/index.ts";
import type { CellPlan } from "../plan/index.ts";
import type { Project, State } from "./project.ts";

/** Declared inputs that plans miss, as mistakes of the pipeline file; none where all are there. */
export async function missingInputs({ root, pipeline }: Project, plans: Iterable<CellPlan>): Promise<Diagnostic[]> {
  const absent = new Map<string, AbsentInput>();
  for (const plan of plans) {
    if (plan.action !== "blocked") continue;
    const stage = plan.cell.stage.name;
    for (const { label, path, message } of plan.missing) {
      const key = JSON.stringify([stage, label, path, message]);
      if (!absent.has(key)) absent.set(key, { stage, label, path, message, hint: message === "no such file" ? nearestFile(root, path, label.startsWith("files.")) : undefined });
    }
  }
  if (absent.size === 0) return [];
  const content = await readFile(join(root, pipeline.file)).catch(() => new Uint8Array());
  return locateAbsent(content, pipeline.file, [...absent.values()]);
}

/** Patterns of the stages of plans that match nothing, each once, in words: rarely what was meant, but no mistake. */
export async function idlePatterns({ planner }: State, plans: Iterable<CellPlan>): Promise<string[]> {
  const warnings: string[] = [];
  for (const stage of new Set(Array.from(plans, ({ cell }) => cell.stage))) {
    const inputs = await planner.stageInputs(stage);
    if (inputs instanceof CodeError) continue;
    for (const { label, pattern } of inputs.unmatched) warnings.push(`stage ${JSON.stringify(stage.name)}, ${label}: no file matches ${JSON.stringify(pattern)}`);
  }
  return warnings;
}
