import type { Mode } from "./types.ts";

/**
 * The category a question counts in: type and difficulty joined by underscores, e.g. `Preference_hard`.
 * Compat calls everything but Preference easy, as the released scorer does; fixed keeps Social easy and hard apart.
 */
export function category(question: { type: string; difficulty: string }, mode: Mode): string {
  const difficulty = mode === "fixed" || question.type === "Preference" ? question.difficulty : "easy";
  return `${question.type} ${difficulty}`.replaceAll(" ", "_");
}
