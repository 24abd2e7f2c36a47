import { WholeFloat } from "./json.ts";
import { pythonJson } from "./python.ts";
import type { LevelStatistics } from "./released.ts";
import type { Answer } from "./types.ts";

/** Statistics in the bytes of the released scorer's statistics_all_noises.json: four spaces, means and levels as floats (`0.0`). No newline at the end. */
export function statisticsText(statistics: readonly LevelStatistics[]): string {
  return pythonJson(floats(statistics as unknown as Answer, ""), { indent: 4 });
}

/** Counts (`n`) stay whole numbers; every other number is a float. */
function floats(value: Answer, key: string): Answer {
  if (typeof value === "number") return key !== "n" && Number.isInteger(value) ? new WholeFloat(value) : value;
  if (Array.isArray(value)) return (value as readonly Answer[]).map((part) => floats(part, ""));
  if (value === null || typeof value !== "object" || value instanceof WholeFloat) return value;
  return new Map(Object.entries(value).map(([name, part]) => [name, floats(part as Answer, name)]));
}
