/** The rankings of a system under test, from its predictions. */
import { defineStage } from "daguerre";
import { predictions } from "./release/predictions.ts";

export default defineStage(async ({ needs, params }) => {
  const { retriever, entries } = await predictions(needs["predict"]);
  return entries.map(({ id, retrieved }) => ({ id, retriever, k: Number(params["k"]), retrieved, scores: [] }));
});
