import { posix } from "node:path";
import { paramAt } from "../pipeline/index.ts";
import type { AxisValue, Cell, CellId, CellNeed, Graph, ModelSpec, Stage } from "../pipeline/index.ts";
import type { Json } from "../stage/index.ts";
import { canonicalJson, sha256 } from "../store/index.ts";
import type { LockFile, Sha256 } from "../store/index.ts";
import { CodeError } from "./code.ts";
import type { Code, CodeBook } from "./code.ts";
import { programFiles } from "./program.ts";
import { promptContent } from "./prompt.ts";
import type { Content, MissingInput, ResolvedFiles, Snapshot } from "./snapshot.ts";

/** Inputs that all cells of a stage share, as found on the disk. */
export interface StageInputs {
  contents: Record<string, Content>;
  code?: Code;
  files: Record<string, ResolvedFiles>;
  /** Project files named by a command: staged beside its declared inputs. */
  programs: string[];
  missing: MissingInput[];
  /** Patterns that match no file. */
  unmatched: { label: string; pattern: string }[];
}

export interface InputSources {
  graph: Graph;
  snapshot: Snapshot;
  code: CodeBook;
  /** What of a model may change bytes (the model room knows). */
  identify: (spec: ModelSpec) => Json;
  /** Only so many items of every `each`. */
  sample?: number | undefined;
  /** What was built from what: inputs named there were good. */
  lock?: LockFile;
}

/** Reads and hashes everything a stage declares. Throws CodeError for code that does not parse. */
export async function readStageInputs(stage: Stage, { graph, snapshot: disk, code, identify, sample, lock }: InputSources): Promise<StageInputs> {
  const isRecorded = (label: string, hash: string): boolean => graph.byStage.get(stage.name)?.some(({ id }) => lock?.cells[id]?.inputs[label] === hash) ?? false;
  const snapshot = disk.fork();
  const contents: Record<string, Content> = {};
  const inputs: StageInputs = { contents, files: {}, programs: [], missing: snapshot.missing, unmatched: snapshot.unmatched };
  contents["stage"] = snapshot.value(stage.name);
  contents["output"] = snapshot.value({ kind: stage.output.kind, extension: stage.output.kind === "directory" ? "" : posix.extname(stage.output.path) });
  if (stage.each !== undefined) contents["each"] = snapshot.value(stage.each);
  if (stage.each !== undefined && sample !== undefined) contents["sample"] = snapshot.value(sample);
  if (stage.action.kind === "module") {
    const file = snapshot.file("run", stage.action.path);
    if (file !== undefined) {
      const made = await code.read(stage.action.path).catch((error: unknown) => {
        if (error instanceof CodeError) for (const path of error.tried) snapshot.observedFiles.add(path);
        throw error;
      });
      inputs.code = made;
      contents["code"] = { hash: made.hash, bytes: () => made.manifest };
      const observed = code.observed(stage.action.path);
      for (const path of observed.files) snapshot.observedFiles.add(path);
      for (const path of observed.directories) snapshot.observedDirectories.add(path);
    }
  } else {
    contents["command"] = snapshot.value(stage.action.kind === "command" ? stage.action.argv : stage.action.script);
    inputs.programs = programFiles(stage.action, (path) => snapshot.isFile(path));
    for (const path of inputs.programs) put(contents, `program.${path}`, snapshot.file("cmd", path));
  }
  for (const [name, patterns] of Object.entries(stage.files)) {
    const content = await snapshot.files(`files.${name}`, patterns);
    if (content === undefined) continue;
    contents[`files.${name}`] = content;
    inputs.files[name] = content.resolved;
  }
  for (const [name, path] of Object.entries(stage.prompts)) put(contents, `prompts.${name}`, await promptContent(snapshot, `prompts.${name}`, path, stage.action.kind === "module", (hash) => isRecorded(`prompts.${name}`, hash)));
  if (typeof stage.schema === "string") put(contents, "schema", snapshot.file("schema", stage.schema));
  else for (const [file, path] of Object.entries(stage.schema ?? {})) put(contents, `schema.${file}`, snapshot.file(`schema.${file}`, path));
  for (const path of stage.params) contents[`params.${path}`] = snapshot.value(paramAt(graph.pipeline.params, path));
  for (const name of stage.env) contents[`env.${name}`] = snapshot.variable(name);
  for (const role of stage.models) {
    const spec = graph.pipeline.models[role];
    if (spec !== undefined) contents[`models.${role}`] = snapshot.value(identify(spec));
  }
  return inputs;
}

function put(contents: Record<string, Content>, label: string, content: Content | undefined): void {
  if (content !== undefined) contents[label] = content;
}

/**
 * Hash of one need: the artifact's own, or of the list of `[cell, values of the gathered axes, artifact]` where several are gathered: a stage
 * sees their order and the type of the values. Undefined while an artifact is not there.
 */
export function needHash({ cells }: Graph, need: CellNeed, artifactOf: (cell: CellId) => Sha256 | undefined): { hash: Sha256; bytes?: string } | undefined {
  const rows: [CellId, (AxisValue | null)[], Sha256][] = [];
  for (const id of need.cells) {
    const hash = artifactOf(id);
    if (hash === undefined) return undefined;
    rows.push([id, need.gathered.map((axis) => cells.get(id)?.axis[axis] ?? null), hash]);
  }
  const [only] = rows;
  if (need.gathered.length === 0 && only !== undefined) return { hash: only[2] };
  const bytes = canonicalJson(rows);
  return { hash: sha256(bytes), bytes };
}

/** Inputs of one cell beside those of its stage: the values of its axes, and the models these name. */
export function cellContents(cell: Cell, { graph, identify }: Pick<InputSources, "graph" | "identify">): Record<string, { hash: Sha256; bytes: string }> {
  const values: [string, Json][] = Object.entries(cell.axis).map(([name, value]: [string, AxisValue]) => [`axis.${name}`, value]);
  for (const role of cell.models) {
    const spec = graph.pipeline.models[role];
    if (spec !== undefined && !cell.stage.models.includes(role)) values.push([`models.${role}`, identify(spec)]);
  }
  return Object.fromEntries(
    values.map(([label, value]) => {
      const bytes = canonicalJson(value);
      return [label, { hash: sha256(bytes), bytes }];
    }),
  );
}
