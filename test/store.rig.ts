import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StoreProblem } from "../src/store/index.ts";

/** A fresh directory that goes when the test ends. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "dag-store-"));
  onTestFinished(() => {
    // A test may have mounted something or taken rights away.
    execFileSync("chmod", ["-R", "u+rwX", directory], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Collects problems; `reasons` are those told so far. */
export function problems(): { told: StoreProblem[]; reasons: () => string[]; onProblem: (problem: StoreProblem) => void } {
  const told: StoreProblem[] = [];
  return { told, reasons: () => told.map(({ reason }) => reason), onProblem: (problem) => told.push(problem) };
}

/** Bundles a TypeScript program over the store so that a child process can run it. */
export async function program(directory: string, source: string): Promise<string> {
  const outfile = join(directory, "program.mjs");
  const store = join(import.meta.dirname, "../src/store/index.ts");
  await build({ stdin: { contents: source.replaceAll("STORE", store), loader: "ts", resolveDir: import.meta.dirname }, bundle: true, platform: "node", format: "esm", target: "node20.19", outfile, logLevel: "error" });
  return outfile;
}
