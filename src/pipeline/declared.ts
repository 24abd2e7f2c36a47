import type { Diagnostic, Stage } from "./types.ts";
import { isGlob } from "./glob.ts";
import { Mistakes } from "./mistakes.ts";
import { reference } from "./params.ts";
import { decode, Source, type Span } from "./source.ts";
import { type Entry, readTree, type Tree } from "./tree.ts";
import { quote } from "./words.ts";

/** A file or directory that a stage names as an input. */
export interface DeclaredInput {
  /** As in recipes, but for the module: `run`, `files.x`, `prompts.x`, `schema`, `schema.x`. */
  label: string;
  path: string;
}

/** A declared input that is not there, or cannot be read. */
export interface AbsentInput extends DeclaredInput {
  stage: string;
  /** E.g. `no such file`. */
  message: string;
  hint?: string | undefined;
}

/** Every path that a stage names; patterns only where they are asked for. */
export function declaredInputs({ action, files, prompts, schema }: Stage, patterns = false): DeclaredInput[] {
  const named = Object.entries(files).flatMap(([name, paths]) => paths.filter((path) => patterns || !isPattern(path)).map((path) => ({ label: `files.${name}`, path })));
  return [
    ...(action.kind === "module" ? [{ label: "run", path: action.path }] : []),
    ...named,
    ...Object.entries(prompts).map(([name, path]) => ({ label: `prompts.${name}`, path })),
    ...(typeof schema === "string" ? [{ label: "schema", path: schema }] : Object.entries(schema ?? {}).map(([file, path]) => ({ label: `schema.${file}`, path }))),
  ].filter(({ path }) => path !== "" && !path.includes("\u0000"));
}

/** True for globs and for `!` lines that leave files out. */
export const isPattern = (path: string): boolean => isGlob(path) || path.startsWith("!") || /[@+]\(/.test(path);

/** Where a stage names an input; a path that a param brought is at the `params.x`. */
export function spanOfInput(entry: Entry | undefined, { label, path }: DeclaredInput): Span {
  const [field = "", ...rest] = label.split(".");
  const found = entry?.tree.entries?.get(field);
  const tree = rest.length === 0 ? found?.tree : found?.tree.entries?.get(rest.join("."))?.tree;
  const item = tree?.items?.find((one) => written(one) === path) ?? tree?.items?.find((one) => reference(written(one)) !== undefined);
  return item?.span ?? tree?.span ?? found?.span ?? entry?.span ?? { start: 0, end: 0 };
}

const written = ({ value }: Tree): string => (typeof value === "string" ? value.replace(/^(?:\.\/+)+(?=.)/, "") : "");

export function reportAbsent(entry: Entry | undefined, absent: AbsentInput, mistakes: Mistakes): void {
  const { stage, label, path, message, hint } = absent;
  mistakes.at(spanOfInput(entry, absent), `stage ${quote(stage)}, ${label}: ${path}: ${message}`, hint);
}

/** Inputs that are not there, as mistakes of the pipeline file they are declared in, in its order. */
export async function locateAbsent(content: Uint8Array, file: string, absent: readonly AbsentInput[]): Promise<Diagnostic[]> {
  const decoded = decode(content, file);
  const source = decoded instanceof Source ? decoded : new Source("", file);
  const mistakes = new Mistakes(source);
  const stages = (await readTree(source, () => {}))?.entries?.get("stages")?.tree.entries;
  for (const one of absent) reportAbsent(stages?.get(one.stage), one, mistakes);
  return mistakes.diagnostics();
}
