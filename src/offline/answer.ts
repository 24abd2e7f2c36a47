import { answerChat } from "./chat.ts";
import { answerEmbeddings } from "./embeddings.ts";
import type { WireObject } from "./wire.ts";

/** Answers one wire request. Throws a WireError for a request an OpenAI-compatible server would refuse. */
export async function answer(kind: "chat" | "embedding" | "image", body: WireObject): Promise<WireObject> {
  switch (kind) {
    case "chat":
      return answerChat(body);
    case "embedding":
      return answerEmbeddings(body);
    case "image":
      return (await import("./images.ts")).answerImage(body);
  }
}
