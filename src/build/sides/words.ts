import type { Pipeline, Stage } from "../../pipeline/index.ts";
import { paramAt } from "../../pipeline/index.ts";
import { explainReason, partialList } from "../../plan/index.ts";
import type { Json } from "../../stage/index.ts";
import { canonicalJson, isInside, sha256 } from "../../store/index.ts";
import type { Sha256 } from "../../store/index.ts";
import type { ProjectOptions } from "../project.ts";
import type { InputChange } from "./changes.ts";
import { lineChange } from "./lines.ts";
import type { LineChange } from "./lines.ts";
import type { Side } from "./types.ts";

/** What exactly an input changed in, where its content can still be read on both sides. */
export interface ChangedInput extends InputChange {
  /** The file that changed, and how. */
  files: ({ path: string } & LineChange)[];
  /** Further words: a param's values, a file's hashes. */
  detail: string[];
}

/** A text with more bytes than this is data. */
const LARGEST_TEXT = 1 << 20;

/** Finds the words for changed inputs: content comes from the store by its hash, or from a side's own files where these have it. */
export class InputWords {
  constructor(
    private readonly before: Side,
    private readonly after: Side,
    private readonly identify: ProjectOptions["identify"],
  ) {}

  async of(stage: string, change: InputChange): Promise<ChangedInput> {
    const { label, old, new: now } = change;
    const none: ChangedInput = { ...change, files: [], detail: [] };
    if (old === undefined || now === undefined) return none;
    const [a, b] = [await this.content(this.before, stage, label, old), await this.content(this.after, stage, label, now)];
    const declared = (await this.after.pipeline())?.stages.get(stage) ?? (await this.before.pipeline())?.stages.get(stage);
    const path = fileOf(declared, label);
    if (label === "code") {
      const known = (await this.before.hasCode(stage, old)) && (await this.after.hasCode(stage, now));
      const files = known ? await this.codeFiles(a, b, declared) : [];
      const others = a === undefined || b === undefined ? [] : await this.explained(declared, change, a, b);
      return { ...none, files, detail: others.filter((line) => !files.some((file) => line.startsWith(`${file.path}: `))) };
    }
    if (path !== undefined && a !== undefined && b !== undefined && isText(a) && isText(b)) {
      const lines = await lineChange(a, b);
      return lines === undefined ? none : { ...none, files: [{ path, ...lines }] };
    }
    return { ...none, detail: await this.explained(declared, change, a, b) };
  }

  private explained(declared: Stage | undefined, { label, old, new: now }: InputChange, a: string | undefined, b: string | undefined): Promise<string[]> {
    const stage = declared ?? ({ prompts: {}, files: {} } as unknown as Stage);
    if (old === undefined || now === undefined) return Promise.resolve([]);
    return explainReason({ kind: "changed", label, old, new: now }, { stage, before: async (hash) => (hash === old ? a : this.before.text(hash)), now: async (_, hash) => (hash === now ? b : this.after.text(hash)) });
  }

  /** The text that has this hash, whoever still has it. */
  private async content(side: Side, stage: string, label: string, hash: Sha256): Promise<string | undefined> {
    const stored = side.text(hash);
    if (stored !== undefined) return stored;
    const pipeline = await side.pipeline();
    const path = fileOf(pipeline?.stages.get(stage), label);
    const text = path === undefined ? this.valueOf(pipeline, label) : (await side.source(path))?.toString("utf8");
    return text !== undefined && sha256(text) === hash ? text : undefined;
  }

  private valueOf(pipeline: Pipeline | undefined, label: string): string | undefined {
    if (pipeline === undefined) return undefined;
    const name = label.slice(label.indexOf(".") + 1);
    const model = label.startsWith("models.") && Object.hasOwn(pipeline.models, name) ? pipeline.models[name] : undefined;
    const value: Json | undefined = label.startsWith("params.") ? (paramAt(pipeline.params, name) ?? null) : model === undefined ? undefined : this.identify(model);
    return value === undefined ? undefined : canonicalJson(value);
  }

  /** Files of a stage's code that changed, by line.  */
  private async codeFiles(a: string | undefined, b: string | undefined, declared: Stage | undefined): Promise<ChangedInput["files"]> {
    const [old, now] = [filesIn(a), filesIn(b)];
    const own = declared?.action.kind === "module" ? [declared.action.path] : [];
    const paths = old === undefined || now === undefined ? own : [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((path) => old[path] !== now[path]).sort();
    const files: ChangedInput["files"] = [];
    for (const path of paths) {
      const [x, y] = [await this.before.source(path), await this.after.source(path)];
      const lines = x === undefined || y === undefined ? undefined : await lineChange(x.toString("utf8"), y.toString("utf8"));
      if (lines !== undefined) files.push({ path, ...lines });
    }
    return files;
  }
}

const isText = (text: string): boolean => text.length <= LARGEST_TEXT && !text.includes("\0") && partialList(text) === undefined && !/^\\?[0-9a-f]{64} {2}/.test(text);

/** The one project file behind an input. */
function fileOf(stage: Stage | undefined, label: string): string | undefined {
  const dot = label.indexOf(".");
  const [kind, name] = dot < 0 ? [label, ""] : [label.slice(0, dot), label.slice(dot + 1)];
  const own = (record: Readonly<Record<string, string>> | undefined): string | undefined => (record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined);
  switch (kind) {
    case "program":
    case "reads":
      return isInside(name) ? name : undefined;
    case "prompts":
      return own(stage?.prompts);
    case "schema":
      return typeof stage?.schema === "string" ? stage.schema : own(stage?.schema);
    case "files": {
      const patterns = stage !== undefined && Object.hasOwn(stage.files, name) ? stage.files[name] : undefined;
      const [only] = patterns ?? [];
      return patterns?.length === 1 && only !== undefined && !/[*?[\]{}!]/.test(only) ? only : undefined;
    }
    default:
      return undefined;
  }
}

/** Paths and hashes in the manifest of a stage's code. */
function filesIn(manifest: string | undefined): Record<string, unknown> | undefined {
  try {
    const { files } = JSON.parse(manifest ?? "") as { files?: unknown };
    return typeof files === "object" && files !== null ? (files as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
