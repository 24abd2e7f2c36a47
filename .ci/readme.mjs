#!/usr/bin/env node
// Keeps README.md true: puts the flagship's printed tables, its hashes, the beginning of a trace and its picture (docs/pipeline.svg) in from a build of this checkout.
// Usage: node .ci/readme.mjs [--check]    --check writes nothing and exits 1 where the page says something else than the build
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dag = (...args) => execFileSync(process.execPath, ["dist/dag.js", ...args], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
const check = process.argv.includes("--check");

/** The text between `<!-- name … -->` and `<!-- /name -->`, as one fenced block. */
function filled(page, name, text) {
  const region = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*?(<!-- /${name} -->)`);
  if (!region.test(page)) throw new Error(`README.md has no place for ${name}`);
  return page.replace(region, (_, open, close) => `${open}\`\`\`text\n${text.trimEnd()}\n\`\`\`\n${close}`);
}

const table = dag("run", "evaluate");
const hashes = dag("hash", "evaluate");
// Its first screen, up to the second session; the day of a call is of this machine.
const trace = dag("trace", "000000000@noise=0,system=reader-1+bm25").replace(/ · \d{4}-\d\d-\d\d$/gm, "");
const beginning = /^[^]*← retrieved\[0\][^]*?\n(?= {2}\S)/.exec(trace)?.[0] ?? trace;
const before = readFileSync(`${root}/README.md`, "utf8");
const wanted = {
  "README.md": filled(filled(filled(before, "numbers", table), "hashes", hashes), "trace", beginning),
  "docs/pipeline.svg": dag("graph", "--format", "svg"),
};

const problems = [];
for (const [name, text] of Object.entries(wanted)) {
  const path = `${root}/${name}`;
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (check) problems.push(`${name} is not what this checkout builds: node .ci/readme.mjs`);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
for (const [, path] of before.matchAll(/`(artifacts\/evaluate\/[^`<>*\s]+)`/g)) if (!existsSync(`${root}/${path}`)) problems.push(`README.md names ${path}, which the build does not have`);

console.log(problems.length > 0 ? problems.join("\n") : "README.md and docs/pipeline.svg are what this checkout builds");
process.exitCode = problems.length > 0 ? 1 : 0;
