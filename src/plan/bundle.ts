import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CodeError, findPackage, projectPath } from "./code.ts";

export interface StageBundle {
  /** ESM with packages left as imports and an inline source map. */
  bundle: string;
  /** Every project file that went in, sorted, with its code stripped of comments and formatting. */
  files: { file: string; code: string }[];
  /** Names of imported packages and builtins, sorted. */
  packages: string[];
}

/** Clocks, dice and the environment are taken from stage code (packages keep theirs): bytes may depend on declared inputs only. */
const guard = `const __dagForbidden=(what,instead)=>{throw new Error(what+" is not reproducible in a stage: "+instead)};
const __dagRandom=()=>__dagForbidden("Math.random()","use random(...labels) of the stage's context");
const __dagNow=()=>__dagForbidden("Date.now()","declare a param, or take times from the data");
const __dagEnv=new Proxy({},{get:(_,name)=>typeof name==="symbol"?undefined:__dagForbidden("process.env."+name,"declare a param; env is for cmd stages"),has:()=>false,ownKeys:()=>[]});
const __dagDate=new Proxy(Date,{construct:(target,args,as)=>args.length===0?__dagForbidden("new Date()","declare a param, or take times from the data"):Reflect.construct(target,args,as),apply:()=>__dagForbidden("Date()","declare a param, or take times from the data")});`;

const loaders: Record<string, "ts" | "tsx" | "js" | "jsx"> = { ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".js": "js", ".mjs": "js", ".cjs": "js", ".jsx": "jsx" };

/** Bundles a stage module and what it imports from the project. Throws CodeError with file:line:column. */
export async function bundleStage(root: string, path: string, tool: string): Promise<StageBundle> {
  if (!existsSync(join(root, path))) throw new CodeError(`${path}: no such file`);
  const esbuild = await import("esbuild");
  const lent = new Map<string, string>();
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
      packages: "external",
      // Names as the project has them: where a link leads is no part of them, and a link that leads elsewhere is another file.
      preserveSymlinks: true,
      metafile: true,
      sourcemap: "inline",
      sourcesContent: false,
      charset: "utf8",
      logLevel: "silent",
      tsconfigRaw,
      banner: { js: guard },
      define: { "Math.random": "__dagRandom", "Date.now": "__dagNow", "process.env": "__dagEnv", Date: "__dagDate" },
      loader: { ".md": "text", ".txt": "text" },
      plugins: [ownApi(root, tool), toolPackages(root, lent)],
      outdir: join(root, "cache/code"),
    });
    const names = Object.keys(result.metafile.inputs).filter((name) => !name.startsWith("daguerre-tool:"));
    const files = await Promise.all(
      names.map(async (name) => {
        const absolute = resolve(root, name);
        const source = readFileSync(absolute, "utf8");
        const loader = loaders[extname(name)];
        const code = loader === undefined ? source : (await esbuild.transform(source, { loader, minifyWhitespace: true, legalComments: "none", tsconfigRaw, charset: "utf8" })).code;
        return { file: projectPath(root, absolute), code };
      }),
    );
    const packages = new Set<string>();
    for (const output of Object.values(result.metafile.outputs))
      for (const { path: imported, external } of output.imports) if (external === true) packages.add(packageName(lent.get(imported) ?? imported, tool));
    return { bundle: result.outputFiles[0]?.text ?? "", files: files.sort((a, b) => (a.file < b.file ? -1 : 1)), packages: [...packages].sort() };
  } catch (error) {
    const first = (error as { errors?: { text: string; location?: { file: string; line: number; column: number; lineText: string } | null }[] }).errors?.[0];
    if (first === undefined) throw error;
    const at = first.location;
    throw new CodeError(at ? `${at.file}:${at.line}:${at.column + 1}: ${first.text}\n    ${at.lineText.trim()}` : `${path}: ${first.text}`);
  }
}

/** `daguerre` is the project's own copy where it has one, else the running tool. */
function ownApi(root: string, tool: string): import("esbuild").Plugin {
  return {
    name: "daguerre",
    setup(build) {
      build.onResolve({ filter: /^daguerre(\/stats)?$/ }, ({ path }) => {
        if (existsSync(join(root, "node_modules/daguerre/package.json"))) return { path, external: true };
        return { path: pathToFileURL(join(tool, path === "daguerre" ? "stage.mjs" : "stats.mjs")).href, external: true };
      });
    },
  };
}

/** A package that the project has not installed is the tool's own, where the tool has it. `lent`: address → the name it was imported by. */
function toolPackages(root: string, lent: Map<string, string>): import("esbuild").Plugin {
  return {
    name: "tool-packages",
    setup(build) {
      build.onResolve({ filter: /^[@A-Za-z0-9]/ }, ({ path, kind }) => {
        if (kind === "entry-point" || path.startsWith("node:") || builtinModules.includes(path) || findPackage(root, bareName(path)) !== undefined) return undefined;
        try {
          const address = import.meta.resolve(path);
          lent.set(address, path);
          return { path: address, external: true };
        } catch {
          return undefined; // nobody has it: said where it is looked up
        }
      });
    },
  };
}

const bareName = (specifier: string): string => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");

function packageName(specifier: string, tool: string): string {
  if (specifier.startsWith(pathToFileURL(tool).href)) return specifier.endsWith("/stats.mjs") ? "daguerre/stats" : "daguerre";
  if (specifier === "daguerre/stats") return specifier;
  if (specifier.startsWith("node:")) return specifier;
  return bareName(specifier);
}
