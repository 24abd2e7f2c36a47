import { existsSync, realpathSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { findPackage, isInside, projectPath } from "./code.ts";
import { OWN } from "./refused.ts";

/** `daguerre` is the project's own copy where it has one, else the running tool, whose names are checked. */
export function ownApi(root: string, tool: string): Plugin {
  return {
    name: "daguerre",
    setup(build) {
      const address = (path: string): string => pathToFileURL(join(tool, path === "daguerre" ? "stage.mjs" : "stats.mjs")).href;
      build.onResolve({ filter: /^daguerre(\/stats)?$/ }, ({ path }) => (existsSync(join(root, "node_modules/daguerre/package.json")) ? { path, external: true } : { path, namespace: OWN }));
      build.onResolve({ filter: /^file:/, namespace: OWN }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /^daguerre/, namespace: OWN }, async ({ path }) => {
        const names = Object.keys((await import(address(path))) as object);
        return { contents: `export { ${names.join(", ")} } from ${JSON.stringify(address(path))};`, loader: "js" };
      });
    },
  };
}

/** Who imports a package first, and by which name. */
export type Importers = Map<string, { file: string; specifier: string }>;

/**
 * Packages stay imports, but for those that lie in the project itself and are linked to (workspaces): these are its code. One that the project has
 * not installed is the tool's own, where the tool has it. `lent`: address → the name it was imported by; `workspaces`: package.json of linked ones.
 */
export function packages(root: string, lent: Map<string, string>, importers: Importers, workspaces: Set<string>): Plugin {
  return {
    name: "packages",
    setup(build) {
      build.onResolve({ filter: /^[@A-Za-z0-9~]/ }, ({ path, kind, importer }) => {
        if (kind === "entry-point" || path.startsWith("node:") || builtinModules.includes(path)) return undefined;
        const name = bareName(path);
        if (!importers.has(name)) importers.set(name, { file: importer, specifier: path });
        const found = findPackage(root, name);
        if (found !== undefined && isOwn(root, found.file)) {
          workspaces.add(found.file);
          return undefined;
        }
        if (found !== undefined) return { path, external: true };
        try {
          const address = import.meta.resolve(path);
          lent.set(address, path);
          return { path: address, external: true };
        } catch {
          return { path, external: true }; // nobody has it: said where it is looked up
        }
      });
    },
  };
}

/** Does a package.json in node_modules really lie among the project's own files? */
function isOwn(root: string, file: string): boolean {
  const real = realpathSync(file);
  return isInside(root, real) && !projectPath(root, real).split("/").includes("node_modules");
}

export const bareName = (specifier: string): string => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
