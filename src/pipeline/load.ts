import { readdir, readFile, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import type { Diagnostic } from "./types.ts";
import type { DeclaredInput } from "./declared.ts";
import { absentInput } from "./nearby.ts";
import { nearest } from "./nearest.ts";
import { type LoadResult, parsePipeline, type ParseOptions } from "./parse.ts";
import { fromMemory, memoryKey, type PipelineMemory, toMemory } from "./remember.ts";
import { checkReserved } from "./reserved.ts";
import { whole } from "./source.ts";

export interface LoadOptions {
  /** The project's root; `file` and all paths in it are relative to it. */
  root: string;
  /** Default `pipeline.yaml`. */
  file?: string | undefined;
  presets?: readonly string[] | undefined;
  overrides?: readonly string[] | undefined;
  /** Where good pipelines are remembered; without it the file is parsed every time. */
  memory?: PipelineMemory | undefined;
}

/**
 * Reads a pipeline file, lays presets and overrides over it and checks everything. A file that cannot be read is a
 * diagnostic like any other mistake.
 */
export async function loadPipeline(options: LoadOptions): Promise<LoadResult> {
  const root = resolve(options.root);
  const path = resolve(root, options.file ?? "pipeline.yaml");
  const file = relative(root, path).split(sep).join("/");
  if (file === "" || file === ".." || file.startsWith("../") || resolve(root, file) !== path) {
    return failed(whole(options.file ?? "", "the pipeline file lies outside the project", `the project is where pipeline.yaml lies: change to it or give it with -C`));
  }
  let bytes: Uint8Array;
  try {
    const info = await stat(path);
    if (!info.isFile()) return failed(whole(file, info.isDirectory() ? `${file} is a directory` : `${file} is not a regular file`, await among(root, file)));
    bytes = await readFile(path);
  } catch (error) {
    return failed(await unreadable(root, file, error));
  }
  const parse = { root, file, presets: options.presets, overrides: options.overrides, absent: (input: DeclaredInput) => absentInput(root, input) };
  const result = await remembered(bytes, parse, options.memory);
  if (!result.ok || result.pipeline.slug !== "") return result;
  const others = (await readdir(resolve(root, "pipelines")).catch((): string[] => [])).filter((name) => /\.ya?ml$/.test(name));
  const diagnostics = checkReserved(result.pipeline, others, new TextDecoder().decode(bytes));
  return diagnostics.length === 0 ? result : { ok: false, diagnostics };
}

async function remembered(bytes: Uint8Array, parse: ParseOptions, memory: PipelineMemory | undefined): Promise<LoadResult> {
  if (!memory) return parsePipeline(bytes, parse);
  const key = memoryKey(bytes, parse);
  const kept = await memory.read(key);
  const pipeline = kept === undefined ? undefined : fromMemory(kept, parse.root);
  if (pipeline) return { ok: true, pipeline };
  if (kept !== undefined) memory.damaged?.();
  const result = await parsePipeline(bytes, parse);
  if (result.ok) await memory.write(key, toMemory(result.pipeline));
  return result;
}

async function unreadable(root: string, file: string, error: unknown): Promise<Diagnostic> {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      if (!existsSync(root)) return whole("", `there is no directory ${fromHere(root)}`, "give the project's own directory with -C");
      return whole(file, `there is no ${file}`, await among(root, file));
    case "EACCES":
    case "EPERM":
      return whole(file, `${file} may not be read`, "change its permissions");
    default:
      return whole(file, `${file} cannot be read (${code})`);
  }
}

/** What pipeline may have been meant. */
async function among(root: string, file: string): Promise<string> {
  const folder = file.includes("/") ? dirname(file) : "";
  const listed = async (of: string) => (await readdir(resolve(root, of)).catch((): string[] => [])).filter((name) => /\.ya?ml$/.test(name)).map((name) => (of === "" ? name : `${of}/${name}`));
  const known = [...new Set([...(await listed(folder)), ...(await listed("pipelines"))])].sort();
  const near = nearest(file, known) ?? known.find((name) => name === file.replace(/\.yaml$/, ".yml"));
  if (near !== undefined) return `did you mean -f ${near}?`;
  const above = folder === "" ? projectAbove(root, file) : undefined;
  if (above !== undefined) return `there is one in ${above}: dag -C ${above} …`;
  if (folder === "" && file === "pipeline.yaml") return "dag init starts a project here; -C dir works in another one";
  return known.length > 0 ? `pipelines here: ${known.slice(0, 8).join(", ")}` : "give the file with -f";
}

/** The nearest directory above that has the file. */
function projectAbove(root: string, file: string): string | undefined {
  for (let at = dirname(root); ; at = dirname(at)) {
    if (existsSync(resolve(at, file))) return fromHere(at);
    if (dirname(at) === at) return undefined;
  }
}

/** A directory as one would type it. */
const fromHere = (directory: string): string => relative(process.cwd(), directory) || ".";

function failed(diagnostic: Diagnostic): LoadResult {
  return { ok: false, diagnostics: [diagnostic] };
}
