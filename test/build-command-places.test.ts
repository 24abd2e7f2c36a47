/** Where a command's inputs, record and output lie, what it is given for a placeholder, how many run at once, and how its output is checked. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";

describe.concurrent("the places of a command", () => {
  test("an input named as an output does not pass for it", async ({ p }) => {
    p.write({ "output.txt": "an input\n", "output/output.txt": "another\n", "pipeline.yaml": pipeline({ a: { cmd: ["true"], files: { d: "output.txt", e: "output/" }, output: "x.txt" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("x.txt");
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "cat {files.d} {files.e}/output.txt > {output}", files: { d: "output.txt", e: "output/" }, output: "x.txt" } }) });
    await p.built();
    expect(p.read("artifacts/x.txt")).toBe("an input\nanother\n");
  });

  test("an input named as an item's record is kept beside it, and every item has its own places", async ({ p }) => {
    p.write({
      "item.json": '{"id":"wrong"}\n', "item/item.json": '{"id":"wrong too"}\n', "output.jsonl": '{"id":"stale"}\n', "people.jsonl": people(5),
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        b: { cmd: "test ! -e {output} && grep -q wrong {files.one} && grep -q 'wrong too' {files.two}/item.json && cat {item} > {output}", each: "people", files: { one: "item.json", two: "item/", three: "output.jsonl" } },
      }),
    });
    await p.built("-j", "4");
    expect(p.read("artifacts/b.jsonl")).toBe(p.read("people.jsonl"));
  });

  test("a gathered need is the directory that holds all of its cells, whichever axis is gathered", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({
        src: { cmd: "echo {axis.noise} {axis.r} > {output}", matrix: { noise: [1, 2], r: ["a", "b"] }, output: "deep/src.txt" },
        overNoise: { cmd: "find {needs.src} -type f | sort | xargs cat > {output}", needs: ["src"], matrix: { r: ["a", "b"] }, output: "n.txt" },
        overR: { cmd: "find {needs.src} -type f | sort | xargs cat > {output}", needs: ["src"], matrix: { noise: [1, 2] }, output: "r.txt" },
        overBoth: { cmd: "printf '%s\\n' {needs.src} > {output}; find {needs.src} -type f | sort | xargs cat >> {output}", needs: ["src"], output: "both.txt" },
      }),
    });
    await p.built();
    expect(p.read("artifacts/n/r=a.txt")).toBe("1 a\n2 a\n");
    expect(p.read("artifacts/n/r=b.txt")).toBe("1 b\n2 b\n");
    expect(p.read("artifacts/r/noise=2.txt")).toBe("2 a\n2 b\n");
    expect(p.read("artifacts/both.txt")).toBe("artifacts/deep/src\n1 a\n1 b\n2 a\n2 b\n");
  });

  test("files outside the project come to files/<name>, and nothing is left outside the workspace", async ({ p }) => {
    p.moveTo("deep/a/b/project");
    const outside = join(p.base, "ext");
    mkdirSync(join(outside, "sub"), { recursive: true });
    for (const name of ["f.txt", "g.txt", "sub/f.txt"]) writeFileSync(join(outside, name), `${name}\n`);
    p.write({
      "in.txt": "in\n", "files/taken/x.txt": "of the project\n",
      "pipeline.yaml": pipeline({
        a: { cmd: "find . -type f | sort > {output}; cat {files.one} {files.dir}/sub/f.txt in.txt files/taken/x.txt >> {output}", files: { one: `${outside}/g.txt`, dir: outside, list: [`${outside}/f.txt`, `${outside}/sub/f.txt`, "in.txt"], taken: `${outside}/f.txt`, own: "files/taken/x.txt" }, output: "a.txt" },
      }),
    });
    const before = Object.keys(p.everything()).filter((path) => !path.startsWith("deep/a/b/project/"));
    await p.built();
    expect(p.read("artifacts/a.txt").split("\n")).toEqual([
      "./files/dir/f.txt", "./files/dir/g.txt", "./files/dir/sub/f.txt", "./files/list/f.txt", "./files/list/sub/f.txt", "./files/one/g.txt", "./files/taken/x.txt", "./files/taken_/f.txt", "./in.txt",
      "g.txt", "sub/f.txt", "in", "of the project", "",
    ]);
    expect(Object.keys(p.everything()).filter((path) => !path.startsWith("deep/a/b/project/"))).toEqual(before);
    expect(Object.keys(p.everything()).filter((path) => /[fg]\.txt$/.test(path) && path.includes("project/cache"))).toEqual([]);
  });

  test("an output that is a link, or holds one, is kept as bytes", async ({ p }) => {
    p.write({ "precious.txt": "precious\n", "pipeline.yaml": pipeline({ a: { cmd: `ln -s ${p.path("precious.txt")} {output}`, output: "a.txt" }, b: { cmd: `mkdir -p {output}/deep; echo x > {output}/x.txt; ln -s ${p.path("precious.txt")} {output}/deep/link`, output: "b/" }, c: { cmd: "mkdir -p {output}/deep; echo x > {output}/deep/x.txt", output: "c/" } }) });
    await p.built();
    p.write({ "precious.txt": "changed\n" });
    expect(p.read("artifacts/a.txt")).toBe("precious\n");
    expect(p.read("artifacts/b/deep/link")).toBe("precious\n");
    expect(p.read("artifacts/c/deep/x.txt")).toBe("x\n");
    expect(readdirSync(p.path("artifacts/c"))).toEqual(["deep"]);
  });

  test("a pipe in an output directory is refused by name", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "mkdir -p {output}; echo x > {output}/x.txt; mkfifo {output}/pipe", output: "a/" } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("pipe");
  });
});

describe.concurrent("a command's arguments", () => {
  test("{params.a.b} is the value below the longest declared path", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "printf '%s|' {params.r.k} {params.r.deep.list} {params.r.deep.list.1} {params.r} > {output}", params: ["r", "r.deep"], output: "a.txt" } }, { params: { r: { k: 7, deep: { list: [1, "two"] } } } }) });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe('7|[1,"two"]|two|{"deep":{"list":[1,"two"]},"k":7}|');
  });
});

test("{files.x} of a glob or a list is an argument for each file, of a directory the directory", async ({ p }) => {
  p.write({ "seeds/b c.txt": "b\n", "seeds/a.txt": "a\n", "../far.txt": "far\n" });
  const cmd = ["sh", "-c", 'out=$1; shift; printf "%s|" "$@" > "$out"; cat "$@" >> "$out" 2>/dev/null; true', "sh", "{output}", "{files.in}"];
  const cell = (files: unknown, extra: unknown = cmd) => p.write({ "pipeline.yaml": pipeline({ a: { cmd: extra, files: { in: files }, output: "a.txt" } }) });
  cell("seeds/*.txt");
  await p.built();
  expect(p.read("artifacts/a.txt")).toBe("seeds/a.txt|seeds/b c.txt|a\nb\n");
  cell(["seeds/b c.txt", "../far.txt"]);
  await p.built();
  expect(p.read("artifacts/a.txt")).toBe("seeds/b c.txt|files/in/far.txt|b\nfar\n");
  cell("seeds/");
  await p.built();
  expect(p.read("artifacts/a.txt")).toBe("seeds|");
  cell("seeds/*.txt", "cat {files.in} > {output}");
  await p.built();
  expect(p.read("artifacts/a.txt")).toBe("a\nb\n");
});

describe.concurrent("commands at once", () => {
  test("-j bounds the processes of all cells and items together", async ({ p }) => {
    const at = join(p.base, "running");
    mkdirSync(at);
    p.write({
      "people.jsonl": people(3),
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        b: { cmd: `touch ${at}/$$; ls ${at} | wc -l >> ${p.log}; sleep 0.2; rm ${at}/$$; cat {item} > {output}`, each: "people", matrix: { v: [1, 2, 3] } },
      }),
    });
    await p.built("-j", "3");
    const counts = p.ran().map(Number);
    expect(counts).toHaveLength(9);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });
});

describe.concurrent("a schema with a pattern that backtracks for ever", () => {
  const evil = { properties: { x: { pattern: "^(a+)+$" } } };
  const line = `{"id":"r1","x":"${"a".repeat(60)}!"}`;

  test.for([["a list", { output: "a.jsonl" }], ["a value", { output: "a.json" }]] as const)("ends the stage at its timeout, and names schema and record: %s", async ([, output], { p }) => {
    p.write({ "in.json": `${line}\n`, "s.json": evil, "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "in.json" }, schema: "s.json", timeout: "1s", ...output } }) });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("s.json");
    expect(result.stderr).toContain(output.output === "a.jsonl" ? 'record "r1"' : "the value");
    expect(result.ms).toBeLessThan(9_000);
  });

  test("fails the item it is checked for, and the others are kept", async ({ p }) => {
    p.write({
      "people.jsonl": people(2), "s.json": evil,
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        b: { cmd: `if grep -q p001 {item}; then echo '${line}' > {output}; else cat {item} > {output}; fi`, each: "people", schema: "s.json", timeout: "1s", output: "b.jsonl" },
      }),
    });
    const result = await p.dag("run");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/p001[^]*s\.json/);
    expect(result.ms).toBeLessThan(9_000);
  });

  test("Ctrl-C ends it at once", async ({ p }) => {
    p.write({ "in.jsonl": `${line}\n`, "s.json": evil, "pipeline.yaml": pipeline({ a: { cmd: `cp {files.in} {output}; ${p.mark("a")}`, files: { in: "in.jsonl" }, schema: "s.json", timeout: "60s", output: "a.jsonl" } }) });
    const running = p.start("run");
    const ran: string[] = [];
    while (ran.length === 0) {
      await sleep(50);
      ran.push(...p.ran());
    }
    await sleep(500);
    const began = performance.now();
    running.child.kill("SIGINT");
    const result = await running.result;
    expect(result.code).toBe(130);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(p.exists("artifacts/a.jsonl")).toBe(false);
  });

  test("keeps nobody waiting meanwhile: other stages are built, and TERM ends all", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "in.jsonl": `${line}\n`, "s.json": evil,
      "pipeline.yaml": pipeline({
        a: { cmd: `cp {files.in} {output}; ${p.mark("a")}`, files: { in: "in.jsonl" }, schema: "s.json", timeout: "300s", output: "a.jsonl" },
        b: { cmd: gate.command("b"), output: "b.txt" },
        c: { cmd: gate.command("c", "{output}", "{needs.b}"), needs: ["b"], output: "c.txt" },
      }),
    });
    const running = p.start("run", "-j", "2");
    const b = await gate.arrived("b");
    const ran: string[] = [];
    while (ran.length === 0) {
      await sleep(50);
      ran.push(...p.ran());
    }
    await b.order({ output: "b\n" });
    await b.order({ exit: 0 });
    await gate.arrived("c"); // with a still under check
    expect(p.read("artifacts/b.txt")).toBe("b\n");
    running.child.kill("SIGTERM");
    expect((await running.result).code).toBe(143);
    expect(p.exists("artifacts/a.jsonl")).toBe(false);
  });

  test("is no matter to ten thousand records that fit", async ({ p }) => {
    p.write({ "in.jsonl": people(10_000), "s.json": { properties: { id: { pattern: "^p[0-9]+$" } } }, "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "in.jsonl" }, schema: "s.json", output: "a.jsonl" } }) });
    const result = await p.built();
    expect(result.ms).toBeLessThan(10_000);
    expect(p.lock().cells["a"]?.records).toBe(10_000);
  });
});
