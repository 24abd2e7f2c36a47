import type { Json } from "../stage/index.ts";
import type { Stage } from "./types.ts";
import { byCodeUnit } from "./cells.ts";
import { didYouMean, listing, unknownHint } from "./nearest.ts";
import { paramAt, paramPaths, reference } from "./params.ts";
import type { Surroundings } from "./stage.ts";
import { type Entry, type Text, texts } from "./tree.ts";
import { quote } from "./words.ts";

/**
 * The models of a stage: roles by name; `axis.x`, the role that a cell's value of the axis names; `params.x`, the roles in a param. Values that name
 * no role bring none (a retriever that asks no model), but a stage whose references all come to nothing is a mistake.
 */
export function readModels(stage: string, field: Entry | undefined, matrix: Stage["matrix"], around: Surroundings): Pick<Stage, "models" | "modelAxes"> {
  const { models, mistakes } = around;
  const roles = new Set<string>();
  const axes = new Set<string>();
  const idle: { role: Text; values: readonly Json[] }[] = [];
  for (const role of texts(field?.tree)) {
    const axis = /^axis\.(.+)$/.exec(role.text)?.[1];
    if (Object.hasOwn(models, role.text)) {
      roles.add(role.text);
      continue;
    }
    const values = axis === undefined ? paramValues(role, around) : axisValues(role, axis, stage, matrix, around);
    const named = values?.map(String).filter((value) => Object.hasOwn(models, value)) ?? [];
    if (values !== undefined && named.length === 0) idle.push({ role, values });
    if (axis === undefined) for (const name of named) roles.add(name);
    else if (named.length > 0) axes.add(axis);
  }
  if (roles.size === 0 && axes.size === 0) {
    for (const { role, values } of idle) mistakes.at(role.span, `no value of ${quote(role.text)} (${values.slice(0, 5).map((value) => JSON.stringify(value)).join(", ")}) is the name of a model`, () => listing("models", Object.keys(models)));
  }
  return { models: [...roles].sort(byCodeUnit), modelAxes: [...axes].sort(byCodeUnit) };
}

/** Undefined where there is nothing more to say: the mistake is reported, or the axis without values has been. */
function axisValues(role: Text, axis: string, stage: string, matrix: Stage["matrix"], { mistakes }: Surroundings): readonly Json[] | undefined {
  const found = matrix.find(({ name }) => name === axis);
  if (found === undefined) mistakes.at(role.span, `stage ${quote(stage)} has no axis ${quote(axis)}`, () => unknownHint(axis, "axes", matrix.map(({ name }) => name)));
  return found === undefined || found.values.length === 0 ? undefined : found.values;
}

function paramValues(role: Text, { params, models, presetModels, mistakes }: Surroundings): readonly Json[] | undefined {
  const param = reference(role.text);
  if (param === undefined) {
    const preset = presetModels.get(role.text);
    mistakes.at(role.span, `unknown model ${quote(role.text)}`, () => didYouMean(role.text, Object.keys(models)) ?? (preset === undefined ? listing("models", Object.keys(models)) : `only the preset ${quote(preset)} has it: add it under models`));
    return undefined;
  }
  const value = paramAt(params, param);
  if (value === undefined) mistakes.at(role.span, `unknown param ${quote(role.text)}`, () => unknownHint(role.text, "params", paramPaths(params, "params.")));
  return value === undefined ? undefined : Array.isArray(value) ? value : [value];
}
