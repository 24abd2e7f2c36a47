import { cellsOf, splitOutput } from "./cells.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Span } from "./source.ts";
import type { Stage } from "./types.ts";
import { quote } from "./words.ts";

interface Place {
  stage: Stage;
  path: string;
}

/** Two stages may not write the same path, nor one inside the artifact of the other. Linear in the number of cells. */
export function checkOverlap(stages: Iterable<Stage>, spanOf: (stage: Stage) => Span, mistakes: Mistakes): void {
  const places = new Map<string, Place>();
  const list = suspects([...stages]).flatMap((stage) => cellsOf(stage).map((cell): Place => ({ stage, path: cell.path })));
  const reported = new Set<string>();
  const report = (place: Place, other: Place, message: string) => {
    const pair = `${place.stage.name} ${other.stage.name}`;
    if (reported.has(pair)) return;
    reported.add(pair).add(`${other.stage.name} ${place.stage.name}`);
    mistakes.at(spanOf(place.stage), message, "give one of them another output");
  };

  for (const place of list) {
    // Compared without case: `A.json` and `a.json` are one file on macOS and Windows.
    const key = place.path.toLowerCase();
    const other = places.get(key);
    if (!other) places.set(key, place);
    else if (other.stage !== place.stage) {
      const same = other.path === place.path ? `both write ${quote(place.path)}` : `write ${quote(other.path)} and ${quote(place.path)}, which are one file on macOS and Windows`;
      report(place, other, `stages ${quote(other.stage.name)} and ${quote(place.stage.name)} ${same}`);
    }
  }
  for (const place of list) {
    const key = place.path.toLowerCase();
    for (let at = key.indexOf("/"); at >= 0; at = key.indexOf("/", at + 1)) {
      const outer = places.get(key.slice(0, at));
      if (outer && outer.stage !== place.stage) {
        report(place, outer, `stage ${quote(place.stage.name)} writes ${quote(place.path)} inside ${quote(outer.path)} of stage ${quote(outer.stage.name)}`);
      }
    }
  }
}

/** Stages whose outputs share a path or lie in one another's folders: only their cells need to be looked at one by one. */
function suspects(stages: readonly Stage[]): Stage[] {
  const roots = new Map<string, Stage[]>();
  const rootOf = (stage: Stage) => (stage.matrix.length > 0 ? splitOutput(stage.output).stem : stage.output.path).toLowerCase();
  for (const stage of stages) {
    const list = roots.get(rootOf(stage));
    if (list) list.push(stage);
    else roots.set(rootOf(stage), [stage]);
  }
  const found = new Set<Stage>();
  for (const [root, here] of roots) {
    if (here.length > 1) for (const stage of here) found.add(stage);
    for (let at = root.indexOf("/"); at >= 0; at = root.indexOf("/", at + 1)) {
      const outer = roots.get(root.slice(0, at));
      if (outer) for (const stage of [...here, ...outer]) found.add(stage);
    }
  }
  return stages.filter((stage) => found.has(stage));
}
