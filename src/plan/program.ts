import { isAbsolute, posix } from "node:path";
import type { Action } from "../pipeline/index.ts";

/**
 * Project files that a command names literally (`python3 tools/x.py`): they are inputs like declared ones.
 * Words of a shell script count where they stand alone.
 */
export function programFiles(action: Action, isFile: (path: string) => boolean): string[] {
  const words = action.kind === "command" ? action.argv : action.kind === "shell" ? action.script.split(/[\s;|&()<>'"`]+/) : [];
  const files = new Set<string>();
  for (const word of words) {
    const path = posix.normalize(word);
    if (word === "" || word.includes("{") || isAbsolute(word) || path.startsWith("../") || /^(?:artifacts|cache)\//.test(path)) continue;
    if (word.includes("/") || word.includes(".")) if (isFile(path)) files.add(path);
  }
  return [...files].sort();
}
