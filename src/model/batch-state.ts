import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../store/index.ts";
import type { CallKey } from "./key.ts";

/** A batch that is out, or about to be sent (no id yet): what a run needs to find it again after a restart. */
export interface BatchState {
  version: 1;
  base_url: string;
  api_key_env: string;
  endpoint: string;
  /** Of the keys; sent as metadata, so that a batch whose id was never written down is found. */
  digest: string;
  id?: string;
  keys: CallKey[];
}

export function digestOf(keys: readonly CallKey[]): string {
  return createHash("sha256").update(keys.join("\n")).digest("hex").slice(0, 40);
}

/** The files of batches in `cache/calls/batches`. */
export class BatchStates {
  constructor(private readonly directory: string) {}

  private path(state: BatchState): string {
    return join(this.directory, `${state.digest}.json`);
  }

  async write(state: BatchState): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await writeAtomic(this.path(state), `${JSON.stringify(state)}\n`, { fsync: true });
  }

  async remove(state: BatchState): Promise<void> {
    await rm(this.path(state), { force: true });
  }

  /** All states that can be read; a damaged one is no state: its answers would be bought again. */
  async list(): Promise<BatchState[]> {
    let names: string[];
    try {
      names = (await readdir(this.directory)).sort();
    } catch {
      return [];
    }
    const states: BatchState[] = [];
    for (const name of names) {
      if (!/^[0-9a-f]{40}\.json$/.test(name)) continue;
      try {
        const state = JSON.parse(await readFile(join(this.directory, name), "utf8")) as BatchState;
        if (state.version === 1 && Array.isArray(state.keys) && digestOf(state.keys) === state.digest) states.push(state);
      } catch {
        // Not a state.
      }
    }
    return states;
  }
}
