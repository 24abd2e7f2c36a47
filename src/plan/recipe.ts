import { hashJson } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";

/** sha256 of a cell's inputs: equal recipes mean equal bytes. Made in this file only. */
export type RecipeHash = Sha256 & { readonly __recipe: unique symbol };

/** Raised when the meaning of a label or of an artifact's bytes changes: every cell then becomes stale, once. */
export const RECIPE_VERSION = 1;

/**
 * What enters a recipe, by label. Every value is the sha256 of bytes that `why` can show again.
 * Not in it, on purpose: machine paths, mtimes, key order, undeclared params, timeouts, limits, prices, base URLs, keys.
 */
export interface RecipeInputs {
  /** Random streams and default call scopes are named after the stage. */
  stage: Sha256;
  /** Kind and ending of the output: they decide the serialisation. */
  output: Sha256;
  /** Module stages: the code without comments and formatting, and the versions of imported packages. */
  code?: Sha256;
  /** Command stages: the argument list or shell script, as written. */
  command?: Sha256;
  /** Item by item or whole: the same code gives other bytes. */
  each?: Sha256;
  /** `--sample`: only the first items of the list. */
  sample?: Sha256;
  /** The schema decides whether there is an artifact at all. */
  schema?: Sha256;
  /**
   * `needs.x` artifact, or the cells of a gathered one · `files.x` and `prompts.x` content · `params.x`, `env.x`, `axis.x` values ·
   * `models.x` identity · `program.path` a project file named by a command · `reads.path` a file the stage was seen to read.
   */
  [label: string]: Sha256 | undefined;
}

export type Inputs = Readonly<Record<string, Sha256>>;

/** The recipe of a set of inputs: sha256 of the canonical JSON (RFC 8785) of version and labels. */
export function recipeOf(inputs: Inputs): RecipeHash {
  return hashJson({ v: RECIPE_VERSION, inputs }) as RecipeHash;
}

/**
 * Is an input shared by all items of an `each` stage? Not: the list itself, how much of it a sample takes, and what is noted item by item (files
 * read; in module stages also every other need, whole or by record).
 */
export const isShared = (label: string, each: string, module: boolean): boolean => !(label === `needs.${each}` || label === "sample" || label.startsWith("reads.") || (module && label.startsWith("needs.")));

/** What all items of an `each` stage share: items are remembered under it, keyed by their own record. */
export function itemBaseOf(inputs: Inputs, each: string, module: boolean): Sha256 {
  return hashJson({ v: RECIPE_VERSION, each, inputs: Object.fromEntries(Object.entries(inputs).filter(([label]) => isShared(label, each, module))) });
}

/** The stage that a recorded `each` cell ran over, and whether it was a module, as its inputs tell; undefined for other cells. */
export function eachOf(inputs: Inputs): { each: string; module: boolean } | undefined {
  const { each } = inputs;
  if (each === undefined) return undefined;
  const label = Object.keys(inputs).find((name) => name.startsWith("needs.") && hashJson(name.slice("needs.".length)) === each);
  return label === undefined ? undefined : { each: label.slice("needs.".length), module: inputs["code"] !== undefined };
}
