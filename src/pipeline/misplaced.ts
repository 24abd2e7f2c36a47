import { relative, resolve, sep } from "node:path";
import type { Pipeline } from "./types.ts";
import { cellsOf } from "./cells.ts";
import { type DeclaredInput, declaredInputs, isPattern, spanOfInput } from "./declared.ts";
import { globToRegExp } from "./glob.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Entry } from "./tree.ts";
import { quote } from "./words.ts";

/** The tool's own place that a project-relative path is or lies in: never an input, by whatever name or pattern. */
export function ownPlace(path: string): string | undefined {
  const [folder] = path.split("/");
  if (folder === "cache" || folder === ".git") return `${folder}/`;
  return path === "dag.lock" || /^pipelines\/.+\.lock$/.test(path) ? path : undefined;
}

/** Inputs that name what dag itself writes, or what a stage of this pipeline does. */
export function checkPlaces(pipeline: Pipeline, entries: ReadonlyMap<string, Entry>, mistakes: Mistakes): void {
  for (const stage of pipeline.stages.values()) {
    for (const input of declaredInputs(stage, true)) {
      const found = misplaced(pipeline, input);
      if (found !== undefined) mistakes.at(spanOfInput(entries.get(stage.name), input), `stage ${quote(stage.name)}, ${input.label}: ${found.message}`, found.hint);
    }
  }
}

/** Why a path cannot be an input; undefined where it can. */
export function misplaced({ root, slug, stages }: Pipeline, { path }: DeclaredInput): { message: string; hint: string } | undefined {
  if (path.startsWith("!")) return undefined;
  const place = (of: string): string => relative(root, resolve(root, of)).split(sep).join("/");
  const pattern = isPattern(path);
  const base = place(pattern ? path.slice(0, path.search(/[*?[\]{}]|[@+]\(/)).replace(/[^/]*$/, "") : path);
  const own = ownPlace(base);
  if (own !== undefined) return { message: `${path}: ${own === ".git/" ? "git's" : "dag's"} own ${own} is no input`, hint: "declare what it is made from, or keep inputs elsewhere, such as in seeds/" };
  const folder = slug === "" ? "artifacts" : `artifacts/${slug}`;
  if (base !== "artifacts" && !base.startsWith("artifacts/")) return undefined;
  const glob = pattern ? globToRegExp(place(path)) : undefined;
  for (const stage of stages.values()) {
    for (const cell of cellsOf(stage)) {
      const written = `${folder}/${cell.path}`;
      const inside = base === written || base.startsWith(`${written}/`);
      const around = pattern ? glob?.test(written) === true : written.startsWith(`${base}/`);
      if (inside || around) return { message: `${path}: stage ${quote(stage.name)} writes ${written}`, hint: `what a stage writes is needed, not read as a file: needs: [${stage.name}]` };
    }
  }
  return undefined;
}
