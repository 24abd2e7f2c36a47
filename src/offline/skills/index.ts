import type { Skill } from "../skill.ts";
import { graphLinks, graphMembers } from "./community.ts";
import { profileDraft, profileSocial } from "./profile.ts";
import { personaDraft } from "./persona.ts";
import { readerAnswer } from "./reader/answer.ts";
import { writeConversation } from "./sessions/conversation.ts";
import { writePurchase } from "./sessions/purchase.ts";
import { writeUserAi } from "./sessions/user-ai.ts";

/** The skills by name of the response schema (file name without `.schema.json`). A schema without one goes to the generic writer. */
export const skills: Readonly<Record<string, Skill>> = {
  conversation: writeConversation,
  "graph-links": graphLinks,
  "graph-members": graphMembers,
  "persona-draft": personaDraft,
  "profile-draft": profileDraft,
  "profile-social": profileSocial,
  purchase: writePurchase,
  "reader-answer": readerAnswer,
  "user-ai": writeUserAi,
};
