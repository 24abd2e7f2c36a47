import type { AxisValue, Stage } from "./types.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Span } from "./source.ts";
import { quote } from "./words.ts";

/** How the axes of a stage meet those of one it needs: by name. */
export interface Meeting {
  shared: string[];
  /** Only upstream has them: all cells along them are gathered. */
  gathered: string[];
}

export function meet(stage: Pick<Stage, "matrix">, upstream: Pick<Stage, "matrix">): Meeting {
  const own = new Set(stage.matrix.map((axis) => axis.name));
  const names = upstream.matrix.map((axis) => axis.name);
  return { shared: names.filter((name) => own.has(name)), gathered: names.filter((name) => !own.has(name)) };
}

/** Every value of a shared axis must have its cell upstream; `each` runs over one artifact, not over gathered ones. */
export function checkAxes(stages: ReadonlyMap<string, Stage>, spanOf: (stage: Stage, field: string, key: string) => Span, mistakes: Mistakes): void {
  for (const stage of stages.values()) {
    for (const need of stage.needs) {
      const upstream = stages.get(need);
      if (!upstream || upstream === stage) continue;
      const { shared, gathered } = meet(stage, upstream);
      for (const axis of shared) {
        const theirs = valuesOf(upstream, axis);
        const set = new Set(theirs);
        const missing = valuesOf(stage, axis).filter((value) => !set.has(value));
        if (missing.length === 0 || theirs.length === 0) continue;
        const list = missing.slice(0, 5).map((value) => `${axis}=${JSON.stringify(value)}`).join(", ") + (missing.length > 5 ? `, … (${String(missing.length)})` : "");
        mistakes.at(spanOf(stage, "matrix", axis), `stage ${quote(stage.name)} has ${list}, but ${quote(need)}, which it needs, has no such cell`, `${quote(need)} has ${axis} ${theirs.slice(0, 8).map((value) => JSON.stringify(value)).join(", ")}${theirs.length > 8 ? ", …" : ""}`);
      }
      if (stage.each === need) {
        if (upstream.output.kind !== "jsonl") {
          mistakes.at(spanOf(stage, "each", ""), `stage ${quote(stage.name)} runs once per record of ${quote(need)}, whose output ${quote(upstream.output.path)} is not a .jsonl`);
        }
        if (gathered.length > 0) {
          const missing = gathered.map(quote).join(", ");
          mistakes.at(spanOf(stage, "each", ""), `stage ${quote(stage.name)} runs once per record of ${quote(need)}, which has one artifact per ${missing}`, `give it the same matrix: ${gathered.map((axis) => `${axis}: …`).join(", ")}`);
        }
      }
    }
  }
}

function valuesOf(stage: Stage, axis: string): AxisValue[] {
  return stage.matrix.find(({ name }) => name === axis)?.values ?? [];
}
