import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** An optional package as the project at `root` has it, else as the tool has it; undefined where neither has. */
export async function optionalPackage(name: string, root: string): Promise<Record<string, unknown> | undefined> {
  const path = found(name, join(root, "package.json")) ?? found(name, import.meta.url);
  return path === undefined ? undefined : ((await import(pathToFileURL(path).href)) as Record<string, unknown>);
}

function found(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
