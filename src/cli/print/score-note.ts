import { unitsNeeded, verdictOf } from "../../report/index.ts";
import type { ScoreChange, ScoreVerdict } from "../../report/index.ts";
import { count } from "./words.ts";

/** What the words of paired scores mean here, and how many tests they stand on; only what applies. */
export function scoreNote(changes: readonly ScoreChange[]): string {
  const moving = changes.filter(({ test, moved }) => test !== null && moved > 0);
  if (moving.length === 0) return "";
  const has = (verdict: ScoreVerdict): boolean => moving.some((change) => verdictOf(change) === verdict);
  const named = moving.some(({ test }) => (test?.people.length ?? 0) > 0);
  const [main, parts] = [false, true].map((detail) => moving.filter((change) => change.detail === detail));
  const families = [main ?? [], parts ?? []].filter((family) => family.length > 0);
  const tests = families.map((family) => (family.length === 1 ? "one test" : count(family.length, "test")));
  const corrected = families.every((family) => family.length === 1) ? "" : `, after Holm's correction for ${tests.join(" and, for parts of groups and fields below the top, for ")}`;
  return [
    "Means over the same records on both sides, 95 % interval of their difference.",
    ...(has("up") || has("down") || has("weak") || has("none") ? [`p: sign flips of ${named ? "whole people" : "records"}${corrected}.`] : []),
    ...families.flatMap(limitOf),
    ...(has("weak") ? ["Weak: clear if it were the only test."] : []),
    ...(has("none") ? ["No clear change: chance could do as much."] : []),
    ...(has("few") ? [`Too few ${named ? "people" : "records"}: with fewer than ${unitsNeeded(1)} no change can be told from chance.`] : []),
  ].join(" ");
}

/** Where there are too few people or records for any of so many tests to be clear, that is no finding. */
function limitOf(family: readonly ScoreChange[]): string[] {
  const able = family.filter((change) => verdictOf(change) !== "few");
  const most = Math.max(0, ...able.map(({ test }) => test?.clusters ?? 0));
  const needed = unitsNeeded(family.length);
  if (able.length === 0 || most >= needed) return [];
  const named = able.some(({ test }) => (test?.people.length ?? 0) > 0);
  return [`With ${count(most, named ? "person" : "record", named ? "people" : "records")} none of ${family.length.toLocaleString("en-US")} tests can be clear after correction: that takes ${needed}.`];
}
