import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Prompt } from "../../stage/index.ts";
import type { CellJob } from "../job.ts";

/**
 * Prompt templates are Liquid: no code runs in them, an unknown variable or filter is an error with line and column,
 * partials come from prompts/ only, and there is no clock.
 */
export async function promptsOf(job: CellJob): Promise<Record<string, Prompt>> {
  if (Object.keys(job.prompts).length === 0) return {};
  const { Liquid } = await import("liquidjs");
  const inside = (name: string): string => posix.normalize(name);
  const resolvePartial = (_: string, name: string): string => {
    const path = inside(/\.(md|liquid|txt)$/.test(name) ? name : `${name}.md`);
    if (path.startsWith("..") || posix.isAbsolute(path)) throw new Error(`partial "${name}" lies outside prompts/`);
    return join(job.root, "prompts", path);
  };
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    dynamicPartials: true,
    relativeReference: false,
    cache: true,
    fs: {
      readFileSync: (path) => readFileSync(path, "utf8"),
      readFile: (path) => readFile(path, "utf8"),
      existsSync: () => true,
      exists: () => Promise.resolve(true),
      contains: () => Promise.resolve(true),
      containsSync: () => true,
      resolve: resolvePartial,
      sep: "/",
    },
  });
  for (const name of ["date", "date_to_xmlschema", "date_to_rfc822", "date_to_string", "date_to_long_string", "sample"])
    engine.registerFilter(name, () => {
      throw new Error(`filter "${name}" is not available in prompts: it is not reproducible`);
    });
  return Object.fromEntries(
    Object.entries(job.prompts).map(([name, { path, text }]) => {
      const located = (error: unknown): Error => {
        const { message, token } = error as { message: string; token?: { getPosition?: () => [number, number] } };
        const position = token?.getPosition?.();
        return new Error(`${path}${position ? `:${position[0]}:${position[1]}` : ""}: ${message.split("\n")[0]?.replace(/,? ?(?:file:.*|line:.*)$/, "") ?? message}`);
      };
      let template: ReturnType<typeof engine.parse> | undefined;
      const prompt: Prompt = {
        path,
        text,
        render: (variables) => {
          try {
            template ??= engine.parse(text);
            return engine.renderSync(template, variables) as string;
          } catch (error) {
            throw located(error);
          }
        },
      };
      return [name, prompt];
    }),
  );
}
