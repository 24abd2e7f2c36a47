import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { ReleaseError } from "../../stats/index.ts";
import { filesBelow, isFields, parsed } from "../lines.ts";
import { readText } from "../personabench/files.ts";
import { QUESTIONS_A_TASK, TASKS, type GymQuestion } from "./tasks.ts";

export interface Gym {
  personas: { id: string; persona: string }[];
  questions: GymQuestion[];
  /** What the protocol asks for and a file does not have. */
  warnings: string[];
}

/**
 * Reads PersonaGym's questions: <persona>.json files with { task: [questions] }, in the directory named or anywhere below it. A file's name is its persona; where
 * that cannot be a file name, personas.json (as our export writes it) has the text. Throws ReleaseError.
 */
export async function readGym(path: string): Promise<Gym> {
  const { base, names } = await filesBelow(path, /\.json$/);
  const listed = await listedNames(base, names);
  const gym: Gym = { personas: [], questions: [], warnings: [] };
  for (const name of names) {
    if (basename(name) === "personas.json") continue;
    const value = parsed(await readText(join(base, name)));
    if (!isFields(value) || !TASKS.some((task) => Array.isArray(value[task]))) {
      gym.warnings.push(`${name} is left out: it has none of the tasks ${TASKS.join(", ")}`);
      continue;
    }
    const persona = listed.get(basename(name)) ?? basename(name).slice(0, -".json".length);
    const id = createHash("sha256").update(persona).digest("hex").slice(0, 16);
    if (gym.personas.some((other) => other.id === id)) {
      gym.warnings.push(`${name} is left out: its persona was there before`);
      continue;
    }
    gym.personas.push({ id, persona });
    for (const [task, list] of Object.entries(value)) gym.questions.push(...questionsOf(list, task, persona, id, name, gym.warnings));
    for (const task of TASKS) if (!Array.isArray(value[task])) gym.warnings.push(`${name} has no task ${JSON.stringify(task)}`);
  }
  if (gym.personas.length === 0) throw new ReleaseError(`no questions in ${path}; PersonaGym has questions/benchmark-v1/<persona>.json${gym.warnings.length > 0 ? `: ${gym.warnings[0] ?? ""}` : ""}`);
  return gym;
}

function questionsOf(list: unknown, task: string, persona: string, id: string, name: string, warnings: string[]): GymQuestion[] {
  if (!Array.isArray(list) || !list.every((question) => typeof question === "string")) {
    warnings.push(`${name}: ${JSON.stringify(task)} is not a list of texts and is left out`);
    return [];
  }
  if (!(TASKS as readonly string[]).includes(task)) warnings.push(`${name} has the unknown task ${JSON.stringify(task)}`);
  if (list.length !== QUESTIONS_A_TASK) warnings.push(`${name}: ${JSON.stringify(task)} has ${list.length} questions, not ${QUESTIONS_A_TASK}`);
  const short = task.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return (list as string[]).map((question, at) => ({ id: `${id}/${short}/${at + 1}`, persona, task, number: at + 1, question }));
}

async function listedNames(base: string, names: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of names.filter((one) => basename(one) === "personas.json")) {
    const value = parsed(await readText(join(base, name)));
    if (isFields(value)) for (const [file, persona] of Object.entries(value)) if (typeof persona === "string") found.set(file, persona);
  }
  return found;
}
