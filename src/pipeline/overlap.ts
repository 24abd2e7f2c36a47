import { cellsOf } from "./cells.ts";
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
  const list = [...stages].flatMap((stage) => cellsOf(stage).map((cell): Place => ({ stage, path: cell.path })));
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
