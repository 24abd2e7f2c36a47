/**
 * Runs once before all tests: the binary under test is dist/dag.js, built anew only where a source is newer than it,
 * so that test runs side by side do not take it from each other.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dagBinary, repository } from "./run.ts";

export default function setup(): void {
  if (process.env["DAG_TEST_BINARY"] !== undefined) return;
  const built = statSync(dagBinary, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (newest(join(repository, "src"), Math.max(stamp("build.mjs"), stamp("package.json"))) > built) {
    execFileSync(process.execPath, ["build.mjs"], { cwd: repository, stdio: "inherit" });
  }
}

const stamp = (file: string): number => statSync(join(repository, file)).mtimeMs;

function newest(directory: string, floor: number): number {
  let latest = floor;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    latest = entry.isDirectory() ? newest(path, latest) : Math.max(latest, statSync(path).mtimeMs);
  }
  return latest;
}
