// What a run with nothing to do costs: a fresh no-op of dag against bare Node, make and ninja on the same DAG, in one process after another
// by turns, so that a busy machine slows all alike. Prints medians and ratios to bare Node. Usage: node bench/noop.mjs [repetitions] [--flagship=DIR]
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dag = process.env.DAG_BENCH_BINARY ?? join(repository, "dist/dag.js");
const repetitions = Number(process.argv[2] ?? 15);
const base = mkdtempSync(join(tmpdir(), "dag-bench-"));
const certificates = process.env.NODE_EXTRA_CA_CERTS;
const plain = { ...process.env, HOME: base };
delete plain.NODE_EXTRA_CA_CERTS;
delete plain.DAG_CACHE;

const have = (program) => spawnSync(program, ["--version"]).status === 0;
const tools = { make: have("make"), ninja: have("ninja") };
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

function time(argv, cwd, env, before) {
  before?.();
  const started = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(argv[0], argv.slice(1), { cwd, env, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 1 << 28 });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (status !== 0) throw new Error(`${argv.join(" ")} in ${cwd}: ${error ?? stderr}`);
  return ms;
}

/** A chain of n stages, or a source and a matrix of n cells, for dag, make and ninja alike. */
function project(name, { chain = 0, cells = 0, inputs = false }) {
  const root = join(base, name);
  mkdirSync(join(root, "out"), { recursive: true });
  writeFileSync(join(root, "in.txt"), "text\n");
  const stages = {};
  const rules = [];
  for (let i = 0; i < chain; i++) {
    const source = i === 0 ? "in.txt" : `out/s${i - 1}.txt`;
    stages[`s${i}`] = { cmd: ["cp", i === 0 ? "{files.in}" : `{needs.s${i - 1}}`, "{output}"], ...(i === 0 ? { files: { in: "in.txt" } } : { needs: [`s${i - 1}`] }), output: `s${i}.txt` };
    rules.push([`out/s${i}.txt`, source]);
  }
  if (cells > 0 && inputs) {
    // One stage and one file each: a change touches one of n.
    mkdirSync(join(root, "in"), { recursive: true });
    for (let i = 0; i < cells; i++) {
      writeFileSync(join(root, `in/${i}.txt`), `${i}\n`);
      stages[`c${i}`] = { cmd: ["cp", "{files.in}", "{output}"], files: { in: `in/${i}.txt` }, output: `c/${i}.txt` };
      rules.push([`out/${i}.txt`, `in/${i}.txt`]);
    }
  } else if (cells > 0) {
    stages.source = { cmd: ["cp", "{files.in}", "{output}"], files: { in: "in.txt" }, output: "source.txt" };
    // A module, for the sake of the first build: what a fresh run looks at is the same.
    mkdirSync(join(root, "stages"));
    writeFileSync(join(root, "stages/cell.ts"), "export default ({ needs }) => needs.source.text();\n");
    stages.cell = { run: "stages/cell.ts", needs: ["source"], matrix: { n: Array.from({ length: cells }, (_, i) => i) }, output: "cell.txt" };
    rules.push(["out/source.txt", "in.txt"], ...Array.from({ length: cells }, (_, i) => [`out/${i}.txt`, "out/source.txt"]));
  }
  writeFileSync(join(root, "pipeline.yaml"), `${JSON.stringify({ name: "bench", default: Object.keys(stages), stages }, null, 1)}\n`);
  const all = rules.map(([to]) => to).join(" ");
  writeFileSync(join(root, "Makefile"), `all: ${all}\n${rules.map(([to, from]) => `${to}: ${from}\n\tcp $< $@\n`).join("")}`);
  writeFileSync(join(root, "build.ninja"), `rule cp\n  command = cp $in $out\n${rules.map(([to, from]) => `build ${to}: cp ${from}\n`).join("")}build all: phony ${all}\ndefault all\n`);
  return root;
}

const runners = (flags = []) => ({
  "node -e 0": [process.execPath, "-e", "0"],
  dag: [process.execPath, dag, "run", ...flags],
  ...(tools.make ? { make: ["make", "-s", "-j2"] } : {}),
  ...(tools.ninja ? { ninja: ["ninja", "--quiet"] } : {}),
});

const rows = [];
function measure(label, root, commands, { aim, env = plain, before, times = repetitions } = {}) {
  const built = {};
  for (const [name, argv] of Object.entries(commands)) {
    built[name] = time(argv, root, env); // the first build, not counted
    if (name === "dag") for (let i = 0; i < 2; i++) time(argv, root, env);
  }
  const samples = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let i = 0; i < times; i++) for (const [name, argv] of Object.entries(commands)) samples[name].push(time(argv, root, env, before && name !== "node -e 0" ? () => before(i) : undefined));
  const medians = Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, median(list)]));
  const bare = medians["node -e 0"];
  // Ratios of neighbours in time, then their median: what else the machine did meanwhile falls out.
  const ratio = (name) => median(samples[name].map((ms, i) => ms / samples["node -e 0"][i]));
  for (const [name, ms] of Object.entries(medians)) rows.push({ case: label, program: name, ms: ms.toFixed(1), "× node": name === "node -e 0" ? "1.00" : ratio(name).toFixed(2), aim: name === "dag" && aim ? `≤ ${aim}` : "", "first build s": name === "node -e 0" ? "" : (built[name] / 1000).toFixed(1) });
  console.error(`${label}: node ${bare.toFixed(1)} ms, dag ${medians.dag.toFixed(1)} ms, ratio ${ratio("dag").toFixed(2)}`);
}

try {
  const flagship = process.argv.find((word) => word.startsWith("--flagship="))?.slice("--flagship=".length);
  const home = join(base, "flagship");
  if (existsSync(join(repository, "pipeline.yaml"))) {
    const listed = spawnSync("git", ["ls-files", "-z", "pipeline.yaml", "stages", "prompts", "schemas", "seeds", "pipelines", "package.json"], { cwd: flagship ?? repository, encoding: "utf8" }).stdout.split("\0").filter(Boolean);
    for (const file of listed) cpSync(join(flagship ?? repository, file), join(home, file), { recursive: true });
    cpSync(join(repository, "node_modules"), join(home, "node_modules"), { recursive: true, dereference: false, verbatimSymlinks: true });
    const { "node -e 0": node, dag: run } = runners();
    measure("flagship", home, { "node -e 0": node, dag: [...run, "evaluate"] }, { aim: 1.8 });
    if (certificates) measure("flagship, NODE_EXTRA_CA_CERTS set", home, { "node -e 0": node, dag: [...run, "evaluate"] }, { aim: 1.8, env: { ...plain, NODE_EXTRA_CA_CERTS: certificates } });
  }
  const chain = project("chain", { chain: 7 });
  measure("chain of 7", chain, runners(), { aim: 1.8 });
  if (certificates) measure("chain of 7, NODE_EXTRA_CA_CERTS set", chain, runners(), { aim: 1.8, env: { ...plain, NODE_EXTRA_CA_CERTS: certificates } });
  measure("1,000 cells", project("thousand", { cells: 1000 }), runners(), { aim: 2.5 });
  const one = project("one-of-thousand", { cells: 1000, inputs: true });
  measure("1 of 1,000 changed", one, runners(), { before: (i) => { appendFileSync(join(one, "in/500.txt"), `${i}\n`); }, times: Math.min(repetitions, 7) });
  if (!process.argv.includes("--quick")) measure("10,000 cells", project("ten-thousand", { cells: 10_000 }), runners(), { aim: 6, times: Math.min(repetitions, 9) });
  const widths = Object.fromEntries(Object.keys(rows[0]).map((key) => [key, Math.max(key.length, ...rows.map((row) => row[key].length))]));
  const line = (row) => Object.entries(widths).map(([key, width]) => (key === "case" || key === "program" ? row[key].padEnd(width) : row[key].padStart(width))).join("  ");
  console.log(line(Object.fromEntries(Object.keys(widths).map((key) => [key, key]))));
  for (const row of rows) console.log(line(row));
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  console.log(`daguerre ${version}, Node ${process.versions.node}, ${repetitions} rounds by turns; ratios are medians of ratios within a round`);
} finally {
  rmSync(base, { recursive: true, force: true });
}
