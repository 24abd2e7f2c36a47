/**
 * The simulator behind `provider: offline`: OpenAI's wire format answered in process, deterministically, from the request alone. It is no model:
 * chat is written by skills and templates, embeddings are hashed n-grams, images are drawn from attributes.
 */
export { answer } from "./answer.ts";
export { embedText, DIMENSIONS } from "./embeddings.ts";
export { countMessageTokens, countTokens } from "./tokens.ts";
export { SIMULATOR_VERSION } from "./version.ts";
export { WireError } from "./wire.ts";
export type { WireObject } from "./wire.ts";
export type { Skill, SkillRequest } from "./skill.ts";
export type { Misbehaviour } from "./misbehave.ts";
export type { OfflineServer, ServeOptions } from "./server.ts";
/** Starts the loopback server; its code is loaded only then. */
export const serve = async (options?: import("./server.ts").ServeOptions): Promise<import("./server.ts").OfflineServer> => (await import("./server.ts")).serve(options);
