import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ModuleJob } from "../job.ts";

/** What kept a bundle from being linked, with the stage's line: Node names only the package, and the bundle it was missed from. */
export function linkError(error: unknown, { root, source }: ModuleJob): unknown {
  const [, from = "", name] = /^The requested module '(.*)' does not provide an export named '(.*)'$/.exec((error as Partial<Error> | null)?.message ?? "") ?? [];
  if (!(error instanceof SyntaxError) || name === undefined) return error;
  const lines = readFileSync(join(root, source), "utf8").split("\n");
  const row = lines.findIndex((line) => new RegExp(`\\b${name.replace(/\W/g, "\\$&")}\\b`).test(line));
  const place = row < 0 ? source : `${source}:${row + 1}:${(lines[row] ?? "").indexOf(name) + 1}`;
  const [, owner = from] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(from) ?? [];
  return new Error(`${place}: "${owner}" exports no "${name}"; its own documentation says what it does`);
}
