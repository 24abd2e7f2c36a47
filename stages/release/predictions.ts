import type { Json, Need } from "daguerre";
import { leaves, splitModel, type Answer } from "daguerre/stats";

/** One answer of a system under test. */
export interface Prediction {
  id: string;
  /** As text: a list is joined by commas. */
  prediction: string;
  retrieved: string[];
}

/** The one model of a file in the release's result format. Throws where there is none or more, or an entry is of another shape. */
export async function predictions(need: Need | undefined): Promise<{ reader: string; retriever: string; entries: Prediction[] }> {
  if (need === undefined) throw new Error("declare needs: [predict]");
  const value = await need.json();
  const models = Array.isArray(value) ? value : [value];
  const [model] = models;
  if (models.length !== 1 || !isObject(model)) throw new Error(`the predictions hold ${models.length} models: give each system a pipeline of its own, or score the file with dag score personabench`);
  const { Model: name, Results: results } = model;
  if (typeof name !== "string" || !Array.isArray(results)) throw new Error('predictions are a list of one { "Model": "reader+retriever", "Results": [ … ] }');
  const { reader, retriever } = splitModel(name);
  return { reader, retriever: retriever === "" ? "none" : retriever, entries: results.map(entry) };
}

function entry(value: Json, place: number): Prediction {
  if (!isObject(value) || typeof value["q_id"] !== "string") throw new Error(`Results[${place}] has no q_id`);
  const retrieved = value["retrieved_segment_ids"] ?? [];
  if (!Array.isArray(retrieved) || !retrieved.every((id) => typeof id === "string")) throw new Error(`Results[${place}]: retrieved_segment_ids of ${value["q_id"]} is not a list of strings`);
  return { id: value["q_id"], prediction: leaves((value["prediction"] ?? null) as Answer).join(", "), retrieved };
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
