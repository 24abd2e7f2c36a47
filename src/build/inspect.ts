import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Stage } from "../pipeline/index.ts";
import type { CellPlan } from "../plan/index.ts";
import type { Json } from "../stage/index.ts";
import { missingInputs } from "./mistakes.ts";
import type { Project } from "./project.ts";
import { compileSchema } from "./validate.ts";

/** Something a run of the project would stumble over. */
export interface Fault {
  /** A stage, or the pipeline file. */
  of: string;
  message: string;
  /** What to do about it. */
  advice: string;
}

/** Looks for everything that can be known to fail before anything runs: inputs (prompts are parsed with them), code, programs, schemas. */
export async function inspect(project: Project, plans: readonly CellPlan[]): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { file, line, column, message, hint } of await missingInputs(project, plans)) faults.push({ of: "pipeline", message: `${file}:${line}:${column}: ${message}`, advice: hint ?? "make it, or mend the path" });
  const stages = new Map(plans.map((plan) => [plan.cell.stage, plan]));
  for (const [stage, plan] of stages) {
    const report = (message: string | undefined, advice: string): void => void (message !== undefined && faults.push({ of: `stage ${stage.name}`, message, advice }));
    if (plan.action === "blocked" && plan.missing.length === 0) report(plan.message.split("\n")[0], "mend the code");
    report(lackingProgram(project, stage), "install it, or mend cmd");
    for (const path of typeof stage.schema === "string" ? [stage.schema] : Object.values(stage.schema ?? {})) report(await schemaFault(project.root, path), "mend the schema");
  }
  return faults;
}

/** The program of a command (of a shell script its first word, where that is a plain one) that is not there. */
function lackingProgram({ root, options: { env } }: Project, { action }: Stage): string | undefined {
  if (action.kind === "module") return undefined;
  const [word = ""] = action.kind === "command" ? action.argv : action.script.trimStart().split(/[\s;|&()<>]/);
  if (!/^[\w.+/-]+$/.test(word)) return undefined;
  if (word.includes("/")) return isExecutable(isAbsolute(word) ? word : resolve(root, word)) ? undefined : `${word} is not a program that can be run`;
  const path = env["PATH"] ?? "";
  // Of a shell it may be a word of its own.
  const known = action.kind === "shell" ? spawnSync("sh", ["-c", 'command -v "$1"', "sh", word], { env: { PATH: path }, stdio: "ignore" }).status === 0 : path.split(delimiter).some((directory) => isExecutable(join(directory, word)));
  return known ? undefined : `${word} is not on PATH`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, or not to be run
  }
}

async function schemaFault(root: string, path: string): Promise<string | undefined> {
  const text = textOf(root, path);
  if (text === undefined) return undefined;
  let schema: Json;
  try {
    schema = JSON.parse(text) as Json;
  } catch (error) {
    return `${path}: not JSON: ${(error as Error).message}`;
  }
  return compileSchema({ path, schema }).then(() => undefined, (error: unknown) => (error as Error).message);
}

function textOf(root: string, path: string): string | undefined {
  try {
    return readFileSync(resolve(root, path), "utf8");
  } catch {
    return undefined; // missing: told as such
  }
}
