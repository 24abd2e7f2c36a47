import { defineStage } from "daguerre";

/** One structured answer per person. An answer is bought once and kept under the hash of its request. */
export default defineStage(async ({ item, prompts, models }) => {
  const answer = await models.writer.chat<{ bio: string }>({
    prompt: prompts.bio.render({ person: item }),
    schema: "schemas/bio.schema.json",
  });
  if (answer.outcome !== "ok") throw new Error(`no bio: ${answer.outcome}`);
  return { ...item, bio: answer.value.bio };
});
