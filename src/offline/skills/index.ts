import type { Skill } from "../skill.ts";

/** The skills by name of the response schema (file name without `.schema.json`). A schema without one goes to the generic writer. */
export const skills: Readonly<Record<string, Skill>> = {};
