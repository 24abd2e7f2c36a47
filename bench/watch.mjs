// What an edit costs under `dag watch`: from the rename of a save to the first word of the work, and to its end; beside `dag run` from cold and
// bare Node. Every edit is a new one. Usage: node bench/watch.mjs [repetitions] [--flagship=DIR] (a built clone; its prompts/answer.md is edited and put back)
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dag = process.env.DAG_BENCH_BINARY ?? join(repository, "dist/dag.js");
const numbers = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const repetitions = Number(numbers[0] ?? 9);
const flagship = process.argv.find((word) => word.startsWith("--flagship="))?.slice("--flagship=".length);
const base = mkdtempSync(join(tmpdir(), "dag-bench-"));
const env = { ...process.env, HOME: base };
delete env.NODE_EXTRA_CA_CERTS;
delete env.DAG_CACHE;

const spread = (list) => {
  const sorted = list.toSorted((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)].toFixed(0)} ms (${sorted[0].toFixed(0)} to ${sorted.at(-1).toFixed(0)})`;
};

class Watched {
  text = "";
  wake = () => {};
  constructor(cwd) {
    this.child = spawn(process.execPath, [dag, "watch"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (text) => { this.text += text; this.wake(); });
  }

  async saw(pattern) {
    while (!pattern.test(this.text)) await new Promise((wake) => (this.wake = wake));
    return performance.now();
  }

  async end() {
    this.child.kill("SIGINT");
    await new Promise((done) => this.child.on("exit", done));
  }
}

/** Saves one edit after another and measures; then the same edits with a run each. */
async function measure(name, root, file, edited) {
  const path = join(root, file);
  const original = readFileSync(path, "utf8");
  const save = (text) => {
    writeFileSync(`${path}.new`, text);
    const at = performance.now();
    renameSync(`${path}.new`, path);
    return at;
  };
  const watched = new Watched(root);
  try {
    await watched.saw(/Ctrl-C ends/);
    const [work, whole] = [[], []];
    for (let i = 0; i < repetitions; i++) {
      await new Promise((rested) => setTimeout(rested, 250));
      watched.text = "";
      const at = save(edited(original, `watch ${i}`));
      work.push((await watched.saw(/^running /m)) - at);
      whole.push((await watched.saw(/^(done|failed): /m)) - at);
    }
    await watched.end();
    const cold = [];
    for (let i = 0; i < Math.min(5, repetitions); i++) {
      save(edited(original, `run ${i}`));
      const at = performance.now();
      const { status } = spawnSync(process.execPath, [dag, "run"], { cwd: root, env, stdio: "ignore" });
      if (status !== 0) throw new Error(`dag run in ${root}`);
      cold.push(performance.now() - at);
    }
    console.log(`${name}\n  save to the first word of the work   ${spread(work)}\n  save to the end of the build         ${spread(whole)}\n  dag run from cold, the same edit     ${spread(cold)}`);
  } finally {
    watched.child.kill("SIGINT");
    save(original);
  }
}

try {
  const bare = [];
  for (let i = 0; i < repetitions; i++) {
    const at = performance.now();
    spawnSync(process.execPath, ["-e", "0"], { env });
    bare.push(performance.now() - at);
  }
  console.log(`bare Node, start to end                ${spread(bare)}`);

  const starter = join(base, "starter");
  spawnSync(process.execPath, [dag, "init", starter], { env });
  await measure("dag init's project: a prompt, 5 items asked anew", starter, "prompts/bio.md", (text, tag) => `${text}${tag}\n`);

  const items = join(base, "items");
  mkdirSync(join(items, "stages"), { recursive: true });
  writeFileSync(join(items, "people.jsonl"), Array.from({ length: 1000 }, (_, i) => `${JSON.stringify({ id: `p${i}`, n: i })}\n`).join(""));
  writeFileSync(join(items, "stages/people.ts"), "export default async ({ files }) => { const all = []; for await (const one of files.in.records()) all.push(one); return all; };\n");
  writeFileSync(join(items, "stages/double.ts"), "export default ({ item }) => ({ id: item.id, n: 2 * item.n });\n");
  writeFileSync(join(items, "pipeline.yaml"), "stages:\n  people: { run: stages/people.ts, files: { in: people.jsonl } }\n  double: { run: stages/double.ts, each: people }\n");
  await measure("one item of 1,000 edited", items, "people.jsonl", (text, tag) => text.replace('"n":7}', `"n":7,"tag":${JSON.stringify(tag)}}`));

  if (flagship !== undefined) await measure("the flagship: prompts/answer.md, 4,000 items in 32 cells asked anew", resolve(flagship), "prompts/answer.md", (text, tag) => text.replace("You answer", `You (${tag}) answer`));
} finally {
  rmSync(base, { recursive: true, force: true });
}
