// Bundles the tool into dist/: what a no-op run needs is one file, everything heavy stays a lazy chunk or an external package.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

const pkg = JSON.parse(readFileSync("package.json", "utf8"));
/** Packages that are bundled because they are on the hot path; every other dependency is loaded from node_modules when first used. */
const hot = new Set(["commander", "canonicalize"]);
const external = Object.keys({ ...pkg.dependencies, ...pkg.peerDependencies }).filter((name) => !hot.has(name));

const shared = { bundle: true, platform: "node", format: "esm", target: "node20.19", external, legalComments: "none", logLevel: "warning" };

// Made beside and swapped in, so that a running command never meets half a tool.
const out = `dist-${process.pid}`;
// What a stage module may import, on its own: its hash is part of every recipe whose code imports it.
await build({ ...shared, outExtension: { ".js": ".mjs" }, entryPoints: { stage: "src/stage/index.ts", stats: "src/stats/index.ts" }, outdir: out, minify: true });
const hashOf = (name) => `sha256:${createHash("sha256").update(readFileSync(`${out}/${name}.mjs`)).digest("hex")}`;
const api = { daguerre: hashOf("stage"), "daguerre/stats": hashOf("stats") };

// Names this build of the tool: what it derived and kept on disk is not another build's to trust.
const own = createHash("sha256");
for (const file of readdirSync("src", { recursive: true }).map(String).filter((name) => name.endsWith(".ts")).sort()) own.update(`${file}\0`).update(readFileSync(`src/${file}`));
for (const file of ["package.json", "schemas/pipeline.schema.json"]) own.update(readFileSync(file));

const define = { __VERSION__: JSON.stringify(pkg.version), __API__: JSON.stringify(api), __BUILD__: JSON.stringify(own.digest("hex").slice(0, 32)) };

await build({
  ...shared,
  outExtension: { ".js": ".mjs" },
  entryPoints: { program: "src/cli/program.ts", worker: "src/build/worker.ts", "checker-thread": "src/model/checker-thread.ts", "store-probe": "src/model/store/probe.ts" },
  outdir: out,
  splitting: true,
  chunkNames: "chunk-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  define,
});
// The command itself is one CommonJS file that answers where nothing has to be done: Node starts it some 12 ms sooner than a module.
await build({
  ...shared,
  format: "cjs",
  entryPoints: { dag: "src/cli/main.ts" },
  outdir: out,
  minify: true,
  banner: { js: "#!/usr/bin/env node" },
  external: [...external, "./program.mjs"],
  define,
  plugins: [{ name: "program", setup: (own) => own.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: "./program.mjs", external: true })) }],
});
writeFileSync(`${out}/package.json`, '{ "type": "commonjs" }\n');
chmodSync(`${out}/dag.js`, 0o755);
if (existsSync("dist")) renameSync("dist", `${out}.old`);
renameSync(out, "dist");
rmSync(`${out}.old`, { recursive: true, force: true });

// `npx dag` looks into node_modules/.bin first: put the checkout's own command there.
if (existsSync("node_modules")) {
  mkdirSync("node_modules/.bin", { recursive: true });
  for (const name of ["dag", "dag.cmd"]) rmSync(`node_modules/.bin/${name}`, { force: true });
  if (process.platform === "win32") writeFileSync("node_modules/.bin/dag.cmd", '@node "%~dp0\\..\\..\\dist\\dag.js" %*\r\n');
  else symlinkSync("../../dist/dag.js", "node_modules/.bin/dag");
}
