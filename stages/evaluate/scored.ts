import { category, type Clustered, type Mode, type Score } from "daguerre/stats";
import type { System } from "./types.ts";

/** Enough for the second decimal of an end of an interval. */
export const RESAMPLES = 1000;

/** A scored question with the unit that is resampled: the person it is about. */
export interface Scored {
  id: string;
  cluster: string;
  category: string;
  score: Score;
}

export function scoredOf(system: System, mode: Mode): Scored[] {
  return system.results.flatMap(({ question, scores }) => {
    const score = scores[mode];
    return score === undefined ? [] : [{ id: question.id, cluster: `${question.community}/${question.person}`, category: category(question, mode), score }];
  });
}

/** Values weighted so that their mean is the mean of the groups' means; the weights stay what they are when people are resampled. */
export function balanced(groups: readonly Clustered[][]): Clustered[] {
  const filled = groups.filter((group) => group.length > 0);
  const n = filled.reduce((sum, group) => sum + group.length, 0);
  return filled.flatMap((group) => group.map(({ cluster, value }) => ({ cluster, value: (value * n) / (filled.length * group.length) })));
}
