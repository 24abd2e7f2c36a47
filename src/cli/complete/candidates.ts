import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { lockFiles, NOW, pipelineFiles } from "../../build/index.ts";
import type { Graph } from "../../pipeline/index.ts";
import { common, openProject } from "../common.ts";
import { targetCandidates } from "./targets.ts";

export interface Candidate {
  value: string;
  description?: string;
}

/** What fits at the cursor. `also`: names of the disk, which the shell knows best. */
export interface Completion {
  candidates: Candidate[];
  also: "none" | "files" | "directories";
}

/** Words that stand for themselves, by the argument's or option's name. */
const CHOICES: Record<string, string[]> = {
  "<shell>": ["bash", "zsh", "fish"],
  "[what]": ["artifacts", "answers"],
  "--color": ["auto", "always", "never"],
  "graph --format": ["text", "mermaid", "dot", "svg", "json"],
  "export <format>": ["personabench", "huggingface"],
  "import <format>": ["personabench"],
  "score <benchmark>": ["personabench"],
};

/** What may follow: `words` as typed after `dag`, the last one up to the cursor. */
export async function complete(program: Command, words: readonly string[]): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const at = walk(program, words.slice(0, -1));
  const begins = ({ candidates, also }: Completion): Completion => ({ candidates: candidates.filter(({ value }) => value.startsWith(current) && value !== ""), also });
  if (at.option !== undefined) return begins(await valuesOf(at.command, at.option, current));
  const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined && value !== undefined && !at.literal) {
    const option = at.command.options.find(({ long }) => long === name);
    if (option === undefined) return none;
    const { candidates, also } = await valuesOf(at.command, option, value);
    return begins({ candidates: candidates.map((one) => ({ ...one, value: `${name}=${one.value}` })), also });
  }
  if (current.startsWith("-") && !at.literal) return begins({ candidates: flagsOf(at.command), also: "none" });
  if (at.command.commands.length > 0 && at.positionals.length === 0)
    return begins({ candidates: at.command.commands.filter((verb) => verb.name() !== "complete").map((verb) => ({ value: verb.name(), description: verb.description() })), also: "none" });
  const argument = at.command.registeredArguments[at.positionals.length] ?? at.command.registeredArguments.findLast(({ variadic }) => variadic);
  return argument === undefined ? none : begins(await argumentsOf(at.command, argument, current));
}

const none: Completion = { candidates: [], also: "none" };

interface Place {
  command: Command;
  positionals: string[];
  /** The option whose value is typed now. */
  option?: Option;
  /** After `--`: what begins with a dash is no option. */
  literal: boolean;
}

/** Reads the finished words as commander will; where to look for a project (-C, -f, -p, --preset) is noted on the way. */
function walk(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, positionals: [], literal: false };
  for (const word of words) {
    const { command, option } = place;
    if (option !== undefined && !(option.optional && word.startsWith("-"))) {
      note(option, word);
      if (!option.variadic) delete place.option;
      continue;
    }
    delete place.option;
    if (!place.literal && word === "--") place.literal = true;
    else if (!place.literal && word.startsWith("--")) {
      const found = command.options.find(({ long }) => long === word.split("=")[0]);
      if (found === undefined || (!found.required && !found.optional)) continue;
      if (word.includes("=")) note(found, word.slice(word.indexOf("=") + 1));
      else place.option = found;
    } else if (!place.literal && /^-./.test(word)) {
      const letters = [...word.slice(1)];
      for (const [i, letter] of letters.entries()) {
        const found = command.options.find(({ short }) => short === `-${letter}`);
        if (found === undefined || (!found.required && !found.optional)) continue;
        const rest = letters.slice(i + 1).join("");
        if (rest === "") place.option = found;
        else note(found, rest);
        break;
      }
    } else {
      const verb = place.positionals.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (verb !== undefined) place.command = verb;
      else place.positionals.push(word);
    }
  }
  return place;
}

function note({ short, long }: Option, value: string): void {
  if (short === "-C") common.directory = value.replace(/^~(?=\/|$)/, process.env["HOME"] ?? "~");
  else if (short === "-f") common.file = value;
  else if (short === "-p") common.params.push(value);
  else if (long === "--preset") common.presets.push(value);
}

/** Every way to write every flag. */
function flagsOf(command: Command): Candidate[] {
  const flags = command.options.flatMap(({ short, long, description }) => [long, short].flatMap((value) => (value === undefined ? [] : [{ value, description }])));
  return [...flags, { value: "--help", description: "display help for command" }];
}

async function valuesOf(command: Command, option: Option, current: string): Promise<Completion> {
  const name = option.long ?? option.short ?? "";
  const choices = option.argChoices ?? CHOICES[name] ?? CHOICES[`${command.name()} ${name}`];
  if (choices !== undefined) return plain(choices);
  if (option.short === "-C") return { candidates: [], also: "directories" };
  if (option.short === "-f") return { candidates: pipelineFiles(common.directory ?? ".").filter(() => common.directory === undefined).map((value) => ({ value })), also: "files" };
  if (name === "--preset") return plain(await presets());
  if (option.short === "-p") return { candidates: params((await project())?.pipeline.params ?? {}, current), also: "none" };
  if (name === "--force") return plain([...((await graph())?.byStage.keys() ?? [])]);
  if (name === "--cell" || name === "--scores") return targets(current);
  return { candidates: [], also: diskOf(option.flags) };
}

async function argumentsOf(command: Command, argument: Argument, current: string): Promise<Completion> {
  const written = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  const choices = argument.argChoices ?? CHOICES[written] ?? CHOICES[`${command.name()} ${written}`];
  if (choices !== undefined) return plain(choices);
  if (argument.name() === "targets" || argument.name() === "cell") return targets(current);
  if (command.name() === "diff") return { candidates: [{ value: NOW, description: "the lock as it stands" }, { value: "HEAD", description: "the last commit" }, ...lockFiles(common.directory ?? ".").filter(() => common.directory === undefined).map((value) => ({ value }))], also: "files" };
  return { candidates: [], also: diskOf(written) };
}

async function targets(current: string): Promise<Completion> {
  const found = await graph();
  return { candidates: found === undefined ? [] : targetCandidates(found, current), also: "none" };
}

const plain = (values: readonly string[]): Completion => ({ candidates: values.map((value) => ({ value })), also: "none" });

const diskOf = (written: string): Completion["also"] => (/[<[]dir/.test(written) ? "directories" : /[<[]file/.test(written) ? "files" : "none");

/** `seed=`, `retrieve.k=`; after the `=` the value it has now. */
function params(values: object, current: string): Candidate[] {
  const leaves = (value: unknown, path: string): [string, unknown][] =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`)) : [[path, value]];
  return leaves(values, "").map(([path, value]) => {
    const now = JSON.stringify(value);
    return current.startsWith(`${path}=`) ? { value: `${path}=${now}`, description: "as it is" } : { value: `${path}=`, description: now };
  });
}

/** As the file has them: a checked pipeline knows only those laid over it. */
async function presets(): Promise<string[]> {
  try {
    const { parseDocument } = await import("yaml");
    const { presets: found } = parseDocument(readFileSync(pipelineFile(), "utf8"), { logLevel: "silent" }).toJS() as { presets?: unknown };
    return typeof found === "object" && found !== null ? Object.keys(found) : [];
  } catch {
    return []; // no file, or not YAML: no names
  }
}

const pipelineFile = (): string => join(common.directory ?? ".", common.file ?? "pipeline.yaml");
const graph = async (): Promise<Graph | undefined> => (await project())?.graph;

/** The project at hand; none where its pipeline, or a param typed so far, has mistakes. */
async function project() {
  if (!existsSync(pipelineFile())) return undefined;
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    return await openProject();
  } finally {
    process.stderr.write = write;
  }
}
