import { existsSync, statfsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { idlePatterns, inspect } from "../build/index.ts";
import type { Project } from "../build/index.ts";
import { printable } from "../pipeline/index.ts";
import { readLock, removeTree, tempPath, writeAtomic } from "../store/index.ts";
import { common, EXIT, openProject, printJson, printWarning, TOOL, useColor, withCommon } from "./common.ts";
import { count } from "./print/words.ts";

interface Check {
  name: string;
  ok: boolean;
  detail: string;
  /** What to type where it is not ok. */
  advice?: string;
}

export function doctorCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("doctor"))
    .description("is everything in place: Node, the tool, the pipeline with its inputs, code, programs, prompts and schemas, the cache, models and keys")
    .action(async () => {
      const checks = [...(await machine()), ...(await project())];
      const color = useColor(process.stdout);
      for (const { name, ok, detail, advice } of checks) {
        if (common.json) printJson({ event: "check", name, ok, detail, ...(advice === undefined ? {} : { advice }) });
        else process.stdout.write(`${ok ? (color ? "\u001b[32mok\u001b[0m  " : "ok  ") : color ? "\u001b[31mBAD\u001b[0m " : "BAD "} ${name.padEnd(14)} ${printable(detail)}${ok || advice === undefined ? "" : `\n                   → ${advice}`}\n`);
      }
      exit(checks.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed);
    });
}

async function machine(): Promise<Check[]> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const checks: Check[] = [
    { name: "node", ok: major > 20 || (major === 20 && minor >= 19), detail: process.version, advice: "install Node 20.19 or newer" },
    { name: "tool", ok: existsSync(join(TOOL, "worker.mjs")) && existsSync(join(TOOL, "stage.mjs")), detail: "command, worker and stage API are built", advice: "npm ci builds them" },
  ];
  for (const [name, load, what] of [
    ["esbuild", () => import("esbuild"), "loads stage modules"],
    ["lmdb", () => import("lmdb"), "keeps answers"],
    ["yaml", () => import("yaml"), "reads pipelines"],
  ] as const) {
    const error = await load().then(() => undefined, (e: unknown) => (e as Error).message.split("\n")[0]);
    checks.push({ name, ok: error === undefined, detail: error ?? what, advice: "npm ci installs it" });
  }
  return checks;
}

/** What a run would stumble over, without running anything. */
async function stages(project: Project): Promise<Check[]> {
  const state = project.load();
  const plans = [...(await state.planner.plan(project.graph.cells.keys())).cells.values()];
  for (const message of await idlePatterns(state, plans)) printWarning(message);
  const faults = await inspect(project, plans);
  if (faults.length === 0) return [{ name: "stages", ok: true, detail: "inputs are there, code, prompts and schemas parse, programs are found" }];
  return faults.map(({ of, message, advice }) => ({ name: of, ok: false, detail: message, advice }));
}

async function project(): Promise<Check[]> {
  const root = resolve(common.directory ?? ".");
  const opened = await openProject({ closing: false });
  if (opened === undefined) return [{ name: "pipeline", ok: false, detail: "has mistakes (above)", advice: "mend them, or start a project: dag init" }];
  const { pipeline, graph, places } = opened;
  const checks: Check[] = [{ name: "pipeline", ok: true, detail: `${pipeline.file}: ${count(graph.byStage.size, "stage")}, ${count(graph.cells.size, "cell")}` }, ...(await stages(opened))];

  const probe = tempPath(join(root, "cache"));
  const unwritable = await writeAtomic(probe, "").then(() => removeTree(probe).then(() => undefined), (error: unknown) => (error as Error).message);
  const disk = existsSync(root) ? statfsSync(root) : undefined;
  const free = disk === undefined ? 0 : (disk.bavail * disk.bsize) / 2 ** 30;
  checks.push({ name: "cache", ok: unwritable === undefined, detail: unwritable ?? `writable, ${free.toFixed(1)} GiB free`, advice: "make the project directory writable" });
  checks.push({ name: "disk", ok: free > 0.5, detail: `${free.toFixed(1)} GiB free`, advice: "free some space" });

  const { problems, exists, lock } = readLock(places.lock);
  checks.push({ name: "lock", ok: problems.length === 0, detail: problems[0]?.message ?? (exists ? `${count(Object.keys(lock.cells).length, "cell")}` : "none yet: dag run writes it"), advice: problems[0]?.advice ?? "" });

  for (const [role, spec] of Object.entries(pipeline.models)) {
    if (spec.provider === "offline") checks.push({ name: `model ${role}`, ok: true, detail: `${spec.model} of the offline simulator: no key needed` });
    else {
      const variable = spec.api_key_env;
      const set = variable === undefined || (process.env[variable] ?? "") !== "";
      checks.push({ name: `model ${role}`, ok: set, detail: `${spec.model} at ${spec.provider}${variable === undefined ? "" : `, key in ${variable}${set ? "" : " (not set)"}`}`, advice: `export ${variable ?? ""}=…` });
    }
  }
  return checks;
}
