import { plainJson, type Ordered } from "../json.ts";
import type { Answer, Evidence } from "../types.ts";
import { ReleaseError } from "./layout.ts";
import { Node } from "./read.ts";

/** One question of eval_info_all.json. */
export interface ReleaseQuestion {
  id: string;
  /** Place of the person in the file, from 0, and their name. */
  person: number;
  owner: string;
  question: string;
  answer: Answer;
  type: string;
  difficulty: string;
  outdated_value: Answer;
}

/** The questions of a parsed eval_info_all.json, in file order. `file` is for messages. Throws ReleaseError. */
export function releaseQuestions(evalInfo: Ordered, file: string): ReleaseQuestion[] {
  const seen = new Map<string, string>();
  return new Node(evalInfo, file).list().flatMap((entry, person) => {
    const owner = entry.get("Name").string();
    return entry
      .get("Eval_Info")
      .get("qa")
      .list()
      .map((qa): ReleaseQuestion => {
        const id = qa.get("q_id").string();
        const before = seen.get(id);
        if (before !== undefined) throw new ReleaseError(`${qa.where}: question ${JSON.stringify(id)} is already at ${before}`);
        seen.set(id, qa.where);
        return {
          id,
          person,
          owner,
          question: qa.get("question").string(),
          answer: qa.get("answer").present() as Answer,
          type: qa.get("type").string(),
          difficulty: qa.get("difficulty").string(),
          outdated_value: (qa.get("outdated_value").value ?? null) as Answer,
        };
      });
  });
}

/** Names of the people of a parsed eval_info_all.json, in order. */
export function releasePeople(evalInfo: Ordered, file: string): string[] {
  return new Node(evalInfo, file).list().map((entry) => entry.get("Name").string());
}

/** Evidence per question id of a parsed qa_gt_context_all_noise_<r>.json, keys in file order. Throws ReleaseError. */
export function releaseEvidence(context: Ordered, file: string): Map<string, Evidence[]> {
  const out = new Map<string, Evidence[]>();
  for (const entry of new Node(context, file).list()) {
    const id = entry.get("q_id").string();
    if (out.has(id)) throw new ReleaseError(`${entry.where}: question ${JSON.stringify(id)} has evidence twice`);
    out.set(id, evidenceOf(entry.get("segment_id")));
  }
  return out;
}

/** The evidence object of one question as a list in key order. */
export function evidenceOf(node: Node): Evidence[] {
  return [...node.map().keys()].map((key) => ({ key, ids: node.get(key).list().map((id) => id.string()) }));
}

/** An answer as plain JSON, for records. */
export function plainAnswer(answer: Answer): unknown {
  return plainJson(answer as Ordered);
}
