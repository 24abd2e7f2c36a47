/** What a system under test may see of the questions: no answers, no evidence. */
import { defineStage } from "daguerre";

export default defineStage(async function* ({ needs }) {
  const { questions } = needs;
  if (questions === undefined) throw new Error("declare needs: [questions]");
  for await (const { id, community, person, owner, question } of questions.records()) {
    yield { id, community: community ?? null, person: person ?? null, owner: owner ?? null, question: question ?? null };
  }
});
