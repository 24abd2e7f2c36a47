/** Many of everything: files, items, cells, processes; and things that change while they are looked at. */
import { rmSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { itemStages, people, pipeline, test } from "./rig/index.ts";

describe.concurrent("scale", () => {
  test("thousands of input files and items need few file descriptors", { timeout: 120_000 }, async ({ p }) => {
    const files = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`seeds/${String(i % 20)}/${String(i)}.txt`, `${String(i)}\n`]));
    p.write({
      ...files,
      "people.jsonl": people(300),
      "stages/list.ts": "export default async ({ files }) => { let n = 0; for (const name of files.seeds.names) n += (await files.seeds.text(name)).length > 0 ? 1 : 0; return n; };\n",
      "stages/dir.ts": "export default () => Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`${i}.txt`, `${i}\\n`]));\n",
      "pipeline.yaml": pipeline({
        ...itemStages(p, "module"),
        list: { run: "stages/list.ts", files: { seeds: "seeds/**/*.txt" }, output: "list.json" },
        dir: { run: "stages/dir.ts", output: "dir/" },
        copy: { cmd: "mkdir -p {output}; cp {needs.dir}/* {output}", needs: ["dir"], output: "copy/" },
      }),
    });
    const few = async (): Promise<void> => {
      const result = await p.with({ command: ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", process.execPath, p.binary, "run", "--json", "-j", "16"] });
      expect(result.code, result.text.slice(-2000)).toBe(0);
    };
    await few();
    expect(p.read("artifacts/list.json")).toBe("2000\n");
    expect(p.lock().cells["copy"]?.artifact).toBe(p.lock().cells["dir"]?.artifact);
    p.remove("artifacts");
    await few();
    p.remove("artifacts/dir/700.txt");
    await few();
    expect(p.exists("artifacts/dir/700.txt")).toBe(true);
  });

  test("a stage may read all its files at once", { timeout: 120_000 }, async ({ p }) => {
    p.write({
      ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`seeds/${String(i)}.txt`, `${String(i)}\n`])),
      "stages/list.ts": "export default async ({ files }) => (await Promise.all(files.seeds.names.map((name) => files.seeds.text(name)))).length;\n",
      "pipeline.yaml": pipeline({ list: { run: "stages/list.ts", files: { seeds: "seeds/*.txt" }, output: "list.json" } }),
    });
    const result = await p.with({ command: ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", process.execPath, p.binary, "run", "--json"] });
    expect(result.code, result.text.slice(-2000)).toBe(0);
    expect(p.read("artifacts/list.json")).toBe("500\n");
  });

  test("600 cells are built, planned and told apart", { timeout: 120_000 }, async ({ p }) => {
    p.write({
      "in.txt": "x\n",
      "stages/cell.ts": "export default async ({ files, axis }) => (await files.in.text()) + axis.a + axis.b;\n",
      "pipeline.yaml": pipeline({ cell: { run: "stages/cell.ts", files: { in: "in.txt" }, matrix: { a: Array.from({ length: 12 }, (_, i) => i), b: Array.from({ length: 50 }, (_, i) => i) }, output: "cell.txt" } }),
    });
    const first = await p.built();
    expect(first.done.ran).toHaveLength(600);
    expect(p.read("artifacts/cell/a=11/b=7.txt")).toBe("x\n117");
    expect((await p.built()).done.ran).toEqual([]);
    p.remove("artifacts/cell/a=3");
    expect((await p.built()).outcomes["restored"]).toHaveLength(50);
  });

  test("a record of megabytes and a line of a million characters go through", async ({ p }) => {
    p.write({
      "people.jsonl": [{ id: "big", text: "é".repeat(2_000_000) }, { id: "small", text: "" }],
      "stages/same.ts": "export default ({ item }) => item;\n",
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, same: { run: "stages/same.ts", each: "people" } }),
    });
    await p.built();
    expect(p.read("artifacts/same.jsonl")).toBe(p.read("people.jsonl"));
  });
});

describe.concurrent("things that change while they are looked at", () => {
  test("files that come and go during hashing are no crash, and the end is right", async ({ p }) => {
    for (let i = 0; i < 300; i++) p.write({ [`seeds/${String(i)}.txt`]: String(i) });
    p.write({
      "stages/list.ts": "export default ({ files }) => files.seeds.names.length;\n",
      "pipeline.yaml": pipeline({ list: { run: "stages/list.ts", files: { seeds: "seeds/*.txt" }, output: "list.json" } }),
    });
    let n = 0;
    const churn = setInterval(() => {
      for (let i = 0; i < 40; i++) {
        const path = p.path(`seeds/${String(n++ % 300)}.txt`);
        if (n % 3 === 0) rmSync(path, { force: true });
        else writeFileSync(path, String(n));
      }
    }, 1);
    for (let i = 0; i < 6; i++) {
      const result = await p.dag(...(i % 2 === 0 ? ["run"] : ["status"]));
      expect([0, 1, 2, 3]).toContain(result.code);
      expect(result.text).not.toMatch(/\n\s+at .*:\d+:\d+|ENOENT:|TypeError/);
    }
    clearInterval(churn);
    for (let i = 0; i < 300; i++) p.write({ [`seeds/${String(i)}.txt`]: String(i) });
    await p.built();
    expect(p.read("artifacts/list.json")).toBe("300\n");
    expect((await p.dag("status")).code).toBe(0);
  });
});

describe.concurrent("model calls of items", () => {
  test("one changed item of many makes one call, and a rerun makes none", async ({ p }) => {
    p.write({
      "people.jsonl": people(50),
      "stages/say.ts": 'export default async ({ item, models }) => ({ id: item.id, says: (await models.writer.chat({ prompt: "Say something about number " + item.n })).value });\n',
      "pipeline.yaml": pipeline(
        { people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, say: { run: "stages/say.ts", each: "people", models: ["writer"] } },
        { models: { writer: { provider: "offline", model: "writer-1" } } },
      ),
    });
    expect((await p.built()).done.calls).toEqual({ made: 50, stored: 0 });
    expect((await p.built()).done.calls).toEqual({ made: 0, stored: 0 });
    p.write({ "people.jsonl": people(50).map((person) => (person.n === 25 ? { ...person, n: 1000 } : person)) });
    expect((await p.built()).done.calls?.made).toBe(1);
    // Items forgotten, answers kept: nothing is bought again.
    const bytes = p.read("artifacts/say.jsonl");
    expect((await p.built("--force")).done.calls?.made).toBe(0);
    expect(p.read("artifacts/say.jsonl")).toBe(bytes);
  });
});
