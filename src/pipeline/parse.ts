import { basename } from "node:path";
import type { Diagnostic, ModelSpec, Pipeline, Stage } from "./types.ts";
import { checkAxes } from "./axes.ts";
import { Mistakes } from "./mistakes.ts";
import { type AbsentInput, type DeclaredInput, declaredInputs, reportAbsent } from "./declared.ts";
import { checkPlaces, misplaced } from "./misplaced.ts";
import { cycles } from "./order.ts";
import { overlay } from "./overlay.ts";
import { checkOverlap } from "./overlap.ts";
import { isMap } from "./params.ts";
import { expand } from "./expand.ts";
import { resolveTarget } from "./select.ts";
import { decode, Source, type Span } from "./source.ts";
import { readStage } from "./stage.ts";
import { checkStructure } from "./structure.ts";
import { type Entry, readTree, text, texts, type Tree } from "./tree.ts";
import { quote } from "./words.ts";

export interface ParseOptions {
  /** Absolute project root. */
  root: string;
  /** Project-relative path of the pipeline file, with `/`. */
  file: string;
  /** Names of presets, laid over in this order. */
  presets?: readonly string[] | undefined;
  /** `key=yaml`, the key a dotted path into params; laid over last, in this order. */
  overrides?: readonly string[] | undefined;
  /** What the disk says of declared inputs; asked only where there are mistakes to tell it with. */
  absent?: ((input: DeclaredInput) => Pick<AbsentInput, "message" | "hint"> | undefined) | undefined;
}

export type LoadResult = { ok: true; pipeline: Pipeline } | { ok: false; diagnostics: Diagnostic[] };

/** A matrix beyond this is a slip (or an attack), not a benchmark. */
const MOST_CELLS = 100_000;

/** Reads and checks a pipeline from its text (or bytes). Pure; all mistakes at once. */
export async function parsePipeline(content: string | Uint8Array, options: ParseOptions): Promise<LoadResult> {
  const source = decode(typeof content === "string" ? new TextEncoder().encode(content) : content, options.file);
  if (!(source instanceof Source)) return { ok: false, diagnostics: [source] };
  const mistakes = new Mistakes(source);
  const tree = await readTree(source, (span, message, hint) => {
    mistakes.at(span, message, hint);
  });
  if (tree && !tree.entries) {
    const empty = tree.value === null;
    mistakes.at(tree.span, empty ? "the pipeline is empty" : "a pipeline is a map of name, params, models, presets and stages", "stages:\n    hello: { run: stages/hello.ts }");
  }
  if (!tree?.entries) return { ok: false, diagnostics: mistakes.diagnostics() };

  await checkStructure(tree, mistakes);
  const { params, models } = await overlay(tree, options.presets ?? [], options.overrides ?? [], mistakes);
  checkModels(models, tree, mistakes);
  const entries = tree.entries.get("stages")?.tree.entries ?? new Map<string, Entry>();
  const around = { source, params, models, presetModels: presetModels(tree), stages: entries, mistakes };
  const stages = new Map([...entries].map(([name, entry]) => [name, readStage(name, entry, around)]));

  const pipeline: Pipeline = {
    name: text(tree.entries.get("name")?.tree)?.text ?? (slugOf(options.file) || "pipeline"),
    root: options.root,
    file: options.file,
    slug: slugOf(options.file),
    default: [],
    params,
    models,
    presets: [...(options.presets ?? [])],
    stages,
  };
  checkWhole(pipeline, entries, mistakes);
  checkPlaces(pipeline, entries, mistakes);
  pipeline.default = defaultTargets(pipeline, tree.entries.get("default")?.tree, mistakes);
  if (mistakes.count === 0) return { ok: true, pipeline };
  for (const [name, stage] of stages) {
    for (const input of declaredInputs(stage)) {
      const absent = misplaced(pipeline, input) === undefined ? options.absent?.(input) : undefined;
      if (absent !== undefined) reportAbsent(entries.get(name), { stage: name, ...input, ...absent }, mistakes);
    }
  }
  return { ok: false, diagnostics: mistakes.diagnostics() };
}

/** What only shows with all stages at hand: cycles, the number of cells, axes, outputs. */
function checkWhole(pipeline: Pipeline, entries: ReadonlyMap<string, Entry>, mistakes: Mistakes): void {
  const { stages } = pipeline;
  const fieldOf = (stage: Stage, field: string, key = ""): Span => {
    const entry = entries.get(stage.name);
    const found = entry?.tree.entries?.get(field);
    return found?.tree.entries?.get(key)?.tree.span ?? found?.tree.span ?? entry?.span ?? { start: 0, end: 0 };
  };
  for (const cycle of cycles([...stages.keys()], (name) => stages.get(name)?.needs ?? [])) {
    const first = entries.get(cycle[0] ?? "");
    const fields = [first?.tree.entries?.get("each")?.tree, ...(first?.tree.entries?.get("needs")?.tree.items ?? [])];
    const link = fields.find((field) => field?.value === cycle[1]);
    mistakes.at(link?.span ?? first?.span ?? { start: 0, end: 0 }, cycle.length === 2 ? `stage ${quote(cycle[0] ?? "")} needs itself: ${cycle.join(" → ")}` : `stages need each other in a circle: ${cycle.join(" → ")}`);
  }
  let cells = 0;
  for (const stage of stages.values()) {
    const own = stage.matrix.reduce((product, axis) => product * axis.values.length, 1);
    cells += own;
    if (cells <= MOST_CELLS) continue;
    mistakes.at(fieldOf(stage, "matrix"), `the pipeline has more than ${String(MOST_CELLS)} cells: stage ${quote(stage.name)} alone has ${String(own)}`);
    return;
  }
  checkAxes(stages, fieldOf, mistakes);
  checkOverlap(stages.values(), (stage) => fieldOf(stage, "output"), mistakes);
}

/** The stages that nobody needs, unless the file says what a bare `dag run` builds. */
function defaultTargets(pipeline: Pipeline, tree: Tree | undefined, mistakes: Mistakes): string[] {
  if (!tree) {
    const needed = new Set([...pipeline.stages.values()].flatMap((stage) => stage.needs));
    return [...pipeline.stages.keys()].filter((name) => !needed.has(name));
  }
  const targets = texts(tree);
  const others = targets.filter((target) => !pipeline.stages.has(target.text));
  // Cells and globs need the graph, and that is only sound where nothing else is wrong.
  const graph = others.length > 0 ? expand({ ...pipeline, stages: mistakes.count === 0 ? pipeline.stages : new Map([...pipeline.stages].map(([name, stage]) => [name, { ...stage, needs: [] }])) }) : undefined;
  for (const target of others) {
    const found = graph && resolveTarget(graph, target.text);
    if (found && !Array.isArray(found)) mistakes.at(target.span, found.message, found.hint);
  }
  return targets.map((target) => target.text);
}

/** A model must be whole once the presets lie over it. */
function checkModels(models: Record<string, ModelSpec>, tree: Tree, mistakes: Mistakes): void {
  const base = tree.entries?.get("models")?.tree.entries;
  for (const [role, spec] of Object.entries(models)) {
    // Those that are no map are the schema's to report.
    if (!isMap(spec) || (base?.has(role) && !isMap(base.get(role)?.tree.value))) continue;
    const lacking = (["provider", "model"] as const).filter((field) => typeof spec[field] !== "string");
    if (lacking.length === 0 || (base?.has(role) && lacking.every((field) => !isSet(base.get(role)?.tree, field)))) continue;
    const preset = [...(tree.entries?.get("presets")?.tree.entries?.values() ?? [])].map((entry) => entry.tree.entries?.get("models")?.tree.entries?.get(role)).findLast((entry) => entry !== undefined);
    mistakes.at(preset?.span ?? { start: 0, end: 0 }, `model ${quote(role)} has no ${lacking.map(quote).join(" and no ")} with these presets`, "a preset that changes the provider names the model, too");
  }
}

function isSet(tree: Tree | undefined, field: string): boolean {
  return tree?.entries?.has(field) ?? false;
}

/** Roles that only a preset has. */
function presetModels(tree: Tree): Map<string, string> {
  const found = new Map<string, string>();
  for (const [preset, entry] of tree.entries?.get("presets")?.tree.entries ?? []) {
    for (const role of entry.tree.entries?.get("models")?.tree.entries?.keys() ?? []) if (!found.has(role)) found.set(role, preset);
  }
  return found;
}

/** The part of artifacts/ that a pipeline file has for itself: "" for pipeline.yaml, `x` for pipelines/x.yaml. */
export function slugOf(file: string): string {
  if (/^pipeline\.ya?ml$/.test(file)) return "";
  const rest = file.startsWith("pipelines/") ? file.slice("pipelines/".length) : file;
  return rest.replace(/\.ya?ml$/, "") || basename(file);
}
