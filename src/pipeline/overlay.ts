import type { Json } from "../stage/index.ts";
import type { ModelSpec } from "./types.ts";
import type { Mistakes } from "./mistakes.ts";
import { didYouMean, listing, nearest } from "./nearest.ts";
import { isMap, type JsonMap, layOver, paramPaths } from "./params.ts";
import { Source } from "./source.ts";
import { readTree, type Tree } from "./tree.ts";
import { quote } from "./words.ts";

export interface Settings {
  params: JsonMap;
  models: Record<string, ModelSpec>;
}

/** Params and models as the file has them, with the named presets laid over in order, then the `key=yaml` overrides. */
export async function overlay(root: Tree, presets: readonly string[], overrides: readonly string[], mistakes: Mistakes): Promise<Settings> {
  const file = isMap(root.value) ? root.value : {};
  let params = mapOf(file["params"]);
  let models = mapOf(file["models"]);
  const known = root.entries?.get("presets")?.tree.entries ?? new Map<string, never>();
  checkPresets(root, params, models, mistakes);
  for (const { tree } of [{ tree: root }, ...known.values()]) checkFlags(tree, mistakes);

  for (const name of presets) {
    const preset = known.get(name)?.tree.value;
    if (preset === undefined) {
      const source = new Source(`--preset ${name}`, "", true);
      mistakes.in(source, { start: 9, end: source.text.length }, `no preset ${quote(name)}`, () => didYouMean(name, known.keys()) ?? listing("presets", known.keys()));
      continue;
    }
    if (!isMap(preset)) continue;
    params = mapOf(layOver(params, mapOf(preset["params"])));
    models = layModels(models, mapOf(preset["models"]));
  }
  for (const text of overrides) params = await override(params, text, mistakes);
  return { params, models: models as Record<string, ModelSpec> };
}

/** A preset that changes the provider replaces the model: an address or request of another provider does not carry over. */
function layModels(below: JsonMap, above: JsonMap): JsonMap {
  const models: JsonMap = { ...below };
  for (const [role, spec] of Object.entries(above)) {
    const base = Object.hasOwn(below, role) ? below[role] : undefined;
    const replaced = isMap(spec) && isMap(base) && spec["provider"] !== undefined && spec["provider"] !== base["provider"];
    models[role] = layOver(replaced ? undefined : base, spec);
  }
  return models;
}

/** Every preset is checked, chosen or not: names that are nearly those of the file, and models that nothing completes. */
function checkPresets(root: Tree, params: JsonMap, models: JsonMap, mistakes: Mistakes): void {
  const presets = root.entries?.get("presets")?.tree.entries;
  if (!presets) return;
  const complete = new Set<string>();
  for (const { tree } of presets.values()) {
    for (const [role, spec] of Object.entries(mapOf(mapOf(tree.value)["models"]))) if (isMap(spec) && "provider" in spec && "model" in spec) complete.add(role);
  }
  for (const [name, { tree }] of presets) {
    for (const [key, entry] of tree.entries?.get("params")?.tree.entries ?? []) {
      if (Object.hasOwn(params, key)) continue;
      const meant = nearest(key, Object.keys(params));
      if (meant !== undefined) mistakes.at(entry.span, `preset ${quote(name)} sets the param ${quote(key)}, which does not exist`, `did you mean ${quote(meant)}?`);
    }
    for (const [role, entry] of tree.entries?.get("models")?.tree.entries ?? []) {
      if (Object.hasOwn(models, role) || complete.has(role)) continue;
      mistakes.at(entry.span, `preset ${quote(name)} changes the model ${quote(role)}, which does not exist`, () => didYouMean(role, Object.keys(models)) ?? `add it under models, or give it "provider" and "model" here`);
    }
  }
}

/** Capabilities the tool itself goes by; any other flag is a field of the wire request. */
const CAPABILITIES = ["json_schema", "json_object", "system"];

/** A misspelt capability would say nothing and do nothing. */
function checkFlags(root: Tree, mistakes: Mistakes): void {
  for (const [role, { tree }] of root.entries?.get("models")?.tree.entries ?? []) {
    for (const [flag, { span }] of tree.entries?.get("supports")?.tree.entries ?? []) {
      const meant = CAPABILITIES.includes(flag) ? undefined : nearest(flag, CAPABILITIES);
      if (meant !== undefined) mistakes.at(span, `models.${role}.supports: no model has the capability ${quote(flag)}`, `did you mean ${quote(meant)}?`);
    }
  }
}

const OVERRIDE = /^([^=]+)=([\s\S]*)$/;

async function override(params: JsonMap, text: string, mistakes: Mistakes): Promise<JsonMap> {
  const source = new Source(`-p ${text}`, "", true);
  const parts = OVERRIDE.exec(text);
  const path = parts?.[1]?.split(".") ?? [];
  if (!parts || path.some((step) => step === "")) {
    mistakes.in(source, { start: 3, end: source.text.length }, "an override is written key=value", "for example -p seed=7 or -p 'noise=[0.5]'");
    return params;
  }
  const key = path.join(".");
  const keySpan = { start: 3, end: 3 + key.length };
  const offset = keySpan.end + 1;

  const top = path[0] ?? "";
  const forbidden = path.find((step) => ["__proto__", "constructor", "prototype"].includes(step));
  if (forbidden !== undefined) {
    mistakes.in(source, keySpan, `the key ${quote(forbidden)} is not allowed`);
    return params;
  }
  if (!Object.hasOwn(params, top)) {
    const stripped = top === "params" && path.length > 1 ? path.slice(1).join(".") : undefined;
    const hint = () => (stripped === undefined ? (didYouMean(key, paramPaths(params)) ?? didYouMean(top, Object.keys(params)) ?? listing("params", Object.keys(params))) : `write -p ${stripped}=…`);
    mistakes.in(source, keySpan, `no param ${quote(key)}`, hint);
    return params;
  }

  // A value that YAML would not take as it stands is still placed by its own offsets.
  const before = mistakes.count;
  const value = await readTree(new Source(parts[2] ?? "", "", true), (span, message, hint) => {
    mistakes.in(source, { start: offset + span.start, end: offset + span.end }, message, hint ?? "quote the value if text is meant");
  });
  if (mistakes.count > before || !value) return params;

  return mapOf(place(params, path, 0, value.value, (at, message, hint) => {
    mistakes.in(source, { start: 3, end: 3 + path.slice(0, at + 1).join(".").length }, message, hint);
  }));
}

/** A copy of `below` with the value at the path; below an empty map, maps that are missing on the way are made. */
function place(below: Json | undefined, path: readonly string[], at: number, value: Json, report: (at: number, message: string, hint?: string) => void): Json {
  const step = path[at];
  if (step === undefined) return value;
  if (Array.isArray(below)) {
    if (/^(?:0|[1-9][0-9]*)$/.test(step) && Number(step) < below.length) return below.map((item, index) => (index === Number(step) ? place(item, path, at + 1, value, report) : item));
    report(at, `${quote(path.slice(0, at).join("."))} is a list of ${String(below.length)}: it has no ${quote(step)}`);
    return below;
  }
  if (below !== undefined && !isMap(below)) {
    report(at, `${quote(path.slice(0, at).join("."))} is not a map: it has no ${quote(step)}`);
    return below;
  }
  const map = below ?? {};
  const exists = Object.hasOwn(map, step);
  const known = Object.keys(map);
  // Only an empty map takes any key: in one that has keys another is a slip. At the top the caller has looked.
  if (!exists && at > 0 && known.length > 0) {
    const prefix = path.slice(0, at).join(".");
    const meant = nearest(step, known);
    report(at, `no param ${quote(`${prefix}.${step}`)}`, meant !== undefined ? `did you mean ${quote([prefix, meant, ...path.slice(at + 1)].join("."))}?` : `${listing("params", known.map((key) => `${prefix}.${key}`))}; -p '${prefix}={…}' gives all of it anew`);
    return map;
  }
  return { ...map, [step]: place(exists ? map[step] : undefined, path, at + 1, value, report) };
}

function mapOf(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}
