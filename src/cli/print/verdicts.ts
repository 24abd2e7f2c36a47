import type { Verdict } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { common, EXIT, printJson } from "../common.ts";
import { count } from "./words.ts";

/** Prints one verdict where it is bad (all of them with --json); true if it is good. */
export function tellVerdict({ cell, path, recorded, found, inputs }: Verdict): boolean {
  const ok = recorded === found;
  if (common.json) printJson({ event: "cell", cell, ok, path, recorded, found: found ?? null, ...(inputs === undefined ? {} : { inputs }) });
  else if (!ok) {
    const others = inputs === undefined ? "" : `; other inputs: ${inputs.join(", ")}`;
    process.stdout.write(`${found === undefined ? "missing " : "differs "} ${printable(cell)}: ${printable(path)} should be ${recorded}${found === undefined ? "" : `, is ${found}`}${printable(others)}\n`);
  }
  return ok;
}

/** Prints how many are good; the exit code. */
export function tellEnd(all: number, wrong: number, good: string): number {
  if (common.json) printJson({ event: "done", ok: wrong === 0, checked: all, differ: wrong });
  else if (wrong > 0) process.stderr.write(`${wrong} of ${count(all, "artifact")} not as recorded\n`);
  else if (all === 0) process.stdout.write("the lock records nothing: dag run\n");
  else process.stdout.write(`${all === 1 ? "the artifact" : `all ${all.toLocaleString("en-US")} artifacts`} ${good}\n`);
  return wrong === 0 && all > 0 ? EXIT.ok : EXIT.stale;
}
