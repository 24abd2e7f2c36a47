import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import type { OnProblem } from "../store/index.ts";
import { readStateSync, writeStateSync } from "../store/state-file.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * A plan is a function of what it looked at. This note says: with this command line the plan was "all fresh", and it had looked at these
 * paths and variables. While no signature among them differs, the answer is the same and need not be worked out again.
 */
export interface FreshNote {
  version: 1;
  /** Tool version and place, command line: another one is another question. */
  stamp: string;
  cells: number;
  /** Absolute paths of directory artifacts whose results are shown. */
  results: string[];
  variables: string[];
  paths: string[];
  /** sha256 over the signatures of the paths and the values of the variables, in order. */
  digest: string;
}

const noteFile = (root: string): string => join(root, "cache/state/fresh.json");

/** Clocks of file systems tick every 1 to 10 ms, or every one or two seconds (whole numbers in every time). */
const TICK_MS = 20;
const COARSE_TICK_MS = 2000;

/** The note, if it answers this question and nothing it looked at has changed. A damaged one is reported, and the plan is made. */
export function readFreshNote(root: string, stamp: string, env: Readonly<Record<string, string | undefined>>, onProblem: OnProblem): FreshNote | undefined {
  const note = readStateSync(noteFile(root), onProblem) as FreshNote | undefined;
  if (note?.version !== 1 || note.stamp !== stamp) return undefined;
  return digestOf(note.paths, note.variables, env)?.digest === note.digest ? note : undefined;
}

/**
 * Leaves the note after a plan that found everything fresh. `began` is when planning began (ms since 1970): a path that changed later, or in the
 * same tick of the clock before, makes the note impossible this time.
 */
export function writeFreshNote(root: string, snapshot: Snapshot, more: Pick<FreshNote, "stamp" | "cells" | "results"> & { paths: Iterable<string>; began: number }): void {
  const { paths: extra, began, ...rest } = more;
  const paths = [...new Set([...snapshot.observedFiles, ...snapshot.observedDirectories, ...extra])];
  const variables = [...snapshot.observedVariables];
  const found = digestOf(paths, variables, snapshot.env);
  if (found === undefined || found.newest + (found.coarse ? COARSE_TICK_MS : TICK_MS) >= began) return;
  const note: FreshNote = { version: 1, ...rest, variables, paths, digest: found.digest };
  writeStateSync(noteFile(root), JSON.stringify(note));
}

function digestOf(paths: readonly string[], variables: readonly string[], env: Readonly<Record<string, string | undefined>>): { digest: string; newest: number; coarse: boolean } | undefined {
  let text = "";
  let newest = 0;
  let coarse = paths.length > 0;
  for (const path of paths) {
    let stat: Stats | undefined;
    try {
      stat = statSync(path, { throwIfNoEntry: false });
    } catch {
      return undefined; // links in a circle, or no right to look: the plan says what is wrong
    }
    if (stat === undefined) {
      text += "-\n";
      continue;
    }
    const { size, mtimeMs, ctimeMs, ino, mode } = stat;
    text += `${size} ${mtimeMs} ${ctimeMs} ${ino} ${mode}\n`;
    newest = Math.max(newest, mtimeMs, ctimeMs);
    coarse &&= mtimeMs % 1000 === 0 && ctimeMs % 1000 === 0;
  }
  const hash = createHash("sha256").update(text);
  for (const name of variables) hash.update(JSON.stringify([name, env[name] ?? null]));
  return { digest: hash.digest("hex"), newest, coarse };
}
