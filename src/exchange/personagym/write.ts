import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "../../stats/index.ts";
import { fileNameOf, type Fields } from "../lines.ts";
import { TASKS } from "./tasks.ts";

/**
 * Writes records of { persona, task, question } as PersonaGym keeps them: questions/benchmark-v1/<persona>.json with the tasks in its order, each persona's
 * questions in the order of the records. A persona that is no file name is encoded, and personas.json beside the questions has its text. Returns the paths.
 */
export async function writeGym(directory: string, records: readonly Fields[]): Promise<string[]> {
  const personas = new Map<string, Map<string, string[]>>();
  for (const { id, persona, task, question } of records) {
    if (typeof persona !== "string" || typeof task !== "string" || typeof question !== "string" || persona === "") {
      throw new ReleaseError(`the record ${JSON.stringify(id ?? null)} has no persona, task and question: export personagym writes questions for personas, one record each`);
    }
    const tasks = personas.get(persona) ?? new Map<string, string[]>();
    personas.set(persona, tasks);
    tasks.set(task, [...(tasks.get(task) ?? []), question]);
  }
  const rank = (task: string): number => (TASKS as readonly string[]).indexOf(task) >>> 0;
  const folder = join(directory, "questions", "benchmark-v1");
  await mkdir(folder, { recursive: true });
  const encoded: Record<string, string> = {};
  const paths: string[] = [];
  for (const [persona, tasks] of personas) {
    const name = nameOf(persona);
    if (name !== `${persona}.json`) encoded[name] = persona;
    const value = Object.fromEntries([...tasks].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
    await writeFile(join(folder, name), `${JSON.stringify(value, null, 4)}\n`);
    paths.push(`questions/benchmark-v1/${name}`);
  }
  if (Object.keys(encoded).length > 0) {
    await writeFile(join(directory, "questions", "personas.json"), `${JSON.stringify(encoded, null, 4)}\n`);
    paths.push("questions/personas.json");
  }
  return paths.sort();
}

/** The persona's text where it can be a file's name; else encoded, and told apart by a hash where it was cut. */
function nameOf(persona: string): string {
  const name = fileNameOf(persona, /[^/\\:*?"<>|\p{Cc}\p{Cs}%]/u, 220);
  const whole = decodeURIComponent(name.replace(/%(?![0-9A-F]{2})/g, "%25")) === persona;
  return `${name}${whole ? "" : `~${createHash("sha256").update(persona).digest("hex").slice(0, 16)}`}.json`;
}
