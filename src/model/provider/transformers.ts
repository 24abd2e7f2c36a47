import { join, resolve } from "node:path";
import type { ModelSpec } from "../../pipeline/index.ts";
import type { WireBody } from "../key.ts";
import { optionalPackage } from "../optional.ts";
import { CallError } from "../types.ts";
import { WireFailure } from "./types.ts";
import type { Provider } from "./types.ts";

const PACKAGE = "@huggingface/transformers";

/** What we use of the package. */
interface Transformers {
  env: { allowRemoteModels: boolean; allowLocalModels: boolean; localModelPath: string; cacheDir: string | null };
  pipeline(task: "feature-extraction", model: string, options: { dtype: string; revision?: string }): Promise<Extractor>;
}
interface Extractor {
  (texts: string[], options: { pooling: string; normalize: boolean }): Promise<{ dims: number[]; data: Float32Array | ArrayLike<number> }>;
  tokenizer: { (text: string, options: { truncation: boolean }): { input_ids: { dims: number[] } }; model_max_length: number };
}

interface Card {
  repository: string;
  pooling: "mean" | "cls";
  /** Word pieces that are read; the rest of a text is cut off. The tokenizers in the repositories allow more. */
  pieces: number;
}

/** How the cards of these models say to read them; all normalise to unit length. ONNX weights lie in the repositories named. */
const CARDS: Readonly<Record<string, Card>> = {
  "all-MiniLM-L6-v2": { repository: "Xenova/all-MiniLM-L6-v2", pooling: "mean", pieces: 256 },
  "all-mpnet-base-v2": { repository: "Xenova/all-mpnet-base-v2", pooling: "mean", pieces: 384 },
  "bge-m3": { repository: "Xenova/bge-m3", pooling: "cls", pieces: 8192 },
};

/** Texts run through the network together. */
const GROUP = 16;

/**
 * Embeddings in process through @huggingface/transformers, an optional package of the project. `model` is a name above, a repository `owner/name`, or
 * a directory of the project (`./models/x`). Request fields: `pooling` (mean, cls), `normalize`, `dtype` (default fp32), `revision`. Throws a
 * CallError that says what to install or where weights are looked for.
 */
export async function transformersProvider(spec: ModelSpec, root: string, environment: Record<string, string | undefined>): Promise<Provider> {
  const transformers = await load(root);
  const card = Object.hasOwn(CARDS, spec.model) ? CARDS[spec.model] : undefined;
  const local = /^\.{1,2}\//.test(spec.model);
  const { env } = transformers;
  const home = environment["HF_HOME"];
  if (home !== undefined && home !== "") env.cacheDir = join(home, "transformers.js");
  // Offline, what was downloaded before is read as a local model: the cache has its layout.
  const offline = !local && environment["HF_HUB_OFFLINE"] === "1";
  env.allowLocalModels = local || offline;
  env.allowRemoteModels = !local && !offline;
  if (offline && env.cacheDir !== null) env.localModelPath = `${env.cacheDir}/`;
  const extractors = new Map<string, Promise<Extractor>>();

  const extractor = (dtype: string, revision: string | undefined): Promise<Extractor> => {
    const name = JSON.stringify([dtype, revision ?? null]);
    let found = extractors.get(name);
    if (found === undefined) {
      const path = local ? resolve(root, spec.model) : undefined;
      if (path !== undefined) env.localModelPath = `${resolve(path, "..")}/`;
      const model = path === undefined ? (card?.repository ?? spec.model) : path.slice(resolve(path, "..").length + 1);
      const opened = transformers.pipeline("feature-extraction", model, { dtype, ...(revision === undefined ? {} : { revision }) }).then((extract) => {
        if (card !== undefined) Object.defineProperty(extract.tokenizer, "model_max_length", { value: Math.min(card.pieces, extract.tokenizer.model_max_length) });
        return extract;
      });
      found = opened.catch((error: unknown) => {
        const where = path ?? `huggingface.co/${model}${home === undefined ? "" : ` (cache ${home})`}`;
        throw new CallError("request", `the weights of ${spec.model} cannot be had from ${where}: ${error instanceof Error ? error.message : String(error)}; put them into a directory of the project and write model: ./models/<name>, or use provider: offline`, { cause: error });
      });
      extractors.set(name, found);
    }
    return found;
  };

  return {
    local: true,
    async send(kind, body: WireBody): Promise<WireBody> {
      if (kind !== "embedding") throw new WireFailure("request", "provider: transformers gives embeddings only; use provider: openai or offline for the rest");
      const { dtype = "fp32", revision, pooling = card?.pooling ?? "mean", normalize = true, input } = body;
      if (pooling !== "mean" && pooling !== "cls") throw new WireFailure("request", `pooling is ${JSON.stringify(pooling)}, not mean or cls`);
      const texts = (Array.isArray(input) ? input : [input]) as string[];
      const extract = await extractor(String(dtype), typeof revision === "string" ? revision : undefined);
      const data: WireBody[] = [];
      let tokens = 0;
      for (let at = 0; at < texts.length; at += GROUP) {
        const part = texts.slice(at, at + GROUP);
        for (const text of part) tokens += extract.tokenizer(text, { truncation: true }).input_ids.dims[1] ?? 0;
        // One by one: padding to a longer neighbour changes the last digits, and an answer must not depend on its company.
        for (const [i, text] of part.entries()) {
          const { dims, data: values } = await extract([text], { pooling, normalize: normalize !== false });
          data.push({ object: "embedding", index: at + i, embedding: Array.from(values).slice(0, dims[1] ?? values.length) });
        }
      }
      return { object: "list", model: spec.model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
    },
  };
}

async function load(root: string): Promise<Transformers> {
  const module = (await optionalPackage(PACKAGE, root)) as (Transformers & { default?: Transformers }) | undefined;
  if (module === undefined) throw new CallError("request", `provider: transformers needs the package ${PACKAGE}; install it in the project: npm install ${PACKAGE}`);
  // Its CommonJS build has everything under `default`.
  return "pipeline" in module ? module : (module as { default: Transformers }).default;
}
