// Calls per second: stored answers through the whole gateway, and bought ones against a zero-latency loopback server as a ratio to the bare
// openai client with p-limit at the same concurrency. Rounds alternate, medians are printed. Usage: node bench/calls.mjs [calls] [stored]
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

if (process.argv[2] === "--server") {
  await serve();
} else {
  await main(Number(process.argv[2] ?? 2000), Number(process.argv[3] ?? 100_000));
}

async function serve() {
  const { createServer } = await import("node:http");
  const content = "A short answer of some forty words to be a bit like a real one, nothing more and nothing less, and then it ends here.";
  const body = JSON.stringify({ id: "x", object: "chat.completion", created: 0, model: "bench", choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 90, completion_tokens: 30, total_tokens: 120 } });
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      response.end(body);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  process.on("disconnect", () => process.exit());
}

async function main(calls, stored) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const out = join(root, "node_modules", ".cache", "bench-calls");
  await build({ entryPoints: { model: join(root, "src/model/index.ts") }, outdir: out, outExtension: { ".js": ".mjs" }, bundle: true, splitting: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
  const { createGateway } = await import(join(out, "model.mjs"));
  const { default: OpenAI } = await import("openai");
  const { default: pLimit } = await import("p-limit");

  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), "--server"], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const port = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(Number(data))));
  const base = `http://127.0.0.1:${port}/v1`;
  const directory = mkdtempSync(join(tmpdir(), "dag-bench-"));
  const concurrency = 64;
  const prompt = (i) => `Write a diary entry, number ${i}. ${"The weather was fine and the neighbours came by for tea. ".repeat(8)}`;
  const caller = { cell: "bench", stage: "bench" };
  const open = (name, more = {}) => createGateway({
    root: join(directory, name), models: { writer: { provider: "openai", model: "bench", base_url: base, limits: { concurrency } } }, signal: new AbortController().signal, env: {}, ...more,
  });
  const perSecond = (n, ms) => (n / ms) * 1000;

  async function bare(n) {
    const client = new OpenAI({ apiKey: "none", baseURL: base, maxRetries: 0 });
    const limit = pLimit(concurrency);
    const start = performance.now();
    await Promise.all(Array.from({ length: n }, (_, i) => limit(() => client.chat.completions.create({ model: "bench", messages: [{ role: "user", content: prompt(i) }] }))));
    return perSecond(n, performance.now() - start);
  }
  async function bought(n, round) {
    const gateway = await open(`round${round}`);
    const start = performance.now();
    await Promise.all(Array.from({ length: n }, (_, i) => gateway.chat({ role: "writer", request: { prompt: prompt(i) } }, caller)));
    const rate = perSecond(n, performance.now() - start);
    await gateway.close();
    return rate;
  }
  /** The floor: every value read from LMDB as text, its answer parsed. */
  async function reading(path) {
    const { open: openLmdb } = await import("lmdb");
    const db = openLmdb(path, { encoding: "string", readOnly: true });
    const keys = [...db.getKeys()];
    const start = performance.now();
    for (const key of keys) JSON.parse(db.get(key).split("\n", 2)[1]);
    const rate = perSecond(keys.length, performance.now() - start);
    await db.close();
    return rate;
  }
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

  try {
    await bare(200);
    await bought(200, "warm");
    const ours = [], theirs = [];
    for (let round = 0; round < 5; round++) {
      theirs.push(await bare(calls));
      ours.push(await bought(calls, round));
    }
    const ratio = median(ours.map((rate, i) => rate / theirs[i]));
    console.log(`bought   bare client ${Math.round(median(theirs))}/s   gateway ${Math.round(median(ours))}/s   ratio ${ratio.toFixed(2)} (aim 0.90)`);

    const offline = { models: { writer: { provider: "offline", model: "bench" } } };
    const filled = await open("stored", offline);
    for (let at = 0; at < stored; at += 5000) await Promise.all(Array.from({ length: Math.min(5000, stored - at) }, (_, i) => filled.chat({ role: "writer", request: { prompt: prompt(at + i) } }, caller)));
    await filled.close();
    const floor = await reading(join(directory, "stored", "cache", "calls", "answers", "data.mdb"));
    const rates = [];
    let resident = 0;
    let heap = 0;
    for (let round = 0; round < 3; round++) {
      const again = await open("stored", { ...offline, frozen: true });
      const start = performance.now();
      for (let at = 0; at < stored; at += 1000) await Promise.all(Array.from({ length: Math.min(1000, stored - at) }, (_, i) => again.chat({ role: "writer", request: { prompt: prompt(at + i) } }, caller)));
      rates.push(perSecond(stored, performance.now() - start));
      const memory = process.memoryUsage();
      resident = Math.max(resident, memory.rss);
      heap = Math.max(heap, memory.heapUsed);
      await again.close();
    }
    console.log(`stored   ${Math.round(median(rates))}/s of ${stored} (aim 50000/s)   ${(floor / median(rates)).toFixed(1)} times a bare read and parse (${Math.round(floor)}/s)   heap ${Math.round(heap / 2 ** 20)} MiB, resident ${Math.round(resident / 2 ** 20)} MiB with the mapped store`);
  } finally {
    server.disconnect();
    rmSync(directory, { recursive: true, force: true });
  }
}
