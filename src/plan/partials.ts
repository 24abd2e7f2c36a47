import { posix } from "node:path";
import type { Liquid, LiquidOptions, Template } from "liquidjs";

/** False where a text has no tag that could bring in another file: then Liquid need not be loaded to know. */
export const mayHavePartials = (text: string): boolean => /\{%[^a-z{]*(?:render|include|layout|liquid)/.test(text);

/** Project-relative file of a partial: below prompts/, with `.md` unless it has an ending of its own. Undefined for a name that leads elsewhere. */
export function partialPath(name: string): string | undefined {
  const path = posix.normalize(/\.(?:md|liquid|txt)$/.test(name) ? name : `${name}.md`);
  return path.startsWith("../") || posix.isAbsolute(path) ? undefined : `prompts/${path}`;
}

/** The one dialect prompts are written in: an unknown variable or filter is an error, no file is read but through `fs`, and there is no clock. */
export async function promptEngine(fs?: LiquidOptions["fs"]): Promise<Liquid> {
  const { Liquid } = await import("liquidjs");
  const engine = new Liquid({ strictVariables: true, strictFilters: true, ownPropertyOnly: true, dynamicPartials: true, relativeReference: false, cache: true, ...(fs === undefined ? {} : { fs }) });
  for (const name of ["date", "date_to_xmlschema", "date_to_rfc822", "date_to_string", "date_to_long_string", "sample"])
    engine.registerFilter(name, () => {
      throw new Error(`filter "${name}" is not available in prompts: it is not reproducible`);
    });
  return engine;
}

/** Names of the partials a text can render, each once, as Liquid's own parser finds them; in words what is wrong with one that is not named literally. */
export function partialNames(engine: Liquid, text: string): string[] | string {
  const names = new Set<string>();
  let mistake: string | undefined;
  const visit = (templates: Iterable<Template>): void => {
    for (const template of templates) {
      const { name, file } = template as Template & { name?: string; file?: unknown };
      if (name === "render" || name === "include" || name === "layout") {
        if (typeof file === "string") names.add(file);
        else if (file !== undefined) mistake ??= `name partials literally: {% ${name} "name" %}`;
      }
      const inner = template.children?.(false, true).next().value as Iterable<Template> | undefined;
      if (inner !== undefined) visit(inner);
    }
  };
  try {
    visit(engine.parse(text));
  } catch {
    return []; // not Liquid: rendering it says so, with the line
  }
  return mistake ?? [...names];
}
