import { mkdir, mkdtemp, readdir, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { compareLocks, rebuild, unpackBundle } from "../build/index.ts";
import type { CellId } from "../pipeline/index.ts";
import { printable } from "../pipeline/index.ts";
import { removeTree, StoreError } from "../store/index.ts";
import { common, EXIT, optionsAt, printJson, UsageError, withCommon } from "./common.ts";
import { driven, notRebuilt } from "./driven.ts";
import { tellEnd, tellVerdict } from "./print/verdicts.ts";

declare const __VERSION__: string;

export function replayCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("replay"))
    .description("rebuild from a bundle in a clean place, with the answers in it; exit 0 only if every hash agrees")
    .argument("<file>", "what dag bundle made")
    .option("--into <dir>", "a new or empty directory to build in, which stays (default: one that is removed)")
    .option("-j, --jobs <n>", "cells at once (default: cores)")
    .addHelpText("after", "\nA bundle holds code: replaying it runs that code, as cloning and building its repository would.")
    .action(async (file: string, options: { into?: string; jobs?: string }) => exit(await replay(resolve(common.directory ?? ".", file), options)));
}

async function replay(file: string, options: { into?: string; jobs?: string }): Promise<number> {
  const kept = options.into === undefined ? undefined : await emptyDirectory(resolve(common.directory ?? ".", options.into));
  const root = kept ?? (await mkdtemp(join(await realpath(tmpdir()), "dag-replay-")));
  try {
    const { manifest, lock } = await unpackBundle(file, root).catch((error: unknown) => {
      throw error instanceof StoreError && error.reason === "damaged" ? new UsageError(`${error.message}${error.advice === undefined ? "" : `\n${error.advice}`}`, EXIT.stale) : error;
    });
    const cells = Object.keys(lock.cells).sort();
    const rebuilt = await driven(options.jobs, (drive) =>
      rebuild({ ...drive, options: optionsAt(root, { file: manifest.pipeline, presets: manifest.presets, overrides: manifest.params }), cells: new Set(cells as CellId[]), answers: { root, store: undefined }, command: "replay" }),
    );
    if (!rebuilt.ok) throw notRebuilt(rebuilt);
    let wrong = 0;
    for (const verdict of compareLocks(lock, rebuilt.lock, cells)) if (!tellVerdict(verdict)) wrong++;
    if (wrong > 0 && manifest.daguerre !== __VERSION__ && !common.json) process.stderr.write(`the bundle was made by daguerre ${printable(manifest.daguerre)}, this is ${__VERSION__}\n`);
    if (wrong === 0 && !common.quiet && !common.json) process.stdout.write(`${manifest.build}  ${printable(manifest.name)}\n`);
    else if (common.json) printJson({ event: "bundle", name: manifest.name, build: manifest.build, daguerre: manifest.daguerre });
    return tellEnd(cells.length, wrong, "came out as published");
  } finally {
    if (kept === undefined) await removeTree(root);
  }
}

async function emptyDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) throw new UsageError(`${path} is not empty; name a new directory`);
  return realpath(path);
}
