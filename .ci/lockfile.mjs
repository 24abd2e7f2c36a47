#!/usr/bin/env node
// What `npm ci` needs and `npm install` forgives: every optional platform package has an entry in package-lock.json,
// every entry of an installed package is pinned to a version, and none names the host it came from.
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const problems = [];
const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
for (const [path, entry] of Object.entries(packages)) {
  const name = path === "" ? "the project" : path;
  for (const [optional, range] of Object.entries(entry.optionalDependencies ?? {})) if (!present.has(optional)) problems.push(`${name} needs ${optional}@${range}, which has no entry`);
  if (path !== "" && entry.version === undefined && entry.link !== true) problems.push(`${name} has no version`);
  if (/^(https?|git)/.test(entry.resolved ?? "")) problems.push(`${name} names the host it was downloaded from`);
}
const text = readFileSync("package-lock.json", "utf8");
if (/"https?:\/\/[^"]*registry[^"]*"/.test(text)) problems.push("a registry's address stands in the file");
console.log(problems.length === 0 ? `package-lock.json: ${Object.keys(packages).length} entries, complete` : problems.join("\n"));
process.exitCode = problems.length === 0 ? 0 : 1;
