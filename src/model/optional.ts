import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** An optional package as the project at `root` has it, else as the tool has it; undefined where neither has. */
export async function optionalPackage(name: string, root: string): Promise<Record<string, unknown> | undefined> {
  let target = name;
  try {
    target = pathToFileURL(createRequire(join(root, "package.json")).resolve(name)).href;
  } catch {
    // Not in the project: perhaps beside the tool.
  }
  try {
    return (await import(target)) as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
