import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { didYouMean } from "../pipeline/index.ts";
import { projectPath } from "./code.ts";

/** Where an import stands and what to do about a package that is not there. Never a name to install that the project does not itself declare. */
export function missingPackage(root: string, name: string, importer: { file: string; specifier: string } | undefined): string {
  const { file, specifier } = importer ?? { file: root, specifier: name };
  const source = readText(file);
  const at = placeOf(source ?? "", specifier);
  const place = importer === undefined ? "" : `${projectPath(root, file)}${at === undefined ? "" : `:${at}`}: `;
  const declared = dependencies(root);
  if (declared.includes(name)) return `${place}package "${name}" is in package.json but not installed: npm install`;
  const aliased = aliases(root).some((pattern) => matches(pattern, specifier));
  const own = projectFile(root, specifier);
  const path = own === undefined ? undefined : relativeImport(file, join(root, own));
  if (aliased) return `${place}cannot find "${specifier}": paths of tsconfig.json are not followed; import it by its relative path${path === undefined ? ', "./…" or "../…"' : `, "${path}"`}`;
  if (path !== undefined) return `${place}cannot find package "${name}": did you mean the file "${path}"?`;
  return `${place}cannot find package "${name}": ${didYouMean(name, declared) ?? "package.json does not list it, and no such file is in the project; a file is imported by its relative path, \"./…\" or \"../…\""}`;
}

/** `line:column` of the first import of a name, 1-based. */
function placeOf(source: string, specifier: string): string | undefined {
  const at = [`"${specifier}"`, `'${specifier}'`, `\`${specifier}\``].map((text) => source.indexOf(text)).filter((found) => found >= 0).sort((a, b) => a - b)[0];
  if (at === undefined) return undefined;
  const before = source.slice(0, at).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

function dependencies(root: string): string[] {
  try {
    const manifest = JSON.parse(readText(join(root, "package.json")) ?? "{}") as Record<string, Record<string, string> | undefined>;
    return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((kind) => Object.keys(manifest[kind] ?? {}));
  } catch {
    return []; // not JSON: npm will say so
  }
}

/** Keys of `paths` in tsconfig.json, which is JSON with comments: read as text, since only the message hangs on it. */
function aliases(root: string): string[] {
  const [, paths = ""] = /"paths"\s*:\s*\{([\s\S]*?)\}/.exec(readText(join(root, "tsconfig.json")) ?? "") ?? [];
  return Array.from(paths.matchAll(/"([^"]+)"\s*:\s*\[/g), ([, key = ""]) => key);
}

const matches = (pattern: string, specifier: string): boolean => {
  const [head = "", tail] = pattern.split("*");
  return tail === undefined ? specifier === pattern : specifier.startsWith(head) && specifier.endsWith(tail);
};

/** A project file that a bare name may stand for: `lib/h` or `@lib/h` for lib/h.ts. */
function projectFile(root: string, specifier: string): string | undefined {
  const bare = specifier.replace(/^[@~#]\/?/, "");
  return ["", ".ts", ".js", ".mjs", ".json", "/index.ts"].map((ending) => bare + ending).find((path) => /\.[a-z]+$/.test(path) && existsSync(join(root, path)));
}

function relativeImport(from: string, to: string): string {
  const path = relative(dirname(from), to).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
