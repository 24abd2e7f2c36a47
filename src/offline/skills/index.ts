import type { Skill } from "../skill.ts";
import { personaDraft } from "./persona.ts";
import { writeConversation } from "./sessions/conversation.ts";
import { writePurchase } from "./sessions/purchase.ts";
import { writeUserAi } from "./sessions/user-ai.ts";

/** The skills by name of the response schema (file name without `.schema.json`). A schema without one goes to the generic writer. */
export const skills: Readonly<Record<string, Skill>> = {
  conversation: writeConversation,
  "persona-draft": personaDraft,
  purchase: writePurchase,
  "user-ai": writeUserAi,
};
