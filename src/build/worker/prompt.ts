import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mistakeIn, partialNames, partialPath, promptEngine } from "../../plan/index.ts";
import type { Prompt } from "../../stage/index.ts";
import type { CellJob } from "../job.ts";

/**
 * Prompt templates are Liquid: no code runs in them, an unknown variable or filter is an error with line and column,
 * partials come from prompts/ only, by names the plan can see, and there is no clock.
 */
export async function promptsOf(job: CellJob): Promise<Record<string, Prompt>> {
  if (Object.keys(job.prompts).length === 0) return {};
  /** What the plan has hashed and no more: every text is looked through with the plan's own eyes before it is rendered. */
  const checked = (text: string): string => {
    const names = partialNames(engine, text);
    if (typeof names === "string") throw new Error(names);
    return text;
  };
  const resolvePartial = (_: string, name: string): string => {
    const path = partialPath(name);
    if (path === undefined) throw new Error(`partial "${name}" lies outside prompts/`);
    return join(job.root, path);
  };
  const read = (path: string): string => checked(readFileSync(path, "utf8"));
  const engine = await promptEngine({
    readFileSync: read,
    readFile: (path) => Promise.resolve(read(path)),
    existsSync: () => true,
    exists: () => Promise.resolve(true),
    contains: () => Promise.resolve(true),
    containsSync: () => true,
    resolve: resolvePartial,
    sep: "/",
  });
  return Object.fromEntries(
    Object.entries(job.prompts).map(([name, { path, text }]) => {
      const located = (error: unknown): Error => {
        const { line, column, message } = mistakeIn(error);
        return new Error(`${path}${(error as { token?: unknown }).token === undefined ? "" : `:${line}:${column}`}: ${message}`);
      };
      let template: ReturnType<typeof engine.parse> | undefined;
      const prompt: Prompt = {
        path,
        text,
        render: (variables) => {
          try {
            template ??= engine.parse(checked(text));
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
