/** The answers of a system under test, from its predictions. */
import { defineStage } from "daguerre";
import { predictions } from "./release/predictions.ts";

export default defineStage(async ({ needs }) => {
  const { reader, entries } = await predictions(needs["predict"]);
  return entries.map(({ id, prediction, retrieved }) => ({ id, reader, prediction, retrieved, outcome: prediction === "" ? "empty" : "ok" }));
});
