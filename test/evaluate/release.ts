import { readFileSync } from "node:fs";
import type { JsonRecord, Need } from "../../src/stage/index.ts";
import { gathered } from "./study.ts";

/** Real data beside the project, where there is any; see its README. Nothing of it is kept here. */
export const RELEASE = "../shared/data/personabench";

interface Result { q_id: string; prediction: string; retrieved_segment_ids: string[] }

/** What `evaluate` would be given for the predictions of one variant on community_0. */
export function releasedNeeds(variant: string): Record<string, Need> {
  const read = (path: string): unknown => JSON.parse(readFileSync(`${RELEASE}/${path}`, "utf8"));
  const root = "synthetic_data/community_0/eval_info";
  const people = (read(`${root}/eval_info_all.json`) as { Name: string; Eval_Info: { qa: Record<string, unknown>[] } }[]).slice(0, 3);
  const noises = [0, 0.3, 0.5, 0.7];
  const questions = noises.map((noise) => {
    const evidence = evidenceOf(readFileSync(`${RELEASE}/${root}/qa_gt_context_all_noise_${noise.toFixed(1)}.json`, "utf8"));
    const records = people.flatMap(({ Name, Eval_Info }, person) =>
      Eval_Info.qa.map((qa) => {
        const { q_id, ...rest } = qa;
        return { ...rest, id: String(q_id), community: 0, person, owner: Name, evidence: evidence.get(String(q_id)) ?? [] } as unknown as JsonRecord;
      }),
    );
    return { axis: { noise }, records };
  });
  const answers = noises.flatMap((noise) => {
    const models = read(`expected/${variant}/result_noise_${noise.toFixed(1)}.json`) as { Model: string; Results: Result[] }[];
    return models.map(({ Model, Results }) => {
      const [reader = "", retriever = ""] = Model.split("+");
      const order = new Map(questions.find(({ axis }) => axis.noise === noise)?.records.map(({ id }, place) => [id, place]));
      const records = Results.map(({ q_id, prediction, retrieved_segment_ids }) => ({ id: q_id, reader, prediction, retrieved: retrieved_segment_ids, outcome: "ok" }));
      records.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
      return { axis: { noise, retriever: retriever === "gt-context" ? "gold" : retriever }, records };
    });
  });
  return { questions: gathered(questions, "questions"), answer: gathered(answers, "answer") };
}

/** Evidence by question; keys of these files never look like array indices, so a plain parse keeps their order. */
function evidenceOf(text: string): Map<string, { key: string; ids: string[] }[]> {
  const entries = JSON.parse(text) as { q_id: string; segment_id: Record<string, string[]> }[];
  return new Map(entries.map(({ q_id, segment_id }) => [q_id, Object.entries(segment_id).map(([key, ids]) => ({ key, ids }))]));
}
