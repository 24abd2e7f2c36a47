/**
 * A reader's answer to one question from the sessions that were retrieved for it; it sees their text and the question, nothing else. The axis `reader`,
 * where there is one, names the model.
 */
import { defineStage } from "daguerre";

export default defineStage(async ({ item, needs, prompts, models, axis }) => {
  const { questions, documents } = needs;
  const prompt = prompts["answer"];
  if (questions === undefined || documents === undefined || prompt === undefined) throw new Error("declare needs: [documents, questions] and prompts: { answer: … }");
  const role = Object.hasOwn(axis, "reader") ? String(axis["reader"]) : "reader";
  const reader = Object.hasOwn(models, role) ? models[role] : undefined;
  if (reader === undefined) throw new Error(`the reader ${JSON.stringify(role)} is no model of this stage: add it under models in the pipeline, and to the stage's models`);
  const question = await questions.get(item.id);
  if (question === undefined) throw new Error(`question ${JSON.stringify(item.id)} was retrieved for and is not among the questions`);
  const retrieved = item["retrieved"] as string[];
  const chunks: string[] = [];
  // The gold context repeats ids to fill its k places; a session is read once.
  for (const id of new Set(retrieved)) {
    const document = await documents.get(id);
    if (document !== undefined) chunks.push(String(document["text"]));
  }
  const { value, outcome } = await reader.chat<{ answer: string }>({
    prompt: prompt.render({ question: question["question"], chunks }),
    schema: "schemas/reader-answer.schema.json",
  });
  return { id: item.id, reader: reader.model, prediction: outcome === "ok" ? value.answer : "", retrieved, outcome };
});
