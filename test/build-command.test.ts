/** Programs as stages: what they are given, where they run, what counts as success. */
import { readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";

describe.concurrent("a command", () => {
  test("runs in an empty directory that holds only its declared inputs, which is gone afterwards", async ({ p }) => {
    p.write({
      "in.txt": "x\n", "seeds/a.txt": "a", "secret.txt": "s", "ask.md": "Ask.",
      "pipeline.yaml": pipeline({
        a: { cmd: "pwd > {output}", output: "a.txt" },
        b: { cmd: "find -L . -type f | sort > {output}; cat {files.in} {files.seeds}/a.txt {prompts.ask} {needs.a} >> {output}; pwd > /dev/null", files: { in: "in.txt", seeds: "seeds/" }, prompts: { ask: "ask.md" }, needs: ["a"], output: "b.txt" },
      }),
    });
    await p.built();
    const cwd = p.read("artifacts/a.txt").trim();
    expect(cwd).not.toBe(p.root);
    expect(p.exists(cwd)).toBe(false);
    const listing = p.read("artifacts/b.txt");
    expect(listing).toContain("in.txt");
    expect(listing).toContain("seeds/a.txt");
    expect(listing).not.toContain("secret.txt");
    expect(listing).toContain("x\naAsk.");
    expect(readdirSync(p.tmp)).toEqual([]);
  });

  test("sees only the declared variables and PATH, HOME, LANG and TMPDIR", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: ["env"], output: "a.txt" }, b: { cmd: ["sh", "-c", 'env > "$0"', "{output}"], env: ["TOKEN", "UNSET"], output: "b.txt" } }, { default: ["b"] }) });
    p.env = { ...p.env, TOKEN: "t", OTHER: "o", NODE_OPTIONS: "--no-warnings", LC_ALL: "C" };
    await p.built();
    const names = p.read("artifacts/b.txt").trim().split("\n").map((line) => line.slice(0, line.indexOf("="))).filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)).sort();
    expect(names).toEqual(["HOME", "LANG", "PATH", "TMPDIR", "TOKEN"]);
  });

  test("a list needs no shell: words arrive as they are", async ({ p }) => {
    const words = ["a b", "$HOME", "`id`", "*", "'", '"', "\\", "", "new\nline", "{{", "é"];
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: [process.execPath, "-e", "require('fs').writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))", "{output}", ...words], output: "a.json" } }) });
    const result = await p.run();
    if (result.code === 2) {
      // "{{" may be refused as a placeholder that is none; everything else may not.
      p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace('"{{",', "") });
      await p.built();
      expect(JSON.parse(p.read("artifacts/a.json"))).toEqual(words.filter((word) => word !== "{{"));
    } else expect(JSON.parse(p.read("artifacts/a.json"))).toEqual(words);
  });

  test("a string goes to sh -c with placeholders quoted", async ({ p }) => {
    p.write({
      "in.txt": "x\n",
      "pipeline.yaml": pipeline({ a: { cmd: "printf '%s|' {params.text} {params.list} {params.n} {axis.v} > {output}", params: ["text", "list", "n"], matrix: { v: ["$(touch pwned)"] }, output: "a.txt" } }, { params: { text: "it's $HOME `id` ; rm -rf x \\ \"q\"\nline", list: [1, "a"], n: 0.5 } }),
    });
    await p.built();
    const [path] = Object.keys(p.artifacts());
    expect(p.read(`artifacts/${String(path)}`)).toBe('it\'s $HOME `id` ; rm -rf x \\ "q"\nline|[1,"a"]|0.5|$(touch pwned)|');
  });

  test("an unknown placeholder is a mistake that names the nearest", async ({ p }) => {
    p.write({ "in.txt": "", "pipeline.yaml": pipeline({ a: { cmd: ["cat", "{files.inn}"], files: { inn2: "in.txt", in: "in.txt" }, output: "a.txt" } }) });
    const result = await p.run();
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/\{files\.inn\}/);
    expect(result.stderr).toMatch(/pipeline\.yaml:\d+:\d+/);
  });

  test("exit 0 without an output is a failure that names the path", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: ["true"], output: "deep/a.bin" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("deep/a.bin");
  });

  test("a failure says the exit code and shows the last lines of what it printed", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo to stdout; echo something went wrong >&2; exit 3", output: "a.txt" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/\b3\b/);
    expect(result.stderr).toContain("something went wrong");
    expect(result.stdout).not.toContain("something went wrong");
  });

  test("a program that does not exist is a failure in words", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: ["no-such-program-here", "{output}"], output: "a.txt" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("no-such-program-here");
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  test("death by a signal is a failure that names it", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo half > {output}; kill -9 $$", output: "a.txt" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("SIGKILL");
    expect(p.exists("artifacts/a.txt")).toBe(false);
  });

  test("a missing declared file is named before anything runs that needs it", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "no/such.txt" }, output: "a.txt" }, b: { cmd: `${p.mark("b")}; touch {output}`, needs: ["a"], output: "b.txt" } }) });
    const result = await p.dag("run");
    expect([1, 2]).toContain(result.code);
    expect(result.stderr).toContain("no/such.txt");
    expect(p.ran()).toEqual([]);
  });

  test("output of a program that writes megabytes to stdout and stderr does not block it", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "head -c 3000000 /dev/zero | tr '\\0' x >&2; head -c 3000000 /dev/zero | tr '\\0' y; echo ok > {output}", output: "a.txt" } }) });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("ok\n");
  });

  test("with each, {item} is a file with the record as JSON, and {output} takes lines of records", async ({ p }) => {
    p.write({
      "people.jsonl": people(3),
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        twice: { cmd: "cat {item} > {output}; echo >> {output}; sed 's/p0/q0/' {item} >> {output}", each: "people" },
      }),
    });
    await p.built();
    expect(p.read("artifacts/twice.jsonl")).toBe([0, 1, 2].flatMap((n) => [`{"id":"p00${String(n)}","n":${String(n)}}\n`, `{"id":"q00${String(n)}","n":${String(n)}}\n`]).join(""));
  });

  test("no stage reads dag's own standard input", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "cat > {output}", output: "a.txt" } }) });
    const result = await p.with({ stdin: "typed\n" }, "run");
    expect(result.code).toBe(0);
    expect(p.read("artifacts/a.txt")).toBe("");
  });

  test("a program that writes into its inputs does not change the originals", async ({ p }) => {
    p.write({
      "in.txt": "original\n",
      "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "in.txt" }, output: "a.txt" }, b: { cmd: "(echo broken > {needs.a}) 2>/dev/null; (echo broken > {files.in}) 2>/dev/null; echo done > {output}", needs: ["a"], files: { in: "in.txt" }, output: "b.txt" } }),
    });
    await p.run();
    expect(p.read("in.txt")).toBe("original\n");
    // The artifact of another stage: untouched, or noticed and put back.
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("original\n");
    p.remove("artifacts");
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("original\n");
  });

  test("--json lines on stdout are not mixed with what programs print", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo noise; echo noise >&2; touch {output}", output: "a.txt" } }) });
    const result = await p.run();
    expect(result.outcomes).toEqual({ ran: ["a"] });
  });

  test("that fails tells its output once: as it comes, or below the failure where nothing else was heard", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo one; echo two; exit 3; : {output}" }, b: { cmd: "seq 3 | sed 's/.*/{\"id\":\"&\"}/' > {output}" }, c: { each: "b", cmd: "cat {item}; exit 4; : {output}" } }) });
    const loud = await p.dag("run", "a");
    expect(loud.stderr.match(/one|two/g)).toHaveLength(2);
    expect(loud.stderr).toContain("failed    a  sh exited with 3\nfailed: ");
    const quiet = await p.dag("run", "a", "--quiet");
    expect(quiet.stderr).toBe("failed    a  sh exited with 3\n    one\n    two\nfailed: 1 failed · " + (quiet.stderr.split(" · ")[1] ?? ""));
    const items = await p.dag("run", "c", "--quiet");
    expect(items.stderr).toContain('failed    c  3 items, 3 failed  item "1": sh exited with 4 (and 2 more)\n    {"id":"1"}\n          item "2": sh exited with 4\n          item "3": sh exited with 4\n');
  });

  test("that writes two records of one id has failed, as a module has", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `printf '{"id":"x"}\\n{"id":"y"}\\n{"id":"x"}\\n' > {output}` } }) });
    const result = await p.dag("run");
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining('failed    a  two records have the id "x": ids are unique in an artifact')]);
    expect(p.exists("artifacts/a.jsonl")).toBe(false);
  });
});
