import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { createGateway } from "../src/model/index.ts";
import type { Gateway, GatewayOptions, GatewayParts } from "../src/model/index.ts";
import type { ModelSpec } from "../src/pipeline/index.ts";
import { startServer } from "./rig/server.ts";
import type { RigServer, Script } from "./rig/server.ts";

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An empty project directory, removed after the test. */
export function emptyRoot(): string {
  const path = mkdtempSync(join(tmpdir(), "dag-model-"));
  ends.push(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

export async function server(otherwise?: Script): Promise<RigServer> {
  const started = await startServer(otherwise);
  ends.push(() => started.close());
  return started;
}

/** A gateway that is closed after the test. */
export async function gateway(root: string, writer: Partial<ModelSpec>, more: Partial<GatewayOptions> = {}, parts: GatewayParts = {}): Promise<Gateway> {
  const opened = await createGateway(
    { root, models: { writer: { provider: "openai", model: "gpt-x", ...writer } }, signal: new AbortController().signal, env: {}, ...more },
    { clock: quickClock(), ...parts },
  );
  let open = true;
  const close = opened.close.bind(opened);
  opened.close = async () => {
    if (open) await close();
    open = false;
  };
  ends.push(() => opened.close());
  return opened;
}

export interface QuickClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  random(): number;
  /** Every wait, in order. */
  slept: number[];
}

/** A virtual clock: a wait moves it on and takes one turn of the event loop. Waits that are awaited together end in the order of their times. */
export function quickClock(): QuickClock {
  let now = 1_800_000_000_000;
  let seed = 1;
  const timers: { at: number; wake(): void }[] = [];
  let turning = false;
  const turn = (): void => {
    turning = false;
    timers.sort((a, b) => a.at - b.at);
    const first = timers.shift();
    if (first === undefined) return;
    now = Math.max(now, first.at);
    first.wake();
    schedule();
  };
  const schedule = (): void => {
    if (turning || timers.length === 0) return;
    turning = true;
    // Requests on loopback get the time to come back first.
    setTimeout(turn, 2);
  };
  const clock: QuickClock = {
    slept: [],
    now: () => now,
    random: () => (seed = (seed * 16807) % 2147483647) / 2147483647,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        clock.slept.push(ms);
        const timer = { at: now + ms, wake: resolve };
        timers.push(timer);
        signal?.addEventListener("abort", () => {
          const at = timers.indexOf(timer);
          if (at >= 0) timers.splice(at, 1);
          resolve();
        }, { once: true });
        schedule();
      }),
  };
  return clock;
}

export const caller = { cell: "documents", stage: "documents", item: "p1" };

export const person = {
  name: "person",
  schema: { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } }, required: ["name", "age"], additionalProperties: false },
};
