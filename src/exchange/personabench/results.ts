import { basename } from "node:path";
import { evidenceOf, Node, parseReleaseFile, ReleaseError, type Answer, type Evidence } from "../../stats/index.ts";
import { readText } from "./files.ts";

/** One answered question of a result file. Fields the file leaves out are undefined. */
export interface ResultEntry {
  where: string;
  q_id: string;
  answer: Answer | undefined;
  prediction: Answer | undefined;
  type: string | undefined;
  difficulty: string | undefined;
  retrieved: string[] | undefined;
  evidence: Evidence[] | undefined;
}

/** One model of a result file. */
export interface ResultModel {
  model: string;
  entries: ResultEntry[];
}

/** A result file of the release: a list of {Model, Results}. */
export interface ResultFile {
  path: string;
  /** From `noise_<r>` in the file name, or a Noise member of the content; undefined where neither says. */
  noise: number | undefined;
  models: ResultModel[];
}

/** Reads one result file. Throws ReleaseError with file, line or JSON place. A single {Model, Results} without a list is taken too. */
export async function readResults(path: string): Promise<ResultFile> {
  const value = parseReleaseFile(await readText(path), path);
  const named = noiseOfName(path);
  const root = new Node(value, path);
  const models = (value instanceof Map ? [root] : root.list()).map((node) => ({ node, model: node.get("Model").string(), entries: node.get("Results").list().map(entry) }));
  if (models.length === 0) throw new ReleaseError(`${path}: the list of models is empty`);
  const told = models.map(({ node }) => node.map().get("Noise") ?? node.map().get("noise")).find((noise) => typeof noise === "number" || typeof noise === "object");
  const content = told === undefined ? undefined : Number(typeof told === "object" && told !== null && "value" in told ? told.value : told);
  return { path, noise: named ?? (content !== undefined && Number.isFinite(content) ? content : undefined), models: models.map(({ model, entries }) => ({ model, entries })) };
}

/** The level a file name tells: `result_noise_0.5.json`, also `noise=0.5` or `noise0`. */
export function noiseOfName(path: string): number | undefined {
  const level = /noise[_=-]?([0-9]+(?:\.[0-9]+)?)/i.exec(basename(path))?.[1];
  return level === undefined ? undefined : Number(level);
}

function entry(node: Node): ResultEntry {
  const map = node.map();
  const text = (key: string): string | undefined => (map.has(key) ? node.get(key).string() : undefined);
  return {
    where: node.where,
    q_id: node.get("q_id").string(),
    answer: map.get("answer") as Answer | undefined,
    prediction: map.get("prediction") as Answer | undefined,
    type: text("type"),
    difficulty: text("difficulty"),
    retrieved: map.has("retrieved_segment_ids") ? node.get("retrieved_segment_ids").list().map(segment) : undefined,
    evidence: map.has("ground_truth_segment_ids") ? evidenceOf(node.get("ground_truth_segment_ids")) : undefined,
  };
}

/** Segment ids are 12 digits; tables that took them for numbers have lost the zeros in front. */
function segment(node: Node): string {
  return typeof node.value === "number" ? String(node.value).padStart(12, "0") : node.string();
}
