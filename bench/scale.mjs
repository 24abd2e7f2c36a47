// Large things through `dag run`: an `each` stage of 100,000 items, artifacts of 1 GB, 10,000 cells. Prints time, processor time (its children not
// counted), peak resident memory (VmHWM) and most open files of the dag process: first run, nothing to do, a small edit, restored. Linux, built tool (`node build.mjs`).
// Usage: node bench/scale.mjs [items|list|jsonl|file|cells]… [--scale 1] [--dir tmp]    (all cases unless named; --scale 0.1 for a tenth of the size)
// DAG_BENCH_BINARY names another build of the tool.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { scale: { type: "string", default: "1" }, dir: { type: "string", default: tmpdir() } } });
const scale = Number(values.scale);
const binary = process.env["DAG_BENCH_BINARY"] ?? fileURLToPath(new URL("../dist/dag.js", import.meta.url));
const MB = 1e6;

/** Writes a project; objects become JSON, which is YAML too. */
function project(name, files) {
  const root = mkdtempSync(join(values.dir, `dag-big-${name}-`));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return root;
}

/** Runs dag to its end and watches it: exit code, seconds, processor seconds, peak resident bytes, most open files. */
function dag(root, ...args) {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [binary, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH, HOME: root, LANG: "C.UTF-8" } });
    const seen = { peak: 0, files: 0, cpu: 0, stdout: "", stderr: "" };
    const look = () => {
      try {
        seen.peak = Math.max(seen.peak, Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) * 1024);
        // Fields 14 and 15 of proc(5) stat: user and system time in ticks of 10 ms; the name in brackets may hold spaces.
        const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
        seen.cpu = (Number(stat[11]) + Number(stat[12])) / 100;
        seen.files = Math.max(seen.files, readdirSync(`/proc/${child.pid}/fd`).length);
      } catch {
        // It has just ended.
      }
    };
    const timer = setInterval(look, 20);
    child.stdout.setEncoding("utf8").on("data", (text) => (seen.stdout = (seen.stdout + text).slice(-4_000_000)));
    child.stderr.setEncoding("utf8").on("data", (text) => (seen.stderr = (seen.stderr + text).slice(-4000)));
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, seconds: (performance.now() - began) / 1000, ...seen });
    });
  });
}

/** One measured line; ends the benchmark where dag did not do what it should. */
async function measure(root, what, expected, ...args) {
  const result = await dag(root, ...args, "--json");
  const last = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  let done = {};
  try {
    done = JSON.parse(last);
  } catch {
    // Shown below.
  }
  console.log(`  ${what.padEnd(34)} ${result.seconds.toFixed(2).padStart(8)} s ${result.cpu.toFixed(2).padStart(8)} s cpu  ${(result.peak / MB).toFixed(0).padStart(5)} MB peak  ${String(result.files).padStart(4)} files open`);
  const ran = Array.isArray(done.ran) ? done.ran.length : undefined;
  if (result.code !== 0 || (expected !== undefined && ran !== expected)) throw new Error(`expected ${expected} cells to run, got exit ${result.code}, ran ${ran}\n${result.stderr}\n${last.slice(0, 2000)}`);
  return result;
}

const size = (root, path) => statSync(join(root, path)).size;

const LIST = (records, padding) => `export default async function* ({ params }) {
  for (let i = 0; i < ${records}; i++) yield { id: "p" + String(i).padStart(7, "0"), n: i === params.edited ? -1 : i, text: "x".repeat(${padding}) };
}
`;
const LETTERS = `export default ({ item, random }) => ({ id: item.id, letter: "Dear " + item.n + ", " + random("tone").next().toFixed(6), text: item.text });\n`;
const TOTAL = `export default async ({ needs }) => {
  let n = 0;
  for await (const { id } of needs.list.records()) n += id.length;
  return n + "\\n";
};
`;

const cases = {
  async items() {
    const n = Math.round(100_000 * scale);
    console.log(`each over ${n.toLocaleString("en-US")} items, list and items by modules`);
    const pipeline = (edited) => ({ name: "big", default: ["letters"], params: { seed: 1, edited }, stages: { list: { run: "stages/list.ts", params: ["edited"] }, letters: { run: "stages/letters.ts", each: "list", params: ["seed"] } } });
    const root = project("items", { "pipeline.yaml": pipeline(-1), "stages/list.ts": LIST(n, 200), "stages/letters.ts": LETTERS });
    await measure(root, "first run", 2, "run");
    console.log(`  artifact of ${(size(root, "artifacts/letters.jsonl") / MB).toFixed(1)} MB`);
    await measure(root, "nothing to do", 0, "run");
    writeFileSync(join(root, "pipeline.yaml"), JSON.stringify(pipeline(Math.round(n / 2))));
    await measure(root, "one record edited", 2, "run");
    await measure(root, "cache verify", undefined, "cache", "verify");
    return root;
  },
  async list() {
    const n = Math.round(100_000 * scale);
    console.log(`each over ${n.toLocaleString("en-US")} items, list by a command`);
    const script = `import sys\nwith open(sys.argv[1], "w") as out:\n    for i in range(${n}):\n        out.write('{"id":"p%07d","n":%d,"text":"%s"}\\n' % (i, i, "x" * 200))\n`;
    const root = project("list", { "pipeline.yaml": { name: "big", default: ["letters"], params: { seed: 1 }, stages: { list: { cmd: ["python3", "list.py", "{output}"] }, letters: { run: "stages/letters.ts", each: "list", params: ["seed"] } } }, "list.py": script, "stages/letters.ts": LETTERS });
    await measure(root, "first run", 2, "run");
    await measure(root, "nothing to do", 0, "run");
    return root;
  },
  async jsonl() {
    const n = Math.round(1_000_000 * scale);
    console.log(`JSONL of ${n.toLocaleString("en-US")} records of 1 kB by an async generator, read by a second stage`);
    const root = project("jsonl", { "pipeline.yaml": { name: "big", default: ["total"], params: { edited: -1 }, stages: { list: { run: "stages/list.ts", params: ["edited"] }, total: { run: "stages/total.ts", needs: ["list"], output: "total.txt" } } }, "stages/list.ts": LIST(n, 1024), "stages/total.ts": TOTAL });
    await measure(root, "first run", 2, "run");
    console.log(`  artifact of ${(size(root, "artifacts/list.jsonl") / MB).toFixed(0)} MB`);
    await measure(root, "nothing to do", 0, "run");
    rmSync(join(root, "artifacts"), { recursive: true });
    await measure(root, "restored", 0, "run");
    await measure(root, "cache verify", undefined, "cache", "verify");
    return root;
  },
  async file() {
    const bytes = Math.round(1_000_000_000 * scale);
    console.log(`a binary file of ${(bytes / MB).toFixed(0)} MB by a command, read by a second command`);
    const script = `import sys\nblock = bytes((i * 31 + (i >> 8)) & 255 for i in range(1 << 20))\nleft = ${bytes}\nwith open(sys.argv[1], "wb") as out:\n    while left > 0:\n        left -= out.write(block[:left])\n`;
    const root = project("file", { "pipeline.yaml": { name: "big", default: ["size"], stages: { big: { cmd: ["python3", "big.py", "{output}"], output: "big.bin" }, size: { cmd: "wc -c < {needs.big} > {output}", needs: ["big"], output: "size.txt" } } }, "big.py": script });
    await measure(root, "first run", 2, "run");
    await measure(root, "nothing to do", 0, "run");
    rmSync(join(root, "artifacts"), { recursive: true });
    await measure(root, "restored", 0, "run");
    return root;
  },
  async cells() {
    const side = Math.round(100 * Math.sqrt(scale));
    console.log(`${(side * side).toLocaleString("en-US")} cells (matrix ${side} × ${side}) of a small module stage`);
    const values = Array.from({ length: side }, (_, i) => i);
    const pipeline = { name: "big", default: ["cell"], stages: { cell: { run: "stages/cell.ts", matrix: { a: values, b: values }, output: "cell.json" } } };
    const root = project("cells", { "pipeline.yaml": pipeline, "stages/cell.ts": "export default ({ axis }) => ({ sum: axis.a + axis.b });\n" });
    await measure(root, "load and draw, nothing built", undefined, "graph", "--format", "json");
    await measure(root, "plan, nothing built", undefined, "run", "-n");
    await measure(root, "first run", side * side, "run");
    await measure(root, "nothing to do", 0, "run");
    await measure(root, "status", undefined, "status");
    writeFileSync(join(root, "stages/cell.ts"), "export default ({ axis }) => ({ sum: axis.a + axis.b, v: 2 });\n");
    await measure(root, "all stale", side * side, "run");
    await measure(root, "cache gc", undefined, "cache", "gc");
    return root;
  },
};

const asked = positionals.length > 0 ? positionals : Object.keys(cases);
for (const name of asked) {
  if (!Object.hasOwn(cases, name)) throw new Error(`no case ${name}: ${Object.keys(cases).join(", ")}`);
  const root = await cases[name]();
  rmSync(root, { recursive: true, force: true });
}
