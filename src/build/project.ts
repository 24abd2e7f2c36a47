import { join } from "node:path";
import { expand, loadPipeline } from "../pipeline/index.ts";
import type { Diagnostic, Graph, ModelSpec, Pipeline, PipelineMemory } from "../pipeline/index.ts";
import { CodeBook, Planner, ResultStore, Snapshot } from "../plan/index.ts";
import type { PlannerOptions, RecipeHash } from "../plan/index.ts";
import type { Json } from "../stage/index.ts";
import { derivedDamage, ObjectStore, readDerivedSync, readLock, StatCache, writeDerivedSync } from "../store/index.ts";
import type { LockFile, OnProblem } from "../store/index.ts";
import { CellMemory } from "./memory.ts";

export interface ProjectOptions {
  /** Absolute. */
  root: string;
  file?: string | undefined;
  presets?: readonly string[] | undefined;
  overrides?: readonly string[] | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the running tool's dist/. */
  tool: string;
  /** What of a model may change bytes. */
  identify: (spec: ModelSpec) => Json;
  onProblem: OnProblem;
  /** Only the first items of every `each`; artifacts and lock are kept apart from the full build's. */
  sample?: number | undefined;
  /** Everything a build writes goes below this directory instead of the project; what the project has is still found. */
  scratch?: string | undefined;
  /** Writes nothing, not even what only saves time. */
  readOnly?: boolean | undefined;
}

declare const __BUILD__: string;

/** Where things lie; the artifacts and the lock of `-f pipelines/x.yaml` have places of their own. */
export interface Places {
  artifacts: string;
  lock: string;
  cache: string;
  state: string;
  temp: string;
  lease: string;
  objects: string;
}

/** What the disk says at one moment: made anew when a build gets its turn. */
export interface State {
  lock: LockFile;
  lockExists: boolean;
  stats: StatCache;
  code: CodeBook;
  snapshot: Snapshot;
  objects: ObjectStore;
  results: ResultStore;
  memory: CellMemory;
  planner: Planner;
}

/** A checked pipeline and the way to the project's memory. Opening reads the pipeline file only. */
export class Project {
  readonly places: Places;
  private constructor(
    readonly options: ProjectOptions,
    readonly pipeline: Pipeline,
    readonly graph: Graph,
  ) {
    const own = placesOf(options.root, pipeline.slug, options.sample);
    this.places = options.scratch === undefined ? own : { artifacts: join(options.scratch, "artifacts"), lock: join(options.scratch, "dag.lock"), ...cachePlaces(join(options.scratch, "cache")) };
  }

  static async open(options: ProjectOptions): Promise<{ ok: true; project: Project } | { ok: false; diagnostics: Diagnostic[] }> {
    const loaded = await loadPipeline({ root: options.root, ...(options.file === undefined ? {} : { file: options.file }), presets: options.presets ?? [], overrides: options.overrides ?? [], memory: pipelineMemory(options) });
    return loaded.ok ? { ok: true, project: new Project(options, loaded.pipeline, expand(loaded.pipeline)) } : { ok: false, diagnostics: loaded.diagnostics };
  }

  get root(): string {
    return this.options.root;
  }

  /** Reads lock and memories (`warm`: what this process has of them is as good). Writes nothing; damage is reported through onProblem and not trusted. */
  load(options: Pick<PlannerOptions, "forced"> & { warm?: Pick<State, "stats" | "code"> } = {}): State {
    const { root, onProblem, env, tool, identify, readOnly } = this.options;
    const { lock, problems, exists } = readLock(this.places.lock);
    for (const problem of problems) onProblem(problem);
    const stats = options.warm?.stats ?? StatCache.load(join(this.places.state, "stat.json"), { root, onProblem, readOnly: readOnly === true });
    const code = options.warm?.code ?? new CodeBook(root, this.places.cache, stats, tool, readOnly === true, onProblem);
    const snapshot = new Snapshot(root, stats, env);
    const objects = new ObjectStore(this.places.objects, { onProblem });
    const results = new ResultStore(this.places.cache, this.options.scratch === undefined ? [] : [join(root, "cache")]);
    const memory = new CellMemory(join(this.places.state, `cells${this.pipeline.slug === "" ? "" : `.${this.pipeline.slug.replaceAll("/", ".")}`}.json`), onProblem);
    const planner = new Planner({
      graph: this.graph,
      snapshot,
      code,
      identify,
      lock,
      results,
      sample: this.options.sample,
      artifacts: this.places.artifacts,
      kept: (artifact) => objects.has(artifact),
      failure: (cell: string, recipe: RecipeHash) => memory.failure(cell, recipe),
      ...(options.forced === undefined ? {} : { forced: options.forced }),
    });
    return { lock, lockExists: exists, stats, code, snapshot, objects, results, memory, planner };
  }
}

/** The last pipeline found good, by its content: an unchanged one need not be parsed again. */
function pipelineMemory({ root, file = "pipeline.yaml", readOnly, scratch, onProblem }: ProjectOptions): PipelineMemory {
  const path = join(root, "cache/state", `${file.replace(/[^A-Za-z0-9._-]/g, "_")}.memory`);
  const stamped = (key: string): string => `${__BUILD__} ${key}\n`;
  return {
    read: (key) => {
      const parse = (text: string): string | undefined => {
        if (!/^\w+ \w+\n/.test(text)) throw new Error("no stamp");
        return text.startsWith(stamped(key)) ? text.slice(stamped(key).length) : undefined;
      };
      return readDerivedSync(path, parse, onProblem);
    },
    damaged: () => onProblem(derivedDamage(path)),
    write: (key, text) => {
      if (readOnly !== true && scratch === undefined) writeDerivedSync(path, stamped(key) + text);
    },
  };
}

function cachePlaces(cache: string): Omit<Places, "artifacts" | "lock"> {
  return { cache, state: join(cache, "state"), temp: join(cache, "tmp"), lease: join(cache, "state/build.lease"), objects: join(cache, "objects") };
}

/** Where a project at some root has its things, for a pipeline of that slug. */
export function placesOf(root: string, slug: string, sample?: number): Places {
  const full = slug === "" ? "dag.lock" : `pipelines/${slug}.lock`;
  return {
    artifacts: join(root, "artifacts", slug, sample === undefined ? "" : `sample=${sample}`),
    lock: join(root, sample === undefined ? full : `cache/state/sample=${sample}/${full}`),
    ...cachePlaces(join(root, "cache")),
  };
}
