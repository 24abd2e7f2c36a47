import type { Stage } from "../pipeline/index.ts";
import { parseListing } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { hunksOf, hunkWords } from "./lines.ts";
import type { Reason } from "./reason.ts";

export interface ExplainSources {
  stage: Stage;
  /** Bytes once recorded under a hash, as text; undefined where they were not kept. */
  before: (hash: Sha256) => Promise<string | undefined>;
  /** Bytes an input has now. */
  now: (label: string, hash: Sha256) => Promise<string | undefined>;
}

const short = (hash: string): string => hash.replace("sha256:", "").slice(0, 12);
const MOST = 6;

/** What exactly a changed input changed in: file, key, variable or line, old → new. Lines of plain text; none where nothing more can be told. */
export async function explainReason(reason: Reason, { stage, before, now }: ExplainSources): Promise<string[]> {
  if (reason.kind !== "changed") return [];
  const { label } = reason;
  const [kind = "", ...rest] = label.split(".");
  const name = rest.join(".");
  const [old, current] = await Promise.all([before(reason.old), now(label, reason.new)]);
  switch (kind) {
    case "params":
    case "axis":
    case "output":
    case "command":
    case "each":
    case "stage":
      return old === undefined || current === undefined ? [] : [`${label}: ${old} → ${current}`];
    case "models":
      return objectDifferences(old, current, label);
    case "env":
      return [`${name}: the value changed (values of variables are not kept)`];
    case "prompts":
      if (isPartials(old) && isPartials(current)) return objectDifferences(old, current, "prompt");
      if (old !== undefined && current !== undefined && isPartials(old) !== isPartials(current)) return [`${stage.prompts[name] ?? label}: ${isPartials(current) ? "renders partials now" : "renders no partials any more"}`];
      return lineDifferences(stage.prompts[name] ?? label, old, current);
    case "schema":
      return lineDifferences(typeof stage.schema === "string" ? stage.schema : (stage.schema?.[name] ?? label), old, current);
    case "program":
    case "reads":
      return lineDifferences(name, old, current);
    case "code":
      return objectDifferences(old, current, "code");
    case "files":
      return fileDifferences(stage.files[name] ?? [], old, current, reason);
    case "needs":
      return [`artifact of ${name}: ${short(reason.old)} → ${short(reason.new)}`, ...cellDifferences(old, current)];
    default:
      return [];
  }
}

/** Differences of two canonical JSON objects by leaf. */
export function objectDifferences(old: string | undefined, current: string | undefined, prefix: string): string[] {
  if (old === undefined || current === undefined) return [];
  const leaves = (value: unknown, path: string, into: Map<string, string>): Map<string, string> => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) for (const [key, inner] of Object.entries(value)) leaves(inner, path === "" ? key : `${path} ${key}`, into);
    else into.set(path, typeof value === "string" && value.startsWith("sha256:") ? short(value) : JSON.stringify(value));
    return into;
  };
  try {
    const [a, b] = [leaves(JSON.parse(old), "", new Map()), leaves(JSON.parse(current), "", new Map())];
    return limited(
      [...new Set([...a.keys(), ...b.keys()])]
        .sort()
        .filter((key) => a.get(key) !== b.get(key))
        .map((key) => key.startsWith("packages daguerre") ? `${key.slice("packages ".length)}: another version of the tool (${a.get(key) ?? "none"} → ${b.get(key) ?? "none"})` : `${prefix === "code" ? key.replace(/^(files|packages) /, "") : `${prefix} ${key}`}: ${a.get(key) ?? "(none)"} → ${b.get(key) ?? "(none)"}`),
    );
  } catch {
    return [];
  }
}

/** Is it the list of a prompt and its partials, rather than a prompt's own text? */
function isPartials(text: string | undefined): boolean {
  return text !== undefined && /^\{"[^"]+":"sha256:[0-9a-f]{64}"[,}]/.test(text);
}

/** Gathered needs, cell by cell; nothing where one of them is a single artifact. */
function cellDifferences(old: string | undefined, current: string | undefined): string[] {
  const [a, b] = [gatheredCells(old), gatheredCells(current)];
  if (a === undefined || b === undefined) return [];
  const lines: string[] = [];
  for (const id of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [before, after] = [a.get(id), b.get(id)];
    if (before?.artifact !== after?.artifact) lines.push(`${id}: ${before === undefined ? "(none)" : short(before.artifact)} → ${after === undefined ? "(none)" : short(after.artifact)}`);
    else if (before?.axes !== after?.axes) lines.push(`${id}: axis values ${before?.axes ?? ""} → ${after?.axes ?? ""}`);
  }
  const common = (from: Map<string, unknown>, other: Map<string, unknown>): string[] => [...from.keys()].filter((id) => other.has(id));
  const [first, then] = [common(a, b), common(b, a)];
  if (first.some((id, at) => id !== then[at])) lines.push(`order of cells: ${limited(first).join(" ")} → ${limited(then).join(" ")}`);
  return limited(lines);
}

/** What a gathered need was hashed from, if the text is that. */
function gatheredCells(text: string | undefined): Map<string, { axes: string; artifact: string }> | undefined {
  try {
    const rows = JSON.parse(text ?? "") as unknown;
    if (!Array.isArray(rows)) return undefined;
    const cells = new Map<string, { axes: string; artifact: string }>();
    for (const row of rows as unknown[]) {
      if (!Array.isArray(row)) return undefined;
      const [cell, axes, artifact] = row as unknown[];
      if (typeof cell !== "string" || !Array.isArray(axes) || typeof artifact !== "string") return undefined;
      cells.set(cell, { axes: JSON.stringify(axes), artifact });
    }
    return cells;
  } catch {
    return undefined; // an artifact's own bytes
  }
}

async function fileDifferences(patterns: readonly string[], old: string | undefined, current: string | undefined, { old: from, new: to }: { old: Sha256; new: Sha256 }): Promise<string[]> {
  const [a, b] = [old === undefined ? undefined : parseListing(old), current === undefined ? undefined : parseListing(current)];
  if (a === undefined || b === undefined || (a.length === 0 && b.length === 0)) {
    const path = patterns.join(", ");
    const lines = await lineDifferences(path, old, current);
    return lines.length > 0 ? lines : [`${path}: ${short(from)} → ${short(to)}`];
  }
  const [before, after] = [new Map(a.map((f) => [f.path, f.hash])), new Map(b.map((f) => [f.path, f.hash]))];
  const lines: string[] = [];
  for (const [path, hash] of after) if (!before.has(path)) lines.push(`${path}: added (${short(hash)})`);
  for (const [path, hash] of before) {
    const other = after.get(path);
    if (other === undefined) lines.push(`${path}: removed (was ${short(hash)})`);
    else if (other !== hash) lines.push(`${path}: ${short(hash)} → ${short(other)}`);
  }
  return limited(lines.sort());
}

/** Changed lines of a text, old → new. */
async function lineDifferences(path: string, old: string | undefined, current: string | undefined): Promise<string[]> {
  return old === undefined || current === undefined ? [] : hunkWords(path, await hunksOf(old, current));
}

const limited = (lines: string[]): string[] => (lines.length <= MOST ? lines : [...lines.slice(0, MOST), `… and ${lines.length - MOST} more`]);
