import type { Json } from "../stage/index.ts";
import type { Action, AxisValue, ModelSpec, Stage } from "./types.ts";
import { axisText, byCodeUnit, outputKind } from "./cells.ts";
import type { Mistakes } from "./mistakes.ts";
import { didYouMean, unknownHint } from "./nearest.ts";
import { type JsonMap, paramAt, paramPaths, reference } from "./params.ts";
import { checkPlaceholders } from "./command.ts";
import type { Source, Span } from "./source.ts";
import { type Entry, text, type Text, texts, type Tree } from "./tree.ts";
import { readModels } from "./roles.ts";
import { kindOf, quote, showValue } from "./words.ts";

/** What the whole pipeline tells about a stage's references. */
export interface Surroundings {
  source: Source;
  params: JsonMap;
  models: Record<string, ModelSpec>;
  /** Models that a preset would add, and which. */
  presetModels: Map<string, string>;
  stages: ReadonlyMap<string, Entry>;
  mistakes: Mistakes;
}

/**
 * Reads one stage and checks all it refers to. What has the wrong form is left out here: checkStructure has reported it.
 */
export function readStage(name: string, entry: Entry, around: Surroundings): Stage {
  const fields = entry.tree.entries ?? new Map<string, Entry>();
  const { mistakes, source } = around;
  const each = text(fields.get("each")?.tree);
  const needs = stagesOf(fields.get("needs"), around);
  const over = each && isStage(each, around) ? each.text : undefined;

  const params = texts(fields.get("params")?.tree).filter((param) => {
    if (paramAt(around.params, param.text) !== undefined) return true;
    const stripped = reference(param.text);
    const exists = stripped !== undefined && paramAt(around.params, stripped) !== undefined;
    mistakes.at(param.span, `unknown param ${quote(param.text)}`, () => (exists ? `write ${quote(stripped)}` : unknownHint(param.text, "params", paramPaths(around.params))));
    return false;
  });
  const matrix = readMatrix(name, fields.get("matrix"), around);
  const { models, modelAxes } = readModels(name, fields.get("models"), matrix, around);
  const files = readFiles(name, fields.get("files"), around);
  const prompts: Record<string, string> = {};
  for (const [key, prompt] of sorted(fields.get("prompts")?.tree.entries)) if (typeof prompt.tree.value === "string") prompts[key] = plain(prompt.tree.value);

  const written = text(fields.get("output")?.tree)?.text ?? `${name}.jsonl`;
  const timeout = readTimeout(fields.get("timeout"), name, mistakes);
  const schema = readSchema(fields.get("schema")?.tree.value);
  const stage: Stage = {
    name,
    action: readAction(fields),
    needs: [...new Set([...needs, ...(over === undefined ? [] : [over])])].sort(byCodeUnit),
    files,
    prompts,
    params: params.map((param) => param.text).sort(byCodeUnit),
    models,
    modelAxes,
    env: texts(fields.get("env")?.tree).map((variable) => variable.text).sort(byCodeUnit),
    ...(over === undefined ? {} : { each: over }),
    matrix,
    output: { path: plain(written).replace(/\/$/, ""), kind: outputKind(written) },
    ...(schema === undefined ? {} : { schema }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    position: position(source, entry.span),
  };
  checkForms(stage, fields, entry.span, mistakes);
  checkPlaceholders(stage, fields.get("cmd")?.tree, { files: fields.get("files"), prompts: fields.get("prompts"), matrix: fields.get("matrix") }, around);
  return stage;
}

function readAction(fields: Map<string, Entry>): Action {
  const run = text(fields.get("run")?.tree);
  const cmd = fields.get("cmd")?.tree;
  if (run) return { kind: "module", path: plain(run.text) };
  if (typeof cmd?.value === "string") return { kind: "shell", script: cmd.value };
  return { kind: "command", argv: texts(cmd).map((word) => word.text) };
}

function readFiles(stage: string, field: Entry | undefined, { params, mistakes }: Surroundings): Record<string, string[]> {
  const files: Record<string, string[]> = {};
  for (const [key, entry] of sorted(field?.tree.entries)) {
    const written = typeof entry.tree.value === "string" ? [{ text: entry.tree.value, span: entry.tree.span }] : texts(entry.tree);
    const paths = written.flatMap(({ text: path, span }) => {
      const param = reference(path);
      if (param === undefined) return [path];
      const value = paramAt(params, param);
      if (typeof value === "string" && value !== "") return [value];
      if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item !== "")) return value as string[];
      if (value === undefined) mistakes.at(span, `unknown param ${quote(path)}`, () => didYouMean(path, paramPaths(params, "params.")) ?? `a file of this name is written ${quote(`./${path}`)}`);
      else if (value === null || value === "") mistakes.at(span, `${path}, the files ${quote(key)} of stage ${quote(stage)}, is not set`, `give it with -p ${param}=PATH`);
      else mistakes.at(span, `${path} must be a path or a list of paths to serve as files, not ${kindOf(value)}`);
      return [];
    });
    const bad = paths.find((path) => path.includes("\u0000"));
    if (bad !== undefined) mistakes.at(entry.tree.span, `${quote(bad)} is not a path`);
    if (paths.length > 0 && paths.every((path) => path.startsWith("!"))) mistakes.at(entry.tree.span, `the files ${quote(key)} of stage ${quote(stage)} only leave files out`, 'name what to take, too: ["seeds/**", "!seeds/old/**"]');
    files[key] = [...new Set(paths.map(plain))].sort(byCodeUnit);
  }
  return files;
}

function readMatrix(stage: string, field: Entry | undefined, { params, mistakes }: Surroundings): Stage["matrix"] {
  return sorted(field?.tree.entries).map(([axis, { tree }]) => {
    const where = `axis ${quote(axis)} of stage ${quote(stage)}`;
    const written = tree.value;
    if (typeof written !== "string") return { name: axis, values: distinct(Array.isArray(written) ? written : [], axis, where, tree, mistakes) };
    const param = reference(written);
    const list = param === undefined ? undefined : paramAt(params, param);
    if (param === undefined) {
      const meant = paramAt(params, written) === undefined ? `a list of one value is [${written}]` : `did you mean ${quote(`params.${written}`)}?`;
      mistakes.at(tree.span, `${where} must be a list of values or params.x, not ${quote(written)}`, meant);
    } else if (list === undefined) mistakes.at(tree.span, `unknown param ${quote(written)}`, () => unknownHint(written, "params", paramPaths(params, "params.")));
    else if (!Array.isArray(list)) mistakes.at(tree.span, `${where} must be a list, but ${written} is ${kindOf(list)}`, list === null || typeof list === "object" ? undefined : `a list of one value is -p '${param}=[${String(list)}]'`);
    else if (list.length === 0) mistakes.at(tree.span, `${where} has no values: ${written} is empty`);
    return { name: axis, values: distinct(Array.isArray(list) ? list : [], axis, where, tree, mistakes) };
  });
}

/** Scalars with different texts: two that read the same would be one cell id and one path; two that differ in case only are one file on macOS and Windows. */
function distinct(list: readonly Json[], axis: string, where: string, tree: Tree, mistakes: Mistakes): AxisValue[] {
  const seen = new Map<string, AxisValue>();
  list.forEach((value, index) => {
    // Of a literal list the item is marked, of a param's list the reference.
    const span = tree.items?.[index]?.span ?? tree.span;
    if (value === null || typeof value === "object") {
      if (!tree.items) mistakes.at(span, `a value of ${where} must be text, a number or true/false, not ${kindOf(value)}`);
      return;
    }
    const written = axisText(value);
    const before = seen.get(written.toLowerCase());
    if (before === undefined) seen.set(written.toLowerCase(), value);
    else if (before === value) mistakes.at(span, `${where} has the value ${showValue(value)} twice`);
    else if (axisText(before) !== written) mistakes.at(span, `the values ${showValue(before)} and ${showValue(value)} of ${where} differ in case only: their artifacts would be one file on macOS and Windows`, "give one of them another name");
    else mistakes.at(span, `the values ${showValue(before)} and ${showValue(value)} of ${where} would both be written ${axis}=${written}`);
  });
  return [...seen.values()];
}

function readTimeout(field: Entry | undefined, stage: string, mistakes: Mistakes): number | undefined {
  const value = field?.tree.value;
  let ms: number | undefined;
  if (typeof value === "number") ms = value * 1000;
  else if (typeof value === "string") {
    const [, amount, unit] = /^([0-9.]+)(ms|s|m|h)$/.exec(value) ?? [];
    if (amount !== undefined) ms = Number(amount) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit ?? ""] ?? NaN);
  }
  if (ms === undefined || !field) return undefined;
  ms = Math.round(ms);
  // Node's timers hold 31 bits of milliseconds.
  if (ms >= 1 && ms <= 2 ** 31 - 1) return ms;
  if (typeof value === "string" || (value as number) > 0) mistakes.at(field.tree.span, `the timeout of stage ${quote(stage)} must be between 1ms and 596h`);
  return undefined;
}

function readSchema(value: Json | undefined): string | Record<string, string> | undefined {
  if (typeof value === "string") return plain(value);
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const schemas: Record<string, string> = {};
  for (const key of Object.keys(value).sort(byCodeUnit)) if (typeof value[key] === "string") schemas[plain(key)] = plain(value[key]);
  return schemas;
}

/** Output, schema and each must fit one another. */
function checkForms(stage: Stage, fields: Map<string, Entry>, key: Span, mistakes: Mistakes): void {
  const { kind, path } = stage.output;
  const schema = fields.get("schema");
  const written = kind === "directory" ? `${path}/` : path;
  if (stage.schema !== undefined && schema) {
    if (kind === "directory" && typeof stage.schema === "string") {
      mistakes.at(schema.tree.span, `the output ${quote(written)} of stage ${quote(stage.name)} is a directory: its schemas are given per file`, `schema: { scores.jsonl: ${stage.schema} }`);
    } else if (kind !== "directory" && typeof stage.schema !== "string") {
      mistakes.at(schema.tree.span, `the output ${quote(written)} of stage ${quote(stage.name)} is one file: it has one schema`, "schema: schemas/x.schema.json");
    } else if (kind === "file" || kind === "npy") {
      mistakes.at(schema.tree.span, `a schema checks JSON, but stage ${quote(stage.name)} writes ${quote(written)}`, "an output with a schema ends in .json or .jsonl");
    }
    if (kind === "directory") {
      for (const [file, entry] of schema.tree.entries ?? []) {
        if (!/\.jsonl?$/.test(file)) mistakes.at(entry.span, `a schema checks JSON, but ${quote(file)} of stage ${quote(stage.name)} ends otherwise`, "a file with a schema ends in .json or .jsonl");
      }
    }
  }
  if (/\{(?:params|axis|needs|files|prompts)\.|\{(?:item|output)\}/.test(path)) {
    mistakes.at(fields.get("output")?.tree.span ?? key, `the output ${quote(written)} of stage ${quote(stage.name)} holds a placeholder, which only a cmd takes`, "a matrix gives each cell a path of its own");
  }
  if (stage.each !== undefined && kind !== "jsonl") {
    mistakes.at(fields.get("output")?.tree.span ?? key, `stage ${quote(stage.name)} runs once per record, so its output must be a .jsonl, not ${quote(written)}`);
  }
}

/** Stages of a list field; unknown ones are reported. */
function stagesOf(field: Entry | undefined, around: Surroundings): string[] {
  return texts(field?.tree)
    .filter((item) => isStage(item, around))
    .map((item) => item.text);
}

function isStage(item: Text, { stages, mistakes }: Surroundings): boolean {
  if (stages.has(item.text)) return true;
  mistakes.at(item.span, `unknown stage ${quote(item.text)}`, () => unknownHint(item.text, "stages", stages.keys()));
  return false;
}

/** Paths are compared as text, so `./a` is `a`. */
function plain(path: string): string {
  const bang = path.startsWith("!") ? "!" : "";
  const rest = path.slice(bang.length).replace(/^(?:\.\/+)+(?=.)/, "");
  return bang + rest;
}

function position(source: Source, span: Span): Stage["position"] {
  const { line, column } = source.locate(span);
  return { line, column };
}

function sorted(entries: Map<string, Entry> | undefined): [string, Entry][] {
  return [...(entries ?? [])].sort(([a], [b]) => byCodeUnit(a, b));
}
