/** The command line: verbs, streams, exit codes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { chain, hasTerminal, people, pipeline, repository, Terminal, test } from "./rig/index.ts";

describe.concurrent("dag", () => {
  test("--version prints the package's version, --help every verb", async ({ p }) => {
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
    expect((await p.dag("--version")).stdout).toBe(`${version}\n`);
    const help = await p.dag("--help");
    expect(help.code).toBe(0);
    for (const verb of ["run", "status", "why", "plan", "graph", "hash", "init", "doctor", "completion"]) expect(help.stdout).toMatch(new RegExp(`^\\s+${verb}\\b`, "m"));
    expect((await p.dag("run", "--help")).stdout).toMatch(/--dry-run/);
  });

  test("an unknown verb or flag is wrong usage: exit 2, with the nearest", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const verb = await p.dag("statsu");
    expect(verb.code).toBe(2);
    expect(verb.stderr).toContain("status");
    const flag = await p.dag("run", "--dryrun");
    expect(flag.code).toBe(2);
    expect(flag.stderr).toContain("--dry-run");
    expect((await p.dag("run", "-j", "zero")).code).toBe(2);
    expect((await p.dag("run", "-j", "0")).code).toBe(2);
    expect(p.exists("artifacts")).toBe(false);
  });

  test("run says on stderr what it does, and nothing on stdout but results", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    const result = await p.dag("run");
    expect(result.code).toBe(0);
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(/\ba\b/);
    expect(result.stderr).not.toContain("\u001b");
    const quiet = await p.dag("run", "--force", "--quiet");
    expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const colour = await p.dag("run", "--force", "--color", "always");
    expect(colour.stderr).toContain("\u001b[");
    expect(colour.stderr).not.toContain("\u001b[2K");
  });

  test("run --json prints one cell event each and a closing line", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    const { events } = await p.built();
    const { cells } = p.lock();
    expect(events.filter(({ event }) => event === "cell").map(({ cell, outcome, artifact }) => ({ cell, outcome, artifact }))).toEqual([
      { cell: "a", outcome: "ran", artifact: cells["a"]?.artifact },
      { cell: "b", outcome: "ran", artifact: cells["b"]?.artifact },
    ]);
    for (const event of events.filter(({ event: kind }) => kind === "cell")) {
      expect(event["ms"]).toBeTypeOf("number");
      expect(event.reasons).toBeInstanceOf(Array);
      expect(event.calls).toEqual({ made: 0, stored: 0 });
      expect(event["cost"]).toBe(0);
    }
    expect(events.at(-1)).toMatchObject({ event: "done", ok: true, ran: ["a", "b"], calls: { made: 0, stored: 0 }, cost: 0 });
  });

  test("--json ends with a closing line when a stage fails, too", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: ["false"], output: "a.txt" } }) });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.done).toMatchObject({ event: "done", ok: false });
  });

  test("hash prints sha256 and name of each, --build one for all", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    await p.built();
    const { cells } = p.lock();
    expect((await p.dag("hash")).stdout).toBe(`${String(cells["a"]?.artifact)}  a\n${String(cells["b"]?.artifact)}  b\n`);
    const build = await p.dag("hash", "--build");
    expect(build.stdout).toMatch(/^sha256:[0-9a-f]{64}/);
    const before = build.stdout;
    p.write({ "in.txt": "other\n" });
    await p.built();
    expect((await p.dag("hash", "--build")).stdout).not.toBe(before);
    p.remove("artifacts/b.txt");
    expect((await p.dag("hash", "b")).code).not.toBe(0);
  });

  test("graph draws text, mermaid, dot, svg and json; a matrix stage is one node", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({
        people: { cmd: "touch {output}" },
        documents: { cmd: "echo {axis.noise} > {output}", needs: ["people"], matrix: { noise: [0, 0.5] }, output: "d.txt" },
        table: { cmd: "touch {output}", needs: ["documents"], output: "t.txt" },
        "odd-name": { cmd: "touch {output}", needs: ["table"], output: "o.txt" },
      }),
    });
    const before = p.everything();
    const text = await p.dag("graph");
    for (const name of ["people", "documents", "table", "odd-name"]) expect(text.stdout).toContain(name);
    const mermaid = await p.dag("graph", "--format", "mermaid");
    expect(mermaid.stdout).toMatch(/^(flowchart|graph) /);
    expect(mermaid.stdout.match(/-->|==>|-\.->/g)).toHaveLength(3);
    const dot = await p.dag("graph", "--format", "dot");
    expect(dot.stdout).toMatch(/^(strict )?digraph/);
    expect(dot.stdout.match(/->/g)).toHaveLength(3);
    const svg = await p.dag("graph", "--format", "svg");
    expect(svg.stdout).toMatch(/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*|<!DOCTYPE[\s\S]*?>\s*)*<svg /);
    expect(svg.stdout.match(/documents/g)?.length ?? 0).toBeGreaterThan(0);
    expect((await p.dag("graph", "--format", "svg")).stdout).toBe(svg.stdout);
    const json = JSON.parse((await p.dag("graph", "--format", "json")).stdout) as unknown;
    expect(JSON.stringify(json)).toContain('"documents"');
    expect((await p.dag("graph", "--format", "png")).code).toBe(2);
    const part = await p.dag("graph", "documents", "--format", "dot");
    expect(part.stdout).not.toContain("table");
    expect(p.everything()).toEqual(before);
  });

  test("init makes a project that runs, offline, and does it twice to the same bytes", async ({ p }) => {
    const init = await p.dag("init", "fresh");
    expect(init.code, init.stderr).toBe(0);
    expect(p.exists("fresh/pipeline.yaml")).toBe(true);
    expect(p.read("fresh/.gitignore")).toMatch(/cache/);
    const first = await p.dag("run", "-C", "fresh", "--json");
    expect(first.code, first.stderr).toBe(0);
    const again = await p.dag("run", "-C", "fresh", "--json");
    expect(again.done.ran).toEqual([]);
    const over = await p.dag("init", "fresh");
    expect(over.code).not.toBe(0);
    await p.dag("init", "other");
    expect((await p.dag("run", "-C", "other")).code).toBe(0);
    expect(p.read("other/dag.lock")).toBe(p.read("fresh/dag.lock"));
  });

  test("doctor says what is in place and exits 0 on a sound project", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const result = await p.dag("doctor");
    expect(result.code, result.text).toBe(0);
    expect(result.stdout).toMatch(/node/i);
    p.write({ "pipeline.yaml": "stages: [" });
    expect((await p.dag("doctor")).code).not.toBe(0);
  });

  test.for(["bash", "zsh", "fish"])("completion prints a script for %s", async (shell, { p }) => {
    chain(p, "cmd", ["a"]);
    const result = await p.dag("completion", shell);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain("dag");
    expect(result.stdout.length).toBeGreaterThan(100);
    if (shell !== "bash") return;
    const parsed = spawnSync("bash", ["-n"], { input: result.stdout });
    expect(parsed.stderr.toString()).toBe("");
    expect(parsed.status).toBe(0);
  });

  test("-k keeps going where without it new work stops", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ bad: { cmd: ["false"], output: "bad.txt" }, good: { cmd: `${p.mark("good")}; touch {output}`, output: "good.txt" }, below: { cmd: "touch {output}", needs: ["bad"], output: "below.txt" } }) });
    const stop = await p.run("-j", "1");
    expect(stop.code).toBe(1);
    expect(p.ran()).toEqual([]);
    const go = await p.run("-j", "1", "-k");
    expect(go.code).toBe(1);
    expect(p.ran()).toEqual(["good"]);
    expect(go.outcomes).toEqual({ failed: ["bad"], skipped: ["below"], ran: ["good"] });
  });

  test("-j N runs at most N stages at a time", async ({ p }) => {
    const gate = await p.gate();
    const names = ["a", "b", "c"];
    p.write({ "pipeline.yaml": pipeline(Object.fromEntries(names.map((name) => [name, { cmd: gate.command(name), output: `${name}.txt` }]))) });
    const running = p.start("run", "-j", "2");
    const one = await gate.arrived("a");
    const two = await gate.arrived("b");
    expect([...gate.seen].sort()).toEqual(["a", "b"]);
    await one.order({ exit: 9 });
    await two.order({ exit: 9 });
    expect((await running.result).code).toBe(1);
    expect([...gate.seen].sort()).toEqual(["a", "b"]);
  });

  test("control characters in ids, logs and errors are shown, not executed", async ({ p }) => {
    p.write({
      "people.jsonl": [{ id: "\u001b[31mred\u0007\u009b2J" }, ...people(1)],
      "stages/a.ts": 'export default ({ item, log }) => { log("log " + item.id); if (item.id !== "p000") throw new Error("bad \\u001b]0;title\\u0007 " + item.id); return item; };\n',
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}; printf '\\033[2Jcleared\\n' >&2", files: { in: "people.jsonl" } }, a: { run: "stages/a.ts", each: "people" }, b: { cmd: "printf '\\033[2Jcleared\\007\\n' >&2; exit 1", output: "b.txt" } }),
    });
    const result = await p.dag("run", "-k", "--color", "never");
    expect(result.code).toBe(1);
    // eslint-disable-next-line no-control-regex
    expect(result.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(result.stderr).toContain("cleared");
    for (const verb of ["status", "why"]) {
      const shown = await p.dag(verb, ...(verb === "why" ? ["a"] : []));
      // eslint-disable-next-line no-control-regex
      expect(shown.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }
  });

  test("a closed pipe ends quietly", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const result = await p.with({ command: ["sh", "-c", `"$0" "$1" graph --format svg | head -c 10 > /dev/null; "$0" "$1" --help | true`, process.execPath, p.binary] });
    expect(result.stderr).not.toMatch(/EPIPE|\n\s+at /);
  });
});

const onTerminal = hasTerminal ? describe.concurrent : describe.skip;

onTerminal("on a terminal", () => {
  test("progress shows stages, items done of total, calls and time, and the last screen is a plain summary", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "people.jsonl": people(3),
      "stages/a.ts": gate.module("a", "return { id: context.item.id };"),
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, a: { run: "stages/a.ts", each: "people" } }),
    });
    const terminal = new Terminal(p, ["run", "-j", "1"], { columns: 80 });
    await (await gate.arrived("a/p000")).order({ exit: 0 });
    const second = await gate.arrived("a/p001");
    await terminal.saw(/1\s*(\/|of)\s*3/); // of all, not of those that have begun
    for (const line of terminal.screen()) expect(line.length).toBeLessThanOrEqual(80);
    await second.order({ exit: 0 });
    await (await gate.arrived("a/p002")).order({ exit: 0 });
    const result = await terminal.result;
    expect(result.code).toBe(0);
    expect(result.stdout).toContain("\u001b[");
    const screen = terminal.screen().filter((line) => line !== "");
    expect(screen.join("\n")).toMatch(/people/);
    expect(screen.join("\n")).toMatch(/\ba\b.*3/);
    // The cursor is given back.
    if (result.stdout.includes("\u001b[?25l")) expect(result.stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(result.stdout.lastIndexOf("\u001b[?25l"));
  });

  test("NO_COLOR and --color never show no colours", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const plain = await new Terminal(p, ["run", "--color", "never"]).result;
    // eslint-disable-next-line no-control-regex
    expect(plain.stdout).not.toMatch(/\u001b\[[0-9;]*m/);
    const env = await new Terminal(p, ["run", "--force"], { env: { NO_COLOR: "1" } }).result;
    // eslint-disable-next-line no-control-regex
    expect(env.stdout).not.toMatch(/\u001b\[[0-9;]*m/);
  });

  test("a very narrow terminal breaks nothing", async ({ p }) => {
    chain(p, "cmd", ["a-stage-with-a-rather-long-name", "another-stage-with-a-name-longer-still"]);
    const terminal = new Terminal(p, ["run"], { columns: 20 });
    expect((await terminal.result).code).toBe(0);
  });

  test("Ctrl-C typed once stops with 130 and gives the cursor back", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: gate.command("a"), output: "a.txt" } }) });
    const terminal = new Terminal(p, ["run"]);
    const child = await gate.arrived("a");
    terminal.type("\u0003");
    const result = await terminal.result;
    expect(result.code).toBe(130);
    await child.gone;
    if (result.stdout.includes("\u001b[?25l")) expect(result.stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(result.stdout.lastIndexOf("\u001b[?25l"));
  });
});
