/** The reader's answer to one question from the sessions that were retrieved for it; it sees their text and the question, nothing else. */
import { defineStage } from "daguerre";

export default defineStage(async ({ item, needs, prompts, models }) => {
  const { questions, documents } = needs;
  const prompt = prompts["answer"];
  const reader = models["reader"];
  if (questions === undefined || documents === undefined || prompt === undefined || reader === undefined) {
    throw new Error("declare needs: [documents, questions], prompts: { answer: … } and models: [reader]");
  }
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
