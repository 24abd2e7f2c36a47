import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

export interface Done {
  values: string[];
  calls: { made: number; stored: number };
}

export interface Child {
  process: ChildProcess;
  done: Promise<Done>;
  /** kill -9, and its end awaited. */
  kill(): Promise<void>;
}

type Start = (root: string, url: string, from: number, to: number, more?: { store?: string; env?: Record<string, string> }) => Child;

/** Processes that ask "number <from>" … "number <to - 1>" at once, each through a gateway of its own. To be called once in a test file. */
export function children(name: string): Start {
  // Inside node_modules, so that the bundle finds its packages.
  const folder = resolve("node_modules", ".cache", `${name}-${process.pid}`);
  const all: ChildProcess[] = [];
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    await build({ entryPoints: { model: "src/model/index.ts" }, outdir: folder, outExtension: { ".js": ".mjs" }, bundle: true, splitting: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
    writeFileSync(join(folder, "child.mjs"), `
      import { createGateway } from "./model.mjs";
      const [root, base_url, from, to, store] = process.argv.slice(2);
      const gateway = await createGateway({ root, ...(store ? { store } : {}), models: { writer: { provider: "openai", model: "gpt-x", base_url } }, signal: new AbortController().signal, env: {} });
      const values = await Promise.all(Array.from({ length: to - from }, (_, i) => gateway.chat({ role: "writer", request: { prompt: "number " + (Number(from) + i) } }, { cell: "s", stage: "s" })));
      process.stdout.write(JSON.stringify({ values: values.map(({ value }) => value), calls: gateway.calls("s") }));
      if (process.env.HANG) await new Promise(() => setInterval(() => {}, 1000));
      await gateway.close();
    `);
  });
  afterAll(() => {
    for (const child of all) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return (root, url, from, to, more = {}) => {
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const started = spawn(process.execPath, [join(folder, "child.mjs"), root, url, String(from), String(to), more.store ?? ""], { cwd: tmpdir(), env: { ...env, ...more.env }, stdio: ["ignore", "pipe", "inherit"] });
    all.push(started);
    const ended = new Promise((resolve) => started.on("exit", resolve));
    let text = "";
    const done = new Promise<Done>((resolve, reject) => {
      started.stdout.on("data", (data: Buffer) => {
        text += data.toString();
        try {
          resolve(JSON.parse(text) as Done);
        } catch {
          // Not all of it yet.
        }
      });
      started.on("exit", () => reject(new Error(`ended early: ${text}`)));
    });
    done.catch(() => {});
    return {
      process: started,
      done,
      async kill() {
        started.kill("SIGKILL");
        await ended;
      },
    };
  };
}
