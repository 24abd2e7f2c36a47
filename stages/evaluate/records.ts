import type { Json, JsonRecord } from "daguerre";
import type { Score } from "daguerre/stats";
import { category } from "daguerre/stats";
import { METRICS, type Study } from "./types.ts";

/** scores.jsonl: one record per scored question, system and noise level, at full precision; the fixed scores at the top, the compat ones under `compat`. */
export function* scoreRecords(study: Study): Generator<JsonRecord> {
  for (const { noise, systems } of study.levels) {
    for (const { name, reader, retriever, results } of systems) {
      for (const { question, k, outcome, scores } of results) {
        if (scores.fixed === undefined || scores.compat === undefined) continue;
        yield {
          id: `${question.id}@noise=${noise},system=${name}`,
          question: question.id,
          noise,
          system: name,
          reader,
          retriever,
          k,
          outcome,
          community: question.community,
          person: question.person,
          type: question.type,
          difficulty: question.difficulty,
          category: category(question, "fixed"),
          ...(question.hops === undefined ? {} : { hops: question.hops }),
          ...values(scores.fixed),
          compat: { category: category(question, "compat"), ...values(scores.compat) },
        };
      }
    }
  }
}

function values(score: Score): Record<string, Json> {
  return { ...Object.fromEntries(METRICS.map((metric) => [metric, score[metric]])), flags: score.flags };
}
