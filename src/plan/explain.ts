import type { Stage } from "../pipeline/index.ts";
import { parseListing } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { isGlob } from "./glob.ts";
import { hunksOf, hunkWords, MOST_LINES } from "./lines.ts";
import { partialList } from "./prompt.ts";
import type { Reason } from "./reason.ts";

export interface ExplainSources {
  stage: Stage;
  /** Bytes once recorded under a hash, as text; undefined where they were not kept. */
  before: (hash: Sha256) => Promise<string | undefined>;
  /** Bytes an input, or a file that it lists, has now. */
  now: (label: string, hash: Sha256) => Promise<string | undefined>;
}

const short = (hash: string): string => hash.replace("sha256:", "").slice(0, 12);
const MOST = 6;
/** Of the files of a list, so many are told by line. */
const MOST_TEXTS = 3;

/** A hash and, where it is kept, the text behind it. */
type Sided = readonly [hash: Sha256, text: string | undefined];
type Texts = Record<"before" | "now", (hash: Sha256) => Promise<string | undefined>>;

/** What exactly a changed input changed in: file, key, variable or line, old → new. Lines of plain text; none where nothing more can be told. */
export async function explainReason(reason: Reason, { stage, before, now }: ExplainSources): Promise<string[]> {
  if (reason.kind !== "changed") return [];
  const { label } = reason;
  const [kind = "", ...rest] = label.split(".");
  const name = rest.join(".");
  const texts: Texts = { before, now: (hash) => now(label, hash) };
  const [old, current] = await Promise.all([before(reason.old), texts.now(reason.new)]);
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
      return promptDifferences(stage.prompts[name] ?? label, [reason.old, old], [reason.new, current], texts);
    case "schema":
      return lineDifferences(typeof stage.schema === "string" ? stage.schema : (stage.schema?.[name] ?? label), old, current);
    case "program":
    case "reads":
      return lineDifferences(name, old, current);
    case "code":
      return objectDifferences(old, current, "code");
    case "files":
      return fileDifferences(stage.files[name] ?? [], [reason.old, old], [reason.new, current], texts);
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

/** A prompt's own lines, and those of the partials it renders. */
async function promptDifferences(path: string, [from, old]: Sided, [to, current]: Sided, texts: Texts): Promise<string[]> {
  if (old === undefined || current === undefined) return [];
  const [a, b] = [partialList(old), partialList(current)];
  if (a === undefined && b === undefined) return lineDifferences(path, old, current);
  return listDifferences(a ?? new Map([[path, from]]), b ?? new Map([[path, to]]), texts);
}

async function fileDifferences(patterns: readonly string[], [from, old]: Sided, [to, current]: Sided, texts: Texts): Promise<string[]> {
  const [a, b] = [old === undefined ? undefined : parseListing(old), current === undefined ? undefined : parseListing(current)];
  if (a === undefined || b === undefined || (a.length === 0 && b.length === 0)) {
    const path = patterns.join(", ");
    const lines = await lineDifferences(path, old, current);
    return lines.length > 0 ? lines : [`${path}: ${short(from)} → ${short(to)}`];
  }
  // Files of one directory are named from there, those of globs from the project.
  const [only] = patterns;
  const base = patterns.length === 1 && only !== undefined && !isGlob(only) ? `${only.replace(/\/$/, "")}/` : "";
  const named = (files: typeof a): Map<string, Sha256> => new Map(files.map(({ path, hash }) => [base + path, hash]));
  return listDifferences(named(a), named(b), texts);
}

/** Files of a list that differ: the first few of those whose texts are kept by line, the others by hash. */
async function listDifferences(before: ReadonlyMap<string, Sha256>, after: ReadonlyMap<string, Sha256>, texts: Texts): Promise<string[]> {
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)).sort();
  const both = paths.filter((path) => before.has(path) && after.has(path)).slice(0, MOST_TEXTS);
  const lines: string[] = [];
  for (const path of paths.slice(0, MOST)) {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === undefined || now === undefined) {
      lines.push(now === undefined ? `${path}: removed (was ${short(old ?? "")})` : `${path}: added (${short(now)})`);
      continue;
    }
    const hunks = both.includes(path) ? await lineDifferences(path, await texts.before(old), await texts.now(now), Math.ceil(MOST_LINES / both.length)) : [];
    lines.push(...(hunks.length > 0 ? hunks : [`${path}: ${short(old)} → ${short(now)}`]));
  }
  return paths.length > MOST ? [...lines, `… and ${paths.length - MOST} more`] : lines;
}

/** Changed lines of a text, old → new. */
async function lineDifferences(path: string, old: string | undefined, current: string | undefined, most = MOST_LINES): Promise<string[]> {
  return old === undefined || current === undefined ? [] : hunkWords(path, await hunksOf(old, current), most);
}

const limited = (lines: string[]): string[] => (lines.length <= MOST ? lines : [...lines.slice(0, MOST), `… and ${lines.length - MOST} more`]);
