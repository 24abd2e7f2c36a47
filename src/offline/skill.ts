import type { Json, Random } from "../stage/index.ts";

/** What a skill knows: the wire request and nothing else. */
export interface SkillRequest {
  /** The model asked; some skills have more than one temper. */
  model: string;
  /** `response_format.json_schema.name` of the request. */
  schemaName: string;
  /** The JSON Schema as sent. */
  schema: { [key: string]: Json };
  /** The text of all messages, joined by blank lines. */
  prompt: string;
  /** Every ```json block of the prompt that parses, in order. */
  facts: Json[];
  /** Seeded by the bytes of the request: another prompt, another wording. */
  random: Random;
}

/** Answers a request in the shape of its schema, or undefined to leave it to the generic writer. A skill never reads files, clock or environment. */
export type Skill = (request: SkillRequest) => Json | undefined;
