// Memory and time at scale: a stage of 100,000 items, and an artifact of 1 GB that another stage reads. Prints time and the peak of resident
// memory of each run (VmHWM of dag itself, sampled; programs it starts count apart). Usage: node bench/big.mjs [items] [megabytes]
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dag = process.env.DAG_BENCH_BINARY ?? join(repository, "dist/dag.js");
const items = Number(process.argv[2] ?? 100_000);
const megabytes = Number(process.argv[3] ?? 1000);
const base = mkdtempSync(join(tmpdir(), "dag-big-"));
const env = { ...process.env, HOME: base };
delete env.NODE_EXTRA_CA_CERTS;
delete env.DAG_CACHE;

function project(name, files) {
  const root = join(base, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Highest resident set so far, MB. */
function look(pid, peak) {
  try {
    const high = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    peak.rss = Math.max(peak.rss, high / 1024);
  } catch {
    // It has just ended.
  }
}

async function run(label, root, expected) {
  const peak = { rss: 0 };
  const started = performance.now();
  const child = spawn(process.execPath, [dag, "run", "--json"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => { out = (out + text).slice(-4_000_000); });
  const timer = setInterval(() => { look(child.pid, peak); }, 20);
  const code = await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  const done = JSON.parse(out.trim().split("\n").at(-1));
  if (code !== 0 || JSON.stringify(done.ran.toSorted()) !== JSON.stringify(expected.toSorted())) throw new Error(`${label}: exit ${code}, ran ${JSON.stringify(done.ran)}, expected ${JSON.stringify(expected)}`);
  console.log(`${label.padEnd(44)} ${seconds.toFixed(1).padStart(7)} s  ${peak.rss.toFixed(0).padStart(6)} MB peak`);
  return seconds;
}

const pipeline = (stages) => `${JSON.stringify({ name: "big", default: Object.keys(stages), stages }, null, 1)}\n`;

try {
  const records = (changed) => Array.from({ length: items }, (_, n) => `${JSON.stringify({ id: `person-${n}`, n: n === changed ? -1 : n, text: "Somebody who likes long walks and short sentences." })}\n`).join("");
  const people = project("items", {
    "people.jsonl": records(),
    "stages/letters.ts": "export default ({ item }) => ({ id: item.id, letter: `Dear ${item.id}, ${item.text}`.repeat(3), n: item.n });\n",
    "stages/count.ts": "export default async ({ needs }) => { let n = 0; for await (const record of needs.letters.records()) n += record.n; return n; };\n",
    "pipeline.yaml": pipeline({
      people: { cmd: ["cp", "{files.in}", "{output}"], files: { in: "people.jsonl" } },
      letters: { run: "stages/letters.ts", each: "people" },
      count: { run: "stages/count.ts", needs: ["letters"], output: "count.json" },
    }),
  });
  const first = await run(`${items.toLocaleString("en-US")} items, first build`, people, ["people", "letters", "count"]);
  console.log(`${" ".repeat(45)}${((first * 1e6) / items).toFixed(0)} µs an item`);
  await run("… nothing to do", people, []);
  writeFileSync(join(people, "people.jsonl"), records(items >> 1));
  await run("… one item changed", people, ["people", "letters", "count"]);
  rmSync(join(people, "artifacts"), { recursive: true });
  await run("… artifacts deleted: restored", people, []);

  const lines = Math.round((megabytes * 1e6) / 1000);
  const big = project("bytes", {
    "in.txt": "one\n",
    "stages/make.ts": `export default async function* () { const text = "x".repeat(960); for (let n = 0; n < ${lines}; n++) yield { id: String(n).padStart(9, "0"), text }; }\n`,
    "stages/read.ts": "export default async ({ needs, files }) => { let n = 0; for await (const record of needs.make.records()) n += record.text.length; return { n, seen: (await files.in.text()).length }; };\n",
    "pipeline.yaml": pipeline({
      make: { run: "stages/make.ts" },
      read: { run: "stages/read.ts", needs: ["make"], files: { in: "in.txt" }, output: "read.json" },
      count: { cmd: "wc -c < {needs.make} > {output}", needs: ["make"], output: "count.txt" },
    }),
  });
  await run(`${megabytes.toLocaleString("en-US")} MB artifact, written and read twice`, big, ["make", "read", "count"]);
  console.log(`${" ".repeat(45)}${(statSync(join(big, "artifacts/make.jsonl")).size / 1e6).toFixed(0)} MB on disk`);
  await run("… nothing to do", big, []);
  writeFileSync(join(big, "in.txt"), "three\n");
  await run("… read again", big, ["read"]);
  rmSync(join(big, "artifacts/make.jsonl"));
  await run("… deleted: restored", big, []);
} finally {
  rmSync(base, { recursive: true, force: true });
}
