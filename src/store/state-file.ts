import { createHash } from "node:crypto";
import type { OnProblem } from "./errors.ts";
import { readDerivedSync, writeDerivedSync } from "./write.ts";

const HEAD = '{"checksum":"';

/** Writes a JSON value that only saves work, with a checksum over it; any failure is swallowed. `json` is its text. */
export function writeStateSync(path: string, json: string): void {
  writeDerivedSync(path, `${HEAD}${checksum(json)}","state":${json}}\n`);
}

/** The value writeStateSync wrote; undefined where there is none, or it was damaged (which is reported). */
export function readStateSync(path: string, onProblem: OnProblem): unknown {
  const parse = (text: string): unknown => {
    const json = text.slice(HEAD.length + 64 + '","state":'.length, -2);
    if (!text.startsWith(`${HEAD}${checksum(json)}","state":`) || !text.endsWith("}\n")) throw new Error("another checksum");
    return JSON.parse(json) as unknown;
  };
  return readDerivedSync(path, parse, onProblem);
}

const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");
