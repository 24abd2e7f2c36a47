import { isUtf8 } from "node:buffer";
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Message, Plugin } from "esbuild";
import { unknownHint } from "../pipeline/index.ts";
import { sha256 } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { candidates, CodeError, projectPath } from "./code.ts";
import { builtins, define, guard, OWN } from "./refused.ts";
import { bareName, ownApi, packages as packagesOf } from "./resolve.ts";
import type { Importers } from "./resolve.ts";

export interface StageBundle {
  /** ESM with packages left as imports and an inline source map. */
  bundle: string;
  /** Every project file that went in, sorted: the hash of its bytes, and its code stripped of comments and formatting. */
  files: { file: string; hash: Sha256; code: string }[];
  /** Names of imported packages and builtins, sorted. */
  packages: string[];
  importers: Importers;
  /** Absolute paths of package.json of packages that are the project's own code. */
  workspaces: string[];
}

const loaders: Record<string, "ts" | "tsx" | "js" | "jsx"> = { ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".js": "js", ".mjs": "js", ".cjs": "js", ".jsx": "jsx" };

/** Bundles a stage module and what it imports from the project. Throws CodeError with file:line:column. */
export async function bundleStage(root: string, path: string, tool: string): Promise<StageBundle> {
  if (!existsSync(join(root, path))) throw new CodeError(`${path}: no such file`);
  const esbuild = await import("esbuild");
  const lent = new Map<string, string>();
  const importers: Importers = new Map();
  const read = new Map<string, Buffer>();
  const workspaces = new Set<string>();
  const tsconfigRaw = { compilerOptions: { target: "esnext" as const, useDefineForClassFields: true } };
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [path],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20.19",
      // Names as the project has them: where a link leads is no part of them, and a link that leads elsewhere is another file.
      preserveSymlinks: true,
      metafile: true,
      sourcemap: "inline",
      sourcesContent: false,
      charset: "utf8",
      logLevel: "silent",
      tsconfigRaw,
      banner: { js: guard },
      define,
      // What is brought in by a name made while running is no input that a recipe knows.
      logOverride: { "unsupported-dynamic-import": "error", "unsupported-require-call": "error" },
      loader: { ".md": "text", ".txt": "text" },
      plugins: [builtins, ownApi(root, tool), packagesOf(root, lent, importers, workspaces), readOnce(read)],
      outdir: join(root, "cache/code"),
    });
    const { inputs } = result.metafile;
    // As text or bytes a file counts to the last comment, whatever its ending.
    const verbatim = new Set(Object.values(inputs).flatMap(({ imports }) => imports.filter((imported) => imported.with !== undefined).map(({ path }) => fileOf(path))));
    if ([...verbatim].some((name) => changed(resolve(root, name), read))) return await bundleStage(root, path, tool);
    const names = new Set(Object.keys(inputs).filter((name) => !name.startsWith(`${OWN}:`)).map(fileOf));
    const files = await Promise.all(
      [...names].map(async (name) => {
        const absolute = resolve(root, name);
        const bytes = read.get(absolute) ?? readFileSync(absolute);
        const loader = verbatim.has(name) ? undefined : loaders[extname(name)];
        const source = isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("base64");
        const code = loader === undefined ? source : (await esbuild.transform(source, { loader, minifyWhitespace: true, legalComments: "none", tsconfigRaw, charset: "utf8" })).code;
        return { file: projectPath(root, absolute), hash: sha256(bytes), code };
      }),
    );
    const packages = new Set<string>();
    for (const output of Object.values(result.metafile.outputs))
      for (const { path: imported, external } of output.imports) if (external === true) packages.add(packageName(lent.get(imported) ?? imported, tool));
    return { bundle: result.outputFiles[0]?.text ?? "", files: files.sort((a, b) => (a.file < b.file ? -1 : 1)), packages: [...packages].sort(), importers, workspaces: [...workspaces].sort() };
  } catch (error) {
    const { errors = [] } = error as Partial<BuildFailure>;
    const [first] = errors;
    if (first === undefined) throw error;
    const at = first.location;
    const text = await words(first, tool);
    throw new CodeError(at ? `${at.file}:${at.line}:${at.column + 1}: ${text}\n    ${at.lineText.trim()}` : `${path}: ${text}`, [...read.keys(), ...errors.flatMap((one) => missed(root, one))]);
  }
}

/** Reads every file for esbuild and keeps what was read: an edit meanwhile must not give one code to run and another to be known by. */
const readOnce = (read: Map<string, Buffer>): Plugin => ({
  name: "read-once",
  setup(build) {
    build.onLoad({ filter: /.*/, namespace: "file" }, ({ path, with: attributes }) => {
      try {
        const contents = read.get(path) ?? readFileSync(path);
        read.set(path, contents);
        // What an attribute makes of a file only esbuild knows: it reads that itself.
        return Object.keys(attributes).length > 0 ? undefined : { contents, loader: "default" };
      } catch {
        return undefined; // esbuild says what is wrong with it
      }
    });
  },
});

/** Where a relative import that leads nowhere would have been found. */
function missed(root: string, { text, location }: Message): string[] {
  const specifier = /^Could not resolve "(\.{1,2}\/[^"]*)"/.exec(text)?.[1];
  return specifier === undefined || location === null ? [] : candidates(resolve(root, dirname(location.file), specifier));
}

/** Is a file that esbuild has read itself no longer what was read here just before? */
function changed(path: string, read: Map<string, Buffer>): boolean {
  const known = read.get(path);
  return known !== undefined && existsSync(path) && !readFileSync(path).equals(known);
}

/** esbuild's message, or ours where it knows better what to type. */
async function words({ id, text }: Message, tool: string): Promise<string> {
  if (id === "unsupported-dynamic-import" || id === "unsupported-require-call")
    return "a stage names what it imports literally, so that it counts as an input: import(\"../lib/x.ts\"); a data file is declared under files";
  const [, api, name] = new RegExp(`^No matching export in "${OWN}:(daguerre[^"]*)" for import "(.*)"$`).exec(text) ?? [];
  if (api === undefined || name === undefined) return text;
  const known = Object.keys((await import(pathToFileURL(join(tool, api === "daguerre" ? "stage.mjs" : "stats.mjs")).href)) as object);
  return `"${api}" exports no "${name}": ${unknownHint(name, "exports", known)}`;
}

/** The file behind a name in esbuild's list, which may carry the attribute it was imported with. */
const fileOf = (name: string): string => name.replace(/ with \{ [^{}]* \}$/, "");

function packageName(specifier: string, tool: string): string {
  if (specifier.startsWith(pathToFileURL(tool).href)) return specifier.endsWith("/stats.mjs") ? "daguerre/stats" : "daguerre";
  if (specifier === "daguerre/stats") return specifier;
  if (specifier.startsWith("node:")) return specifier;
  return bareName(specifier);
}
