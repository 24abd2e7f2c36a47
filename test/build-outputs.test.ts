/** Artifacts: how they come to be, what guards them, how they come back. */
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { chain, jsonl, kinds, people, pipeline, sha256, test, textChain, textStage } from "./rig/index.ts";

describe.concurrent.each(kinds)("artifacts of %s stages", (kind) => {
  test("a deleted output is restored without running", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    const before = p.artifacts();
    p.ran();
    p.remove("artifacts/b.txt");
    const result = await p.built();
    expect(p.ran()).toEqual([]);
    expect(result.outcomes).toEqual({ fresh: ["a", "c"], restored: ["b"] });
    expect(p.artifacts()).toEqual(before);
    p.remove("artifacts");
    expect((await p.built()).outcomes).toEqual({ restored: ["a", "b", "c"] });
    expect(p.ran()).toEqual([]);
    expect(p.artifacts()).toEqual(before);
  });

  test("with outputs and cache deleted, everything is built again to the same lock", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const lock = p.read("dag.lock");
    p.ran();
    p.remove("artifacts", "cache");
    await p.built();
    expect(p.ran()).toEqual(["a", "b"]);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("an edited output is noticed and put back, and says so", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    writeFileSync(p.path("artifacts/a.txt"), "edited by hand\n");
    const result = await p.built();
    expect(p.ran()).toEqual([]);
    expect(result.outcomes["restored"]).toEqual(["a"]);
    expect(JSON.stringify(result.events.find((event) => event.cell === "a")?.reasons)).toContain("edited");
    expect(p.read("artifacts/a.txt")).toBe("one\ntwo\na\n");
  });

  test("an output edited with size and mtime put back is noticed", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const before = p.artifacts();
    const { atime, mtime } = statSync(p.path("artifacts/b.txt"));
    writeFileSync(p.path("artifacts/b.txt"), "eno\ntwo\na\nb\n");
    utimesSync(p.path("artifacts/b.txt"), atime, mtime);
    const status = await p.dag("status");
    expect(status.code).toBe(3);
    expect(status.stdout).toContain("b");
    await p.built();
    expect(p.artifacts()).toEqual(before);
  });

  test("editing an artifact never reaches the copy in the cache", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const before = p.artifacts();
    // In place, as an editor that keeps the inode does.
    execFileSync("sh", ["-c", 'chmod u+w "$1"; printf X | dd of="$1" conv=notrunc bs=1 count=1 2>/dev/null', "sh", p.path("artifacts/a.txt")]);
    await p.built();
    expect(p.artifacts()).toEqual(before);
  });

  test("a deleted lock makes nothing run, and comes back byte for byte", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const lock = p.read("dag.lock");
    p.ran();
    p.remove("dag.lock");
    expect((await p.built()).done.ran).toEqual([]);
    expect(p.ran()).toEqual([]);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("a lock without cache (a fresh clone) trusts nothing it cannot check", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const lock = p.read("dag.lock");
    p.ran();
    p.remove("cache", "artifacts");
    expect((await p.dag("status")).code).toBe(3);
    await p.built();
    expect(p.ran()).toEqual(["a", "b"]);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("artifacts that still agree with the lock are fresh though the cache is gone", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    p.remove("cache");
    await p.built();
    expect(p.ran()).toEqual([]);
  });

  test("a schema violation names the record and the JSON path, caches nothing and keeps the old artifact", async ({ p }) => {
    const write = (records: unknown[]): void => { p.write({ "people.jsonl": jsonl(records) }); };
    const stage = kind === "cmd"
      ? { cmd: `${p.mark("a")}; cp {files.in} {output}` }
      : { run: "stages/a.ts" };
    p.write({
      "stages/a.ts": `export default async ({ files }) => { ${p.markModule('"a"')} return (await files.in.text()).trim().split("\\n").map((line) => JSON.parse(line)); };\n`,
      "schemas/person.json": { type: "object", properties: { id: { type: "string" }, pet: { type: "object", properties: { age: { type: "integer", minimum: 0 } }, required: ["age"] } }, required: ["id", "pet"] },
      "pipeline.yaml": pipeline({ a: { ...stage, files: { in: "people.jsonl" }, output: "a.jsonl", schema: "schemas/person.json" } }),
    });
    write([{ id: "ann", pet: { age: 3 } }]);
    await p.built();
    const good = p.read("artifacts/a.jsonl");
    const lock = p.read("dag.lock");
    write([{ id: "ann", pet: { age: 3 } }, { id: "bob", pet: { age: -1 } }, { id: "cyd", pet: {} }]);
    p.ran();
    const bad = await p.run();
    expect(bad.code).toBe(1);
    expect(bad.text).toContain("bob");
    expect(bad.text).toMatch(/\/pet\/age|\.pet\.age/);
    expect(p.read("artifacts/a.jsonl")).toBe(good);
    expect(p.read("dag.lock")).toBe(lock);
    expect(p.ran()).toEqual(["a"]);
    const again = await p.dag("run");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('failed    a  record "bob" at /pet/age must be >= 0 (schemas/person.json)\n    record "cyd" at /pet must have required property \'age\' (schemas/person.json)\n');
    expect(p.ran()).toEqual(["a"]); // nothing was cached
    write(Array.from({ length: 700 }, (_, i) => (i % 100 === 99 ? { id: `p${i}` } : { id: `p${i}`, pet: { age: i } })));
    const many = await p.dag("run");
    expect(many.stderr.match(/record "p\d99" must have required property 'pet'|record "p99" .*/g)).toHaveLength(5);
    expect(many.stderr).toContain("what comes after was not checked");
  });

  test("a failing stage stops its dependents and keeps the old output; others finish with -k", async ({ p }) => {
    const flaky = kind === "cmd"
      ? { cmd: `${p.mark("b")}; echo half > {output}; cat {needs.a} | grep -q fine || { echo "out of luck" >&2; exit 3; }; cat {needs.a} > {output}` }
      : { run: "stages/b.ts" };
    p.write({
      "stages/b.ts": `import { writeFileSync } from "node:fs";\nexport default async ({ needs, output }) => { ${p.markModule('"b"')} const text = await needs.a.text(); writeFileSync(output, "half"); if (!text.includes("fine")) throw new Error("out of luck"); writeFileSync(output, text); };\n`,
      "in.txt": "fine\n",
      "pipeline.yaml": pipeline({ a: textStage(p, kind, "a"), b: { ...flaky, needs: ["a"], output: "b.txt" }, c: textStage(p, kind, "c", { need: "b" }), d: textStage(p, kind, "d", { need: "a" }) }),
    });
    await p.built();
    const old = p.read("artifacts/b.txt");
    const oldC = p.read("artifacts/c.txt");
    p.ran();
    p.write({ "in.txt": "broken\n" });
    const result = await p.run("-k");
    expect(result.code).toBe(1);
    expect(result.outcomes).toEqual({ ran: ["a", "d"], failed: ["b"], skipped: ["c"] });
    expect(result.text).toContain("out of luck");
    expect(p.ran()).toEqual(["a", "b", "d"]);
    expect(p.read("artifacts/b.txt")).toBe(old);
    expect(p.read("artifacts/c.txt")).toBe(oldC);
    expect(result.done.ok).toBe(false);
    // Failure is not success: the next run tries again.
    expect((await p.run("-k")).code).toBe(1);
    expect(p.ran()).toEqual(["b"]);
    const status = await p.dag("status");
    expect(status.code).toBe(3);
    expect(status.stdout).toContain("failed");
  });

  test("a stage that writes nothing and succeeds has failed, and the message says which output is missing", async ({ p }) => {
    p.write({
      "stages/a.ts": "export default () => undefined;\n",
      "pipeline.yaml": pipeline({ a: kind === "cmd" ? { cmd: ["true"], output: "a.txt" } : { run: "stages/a.ts", output: "a.txt" } }),
    });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain("a.txt");
    expect(p.exists("artifacts/a.txt")).toBe(false);
  });

  test("hashes equal sha256sum", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    const sum = execFileSync("sha256sum", [p.path("artifacts/b.txt")], { encoding: "utf8" }).slice(0, 64);
    expect(p.lock().cells["b"]?.artifact).toBe(`sha256:${sum}`);
    expect((await p.dag("hash")).stdout).toContain(`sha256:${sum}  b\n`);
    expect((await p.dag("hash", "b")).stdout).toBe(`sha256:${sum}  b\n`);
    expect(p.lock().cells["b"]?.bytes).toBe(statSync(p.path("artifacts/b.txt")).size);
  });

  test("the hash of a directory is the sha256 of its sha256sum listing, sorted by bytes", async ({ p }) => {
    const files = { "b.txt": "b\n", "a/z.txt": "z\n", "a.txt": "a\n", "Z.txt": "", "é.txt": "é\n" };
    const shell = Object.entries(files).map(([name, text]) => `printf '%s' '${text}' > {output}/${name}`).join("; ");
    p.write({
      "stages/d.ts": `export default () => (${JSON.stringify(files)});\n`,
      "pipeline.yaml": pipeline({ d: kind === "cmd" ? { cmd: `mkdir -p {output}/a; ${shell}`, output: "d/" } : { run: "stages/d.ts", output: "d/" } }),
    });
    await p.built();
    expect(p.read("artifacts/d/a/z.txt")).toBe("z\n");
    const listing = execFileSync("sh", ["-c", "find . -type f | sed 's#^./##' | LC_ALL=C sort | while read -r f; do sha256sum \"$f\"; done"], { cwd: p.path("artifacts/d"), encoding: "utf8" });
    expect(listing.split("\n")).toHaveLength(6);
    expect(p.lock().cells["d"]?.artifact).toBe(sha256(listing));
  });

  test("a directory that lost, gained or changed one file is noticed and put back", async ({ p }) => {
    p.write({
      "stages/d.ts": `export default () => { ${p.markModule('"d"')} return { "one.txt": "1", "deep/two.txt": "2" }; };\n`,
      "pipeline.yaml": pipeline({ d: kind === "cmd" ? { cmd: `${p.mark("d")}; mkdir -p {output}/deep; printf 1 > {output}/one.txt; printf 2 > {output}/deep/two.txt`, output: "d/" } : { run: "stages/d.ts", output: "d/" } }),
    });
    await p.built();
    const before = p.artifacts();
    p.ran();
    for (const harm of [() => { p.remove("artifacts/d/deep"); }, () => { p.write({ "artifacts/d/three.txt": "3" }); }, () => { p.write({ "artifacts/d/one.txt": "I" }); }]) {
      harm();
      expect((await p.dag("status")).code).toBe(3);
      await p.built();
      expect(p.artifacts()).toEqual(before);
    }
    expect(p.ran()).toEqual([]);
  });

  test("another output path moves the artifact without running", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.ran();
    const text = p.read("pipeline.yaml");
    p.write({ "pipeline.yaml": text.replace('"output": "a.txt"', '"output": "deep/er/a.txt"') });
    expect((await p.built()).done.ran).toEqual([]);
    expect(p.ran()).toEqual([]);
    expect(p.read("artifacts/deep/er/a.txt")).toBe("one\ntwo\na\n");
    expect(p.lock().cells["a"]?.path).toBe("deep/er/a.txt");
  });

  test("no temporary file is left behind, in the project or in TMPDIR", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    expect(Object.keys(p.everything()).filter((path) => path.startsWith("tmp/"))).toEqual([]);
    expect(Object.keys(p.artifacts())).toEqual(["a.txt", "b.txt"]);
  });

  test("the default output is <stage>.jsonl", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default () => [{ id: "x" }];\n',
      "pipeline.yaml": pipeline({ a: kind === "cmd" ? { cmd: `echo '{"id":"x"}' > {output}` } : { run: "stages/a.ts" } }),
    });
    await p.built();
    expect(p.read("artifacts/a.jsonl")).toBe('{"id":"x"}\n');
    expect(p.lock().cells["a"]).toMatchObject({ path: "a.jsonl", records: 1 });
  });

  test("a JSONL line that is not JSON fails, and names the line", async ({ p }) => {
    p.write({
      "stages/a.ts": 'import { writeFileSync } from "node:fs";\nexport default ({ output }) => { writeFileSync(output, \'{"id":"x"}\\n{"id":\\n\'); };\n',
      "pipeline.yaml": pipeline({ a: kind === "cmd" ? { cmd: `printf '{"id":"x"}\\n{"id":\\n' > {output}`, output: "a.jsonl" } : { run: "stages/a.ts", output: "a.jsonl" } }),
    });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toMatch(/(line 2|:2\b)/);
  });
});

describe.concurrent("kinds of output", () => {
  test("JSON and JSONL are canonical: keys sorted, no white space, numbers as RFC 8785 writes them", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default () => ({ b: 1.0, a: [1e21, 0.1 + 0.2, -0], "€": "\\u0000é" });\n',
      "stages/b.ts": 'export default function* () { yield { id: "x", b: 1, a: 2 }; yield { id: "y" }; }\n',
      "stages/c.ts": 'export default async function* () { yield { id: "x" }; }\n',
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" }, b: { run: "stages/b.ts" }, c: { run: "stages/c.ts" } }),
    });
    await p.built();
    expect(p.read("artifacts/a.json")).toBe('{"a":[1e+21,0.30000000000000004,0],"b":1,"€":"\\u0000é"}\n');
    expect(p.read("artifacts/b.jsonl")).toBe('{"a":2,"b":1,"id":"x"}\n{"id":"y"}\n');
    expect(p.read("artifacts/c.jsonl")).toBe('{"id":"x"}\n');
  });

  test.for([["NaN", "NaN"], ["Infinity", "Infinity"], ["undefined in an array", "[undefined]"], ["a lone surrogate", '"\\ud800"'], ["a cycle", "(() => { const x = {}; x.x = x; return x; })()"], ["a BigInt", "1n"], ["a Map", "new Map([[1, 2]])"]] as const)(
    "%s cannot become JSON and fails in words",
    async ([, expression], { p }) => {
      p.write({ "stages/a.ts": `export default () => ({ x: ${expression} });\n`, "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" } }) });
      const result = await p.run();
      expect(result.code).toBe(1);
      expect(result.text).not.toMatch(/\n\s+at .*node:internal/);
      expect(p.exists("artifacts/a.json")).toBe(false);
    },
  );

  test("a schema that cannot mean what it says is refused by file, before its stage runs", async ({ p }) => {
    const cases: [unknown, string][] = [
      [{ typ: "object" }, 'schemas/a.json: unknown keyword "typ", which checks nothing; did you mean "type"?'],
      [{ properties: { v: { minimun: 1 } } }, 'unknown keyword "minimun", which checks nothing; did you mean "minimum"?'],
      [{ type: "objekt" }, "schemas/a.json: not a valid schema: /type must be equal to one of the allowed values"],
      [{ $ref: "b.json" }, '"$ref": "b.json" leads nowhere in this file, and other files are not read: put it below "$defs"'],
      [{ $schema: "http://json-schema.org/draft-07/schema#" }, '"$schema" names http://json-schema.org/draft-07/schema#; artifacts are checked against "https://json-schema.org/draft/2020-12/schema"'],
    ];
    for (const kind of kinds) {
      const stage = textStage(p, kind, "a", { extra: { schema: "schemas/a.json", output: "a.json" } });
      for (const [schema, message] of cases) {
        p.write({ "in.txt": "1", "schemas/a.json": schema, "pipeline.yaml": pipeline({ a: stage }) });
        expect((await p.run()).events.find(({ cell }) => cell === "a")?.["message"], kind).toContain(message);
        expect(p.ran()).toEqual([]);
      }
    }
    p.write({ "stages/b.ts": "export default () => 1;\n", "schemas/a.json": { type: "number", "x-note": 1, unit: "kg", $comment: "mine" }, "pipeline.yaml": pipeline({ b: { run: "stages/b.ts", schema: "schemas/a.json", output: "b.json" } }) });
    await p.built();
  });

  test("what is no finite number is no part of a .npy, from a module or from a program", async ({ p }) => {
    const cases: [string, string][] = [
      ['[["a"]]', 'row 0 holds \"a\" at 0: a matrix is made of numbers'],
      ["[[1, NaN]]", "value 1 of the matrix is NaN: an .npy artifact holds finite numbers"],
      ["{ shape: [1], data: new Float32Array([Infinity]) }", "value 0 of the matrix is Infinity: an .npy artifact holds finite numbers"],
    ];
    for (const [value, message] of cases) {
      p.write({ "stages/a.ts": `export default () => (${value});\n`, "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.npy" } }) });
      expect((await p.run()).events.find(({ cell }) => cell === "a"), value).toMatchObject({ outcome: "failed", message: expect.stringContaining(message.replaceAll("\\", "")) });
    }
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo hi > {output}", output: "a.npy" } }) });
    expect((await p.run()).events.find(({ cell }) => cell === "a")?.["message"]).toContain("a.npy does not begin as an .npy file does");
    expect(p.exists("artifacts/a.npy")).toBe(false);
  });

  test("a directory is a plain object of names that every file system keeps apart; an empty one is a result", async ({ p }) => {
    const cases: [string, string][] = [
      ['new Map([["a.txt", "x"]])', "a plain object of relative path → content"],
      ['({ "a": "x", "a/b": "y" })', 'cannot write "a/b": "a" is a file'],
      ['({ "A.txt": "x", "a.txt": "y" })', 'cannot write "a.txt" beside "A.txt": on some file systems they are one file'],
      ['({ "a.json": NaN })', "a.json: not JSON: $ is NaN"],
    ];
    for (const [value, message] of cases) {
      p.write({ "stages/a.ts": `export default () => ${value};\n`, "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a/" } }) });
      expect((await p.run()).events.find(({ cell }) => cell === "a"), value).toMatchObject({ outcome: "failed", message: expect.stringContaining(message) });
    }
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "mkdir -p {output}", output: "a/" } }) });
    await p.built();
    expect(p.lock().cells["a"]).toMatchObject({ artifact: sha256(""), bytes: 0 });
    p.remove("artifacts");
    expect((await p.built()).outcomes).toEqual({ restored: ["a"] });
    expect(p.exists("artifacts/a")).toBe(true);
  });

  test("a .npy matrix is written as NumPy reads it", async ({ p }) => {
    p.write({
      "stages/a.ts": "export default () => ({ shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6.5]) });\n",
      "stages/b.ts": "export default async ({ needs }) => { const { shape, data } = await needs.a.npy(); return { shape, data: [...data] }; };\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.npy" }, b: { run: "stages/b.ts", needs: ["a"], output: "b.json" } }),
    });
    await p.built();
    const bytes = p.bytes("artifacts/a.npy");
    expect(bytes.subarray(0, 6).toString("latin1")).toBe("\u0093NUMPY");
    const headerLength = bytes.readUInt16LE(8);
    const header = bytes.subarray(10, 10 + headerLength).toString("latin1");
    expect(header).toMatch(/'descr': '<f4'/);
    expect(header).toMatch(/'fortran_order': False/);
    expect(header).toMatch(/'shape': \(2, 3\)/);
    expect((10 + headerLength) % 64).toBe(0);
    expect([0, 1, 2, 3, 4, 5].map((i) => bytes.readFloatLE(10 + headerLength + 4 * i))).toEqual([1, 2, 3, 4, 5, 6.5]);
    expect(p.read("artifacts/b.json")).toBe('{"data":[1,2,3,4,5,6.5],"shape":[2,3]}\n');
  });

  test("a file of any kind keeps its bytes", async ({ p }) => {
    p.write({
      "stages/a.ts": "export default () => new Uint8Array([0, 255, 10, 13, 0]);\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.bin" }, b: { cmd: "cat {needs.a} {needs.a} > {output}", needs: ["a"], output: "b.bin" } }),
    });
    await p.built();
    expect([...p.bytes("artifacts/b.bin")]).toEqual([0, 255, 10, 13, 0, 0, 255, 10, 13, 0]);
  });

  test("a directory takes text, JSON, records and bytes, and may be empty", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default () => ({ "x.json": { b: 1, a: 2 }, "deep/y.jsonl": [{ id: "1" }, { id: "2" }], "z.md": "# z\\n", "w.bin": new Uint8Array([7]) });\n',
      "stages/b.ts": "export default () => ({});\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a/" }, b: { run: "stages/b.ts", output: "b/" } }),
    });
    await p.built();
    expect(p.read("artifacts/a/x.json")).toBe('{"a":2,"b":1}\n');
    expect(p.read("artifacts/a/deep/y.jsonl")).toBe('{"id":"1"}\n{"id":"2"}\n');
    expect(p.read("artifacts/a/z.md")).toBe("# z\n");
    expect([...p.bytes("artifacts/a/w.bin")]).toEqual([7]);
    expect(p.exists("artifacts/b")).toBe(true);
    expect(p.lock().cells["b"]?.artifact).toBe(sha256(""));
    expect((await p.built()).outcomes).toEqual({ fresh: ["a", "b"] });
  });

  test.for(["../escape.txt", "/tmp/escape.txt", "a/../../escape.txt", "nul\u0000l.txt"])("a directory stage cannot write to %j", async (name, { p }) => {
    p.write({ "stages/a.ts": `export default () => ({ ${JSON.stringify(name)}: "x" });\n`, "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a/" } }) });
    const before = Object.keys(p.everything()).filter((path) => !path.startsWith("project/"));
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(Object.keys(p.everything()).filter((path) => !path.startsWith("project/"))).toEqual(before);
    expect(Object.keys(p.everything()).filter((path) => path.includes("escape"))).toEqual([]);
  });

  test("a generator is not asked for another record once one breaks the schema", async ({ p }) => {
    p.write({
      "stages/a.ts": `export default async function* () { for (let i = 0; i < 3; i++) { ${p.markModule('`a${i}`')} yield { id: String(i), n: "no number" }; } }\n`,
      "s.json": { properties: { n: { type: "integer" } } },
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", schema: "s.json" } }),
    });
    const result = await p.dag("run");
    expect(result.stderr).toContain('record "0" at /n must be integer (s.json)');
    expect(p.ran()).toEqual(["a0"]);
  });

  test("schemas per file of a directory name file, record and path", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default () => ({ "scores.jsonl": [{ id: "one", f1: 1 }, { id: "two", f1: 2 }], "notes.md": "" });\n',
      "schemas/score.json": { type: "object", properties: { f1: { maximum: 1 } } },
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a/", schema: { "scores.jsonl": "schemas/score.json" } } }),
    });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain("scores.jsonl");
    expect(result.text).toContain("two");
    expect(result.text).toMatch(/\/f1|\.f1/);
    expect(p.exists("artifacts/a")).toBe(false);
  });

  test("schema formats are checked, and remote references are refused, not fetched", async ({ p }) => {
    const stage = { run: "stages/a.ts", output: "a.json", schema: "s.json" };
    p.write({ "stages/a.ts": 'export default () => "not a date";\n', "s.json": { type: "string", format: "date" }, "pipeline.yaml": pipeline({ a: stage }) });
    expect((await p.run()).code).toBe(1);
    p.write({ "s.json": { $ref: "https://example.org/schema.json" } });
    const remote = await p.run();
    expect(remote.code).not.toBe(0);
    expect(remote.text).toContain("https://example.org/schema.json");
  });

  test("duplicate ids in an artifact of records fail where the stage has `each`, and name the id", async ({ p }) => {
    p.write({
      "people.jsonl": people(2),
      "stages/a.ts": "export default async ({ files }) => { const out = []; for await (const r of files.in.records()) out.push(r); return out; };\n",
      "stages/b.ts": 'export default ({ item }) => ({ id: "same", of: item.id });\n',
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", files: { in: "people.jsonl" } }, b: { run: "stages/b.ts", each: "a" } }),
    });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain("same");
  });
});

describe.concurrent("the lock", () => {
  test("is canonical JSON with two spaces, and holds no time, no path of the machine and no prompt text", async ({ p }) => {
    const stages = textChain(p, "cmd", ["b", "a"], { b: { extra: { prompts: { ask: "ask.md" } } } });
    for (const stage of Object.values(stages)) stage["cmd"] = String(stage["cmd"]).replaceAll(/echo \w+ >> [^;]+; /g, "");
    p.write({ "in.txt": "x\n", "ask.md": "A very secret prompt.\n", "pipeline.yaml": pipeline(stages) });
    await p.built();
    const text = p.read("dag.lock");
    const value = JSON.parse(text) as Record<string, unknown>;
    const sorted = (v: unknown): unknown =>
      v !== null && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1)).map(([k, w]) => [k, sorted(w)])) : v;
    expect(text).toBe(`${JSON.stringify(sorted(value), null, 2)}\n`);
    expect(text).not.toContain(p.base);
    expect(text).not.toContain("secret");
    expect(text).not.toMatch(/20\d\d-/);
    expect(Object.keys(p.lock().cells)).toEqual(["a", "b"]);
    const cell = p.lock().cells["b"];
    expect(Object.keys(cell ?? {})).toEqual(["artifact", "bytes", "inputs", "path", "recipe"]);
    expect(cell?.inputs["prompts.ask"]).toBe(sha256("A very secret prompt.\n"));
    expect(cell?.inputs["files.in"]).toBe(sha256("x\n"));
    expect(p.lock().cells["a"]?.inputs["needs.b"]).toBe(cell?.artifact);
  });

  test("counts the records of a JSONL artifact", async ({ p }) => {
    p.write({ "people.jsonl": people(7), "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } } }) });
    await p.built();
    expect(p.lock().cells["a"]).toMatchObject({ path: "a.jsonl", records: 7, bytes: statSync(p.path("artifacts/a.jsonl")).size });
  });

  test("a read-only artifact is replaced all the same", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    await p.built();
    chmodSync(p.path("artifacts/a.txt"), 0o444);
    p.write({ "in.txt": "new\n" });
    await p.built();
    expect(readFileSync(p.path("artifacts/a.txt"), "utf8")).toBe("new\na\n");
  });
});
