/** `dag watch`: what wakes it, and what does not. */
import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { chain, jsonl, kinds, people, pipeline, test, textChain, Watching } from "./rig/index.ts";

const ok = (ran: string[], restored: string[] = []): { ok: boolean; ran: string[]; restored: string[] } => ({ ok: true, ran, restored });

describe.concurrent("dag watch", () => {
  test.for(kinds)("a save by rename builds what it makes stale and all below (%s)", async (kind, { p }) => {
    chain(p, kind, ["a", "b"]);
    const w = Watching.start(p);
    expect(await w.built()).toEqual(ok(["a", "b"]));
    await w.idle();
    w.save("in.txt", "three\n");
    expect((await w.next("changed"))["changes"]).toMatchObject([{ detail: ["in.txt:1", "- one", "- two", "+ three"], cells: ["a"] }]);
    expect(await w.built()).toEqual(ok(["a", "b"]));
    expect(p.read("artifacts/b.txt")).toBe("three\na\nb\n");
    expect((await w.stop()).code).toBe(130);
    expect(p.ran()).toEqual(["a", "a", "b", "b"]);
  });

  test("what was built before comes back without running, and equal bytes stop the wave", async ({ p }) => {
    chain(p, "cmd", ["a", "b"], { a: { keep: "head" } });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("in.txt", "one\nand more\n");
    expect(await w.built()).toEqual(ok(["a"]));
    w.save("in.txt", "one\ntwo\n");
    expect(await w.built()).toEqual(ok([], ["a"]));
    w.save("in.txt", "1\n");
    expect(await w.built()).toEqual(ok(["a", "b"]));
    w.save("in.txt", "one\ntwo\n");
    expect(await w.built()).toEqual(ok([], ["a", "b"]));
    await w.stop();
    expect(p.ran()).toEqual(["a", "a", "a", "b", "b"]);
  });

  test("a touch, and a save of the same bytes, build nothing; nor does what the builds themselves write", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    utimesSync(p.path("in.txt"), new Date(), new Date());
    await w.next("unchanged");
    w.save("in.txt", "one\ntwo\n");
    await w.next("unchanged");
    w.save("in.txt", "new\n");
    expect(await w.built()).toEqual(ok(["a", "b"]));
    // Were there more builds than these, they would have said so.
    expect((await w.stop()).events.filter(({ event }) => event === "done")).toHaveLength(2);
    expect(p.ran()).toEqual(["a", "a", "b", "b"]);
  });

  test("a file that goes is missed, and built from when it is back", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    p.remove("in.txt");
    expect(await w.next("mistake")).toMatchObject({ message: expect.stringContaining("in.txt: no such file") as string });
    await w.next("done");
    w.save("in.txt", "back\n");
    expect(await w.built()).toEqual(ok(["a"]));
    // Never there so far, two directories deep.
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; cat {files.in} > {output}`, files: { in: "deep/er/in.txt" }, output: "a.txt" } }) });
    expect(await w.built()).toMatchObject({ ok: false });
    p.write({ "deep/er/in.txt": "deep\n" });
    await w.next("done", ({ ok: good }) => good === true);
    await w.stop();
    expect(p.read("artifacts/a.txt")).toBe("deep\n");
  });

  test("a new file that matches a glob, and one in a new directory below it", async ({ p }) => {
    p.write({ "texts/one.txt": "1\n", "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; find . -name '*.txt' | sort > {output}`, files: { in: "texts/**/*.txt" }, output: "a.list" } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    p.write({ "texts/two.txt": "2\n" });
    expect((await w.next("changed"))["changes"]).toMatchObject([{ detail: [expect.stringContaining("texts/two.txt: added")] }]);
    expect(await w.built()).toEqual(ok(["a"]));
    mkdirSync(p.path("texts/more"));
    p.write({ "texts/more/three.txt": "3\n" });
    expect(await w.built()).toEqual(ok(["a"]));
    w.save("texts/more/three.txt", "three\n");
    expect(await w.built()).toEqual(ok(["a"]));
    // A file that the glob does not match, and one that an editor leaves: nothing.
    p.write({ "texts/notes.md": "no\n", "texts/.two.txt.swp": "no\n" });
    p.remove("texts/more");
    expect(await w.built()).toEqual(ok([], ["a"]));
    await w.stop();
    expect(p.ran()).toHaveLength(4);
    expect(p.read("artifacts/a.list").split("\n").filter((line) => line.includes("texts/"))).toEqual([expect.stringMatching(/one\.txt$/), expect.stringMatching(/two\.txt$/)]);
  });

  test("a directory that is moved away and another put in its place", async ({ p }) => {
    p.write({ "texts/one.txt": "1\n", "other/one.txt": "other\n", "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; cat {files.in} > {output}`, files: { in: "texts/one.txt" }, output: "a.txt" } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    renameSync(p.path("texts"), p.path("old"));
    renameSync(p.path("other"), p.path("texts"));
    expect((await w.next("done", ({ ok }) => ok === true)).ran).toEqual(["a"]);
    expect(p.read("artifacts/a.txt")).toBe("other\n");
    // It is the new one that is listened to.
    w.save("texts/one.txt", "newer\n");
    expect(await w.built()).toEqual(ok(["a"]));
    await w.stop();
  });

  test("an imported module, a JSON it imports, a partial of a prompt, a schema", async ({ p }) => {
    p.write({
      "stages/a.ts": `import { word } from "../lib/word.ts";\nexport default ({ prompts }) => [{ id: "1", text: prompts.p.render({}) + word }];\n`,
      "lib/word.ts": `import data from "./data.json" with { type: "json" };\nexport const word = data.word;\n`,
      "lib/data.json": { word: "w" },
      "prompts/p.md": `{% render "inner" %}\n`,
      "prompts/inner.md": "inner\n",
      "schemas/a.schema.json": { type: "object", required: ["id"] },
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", prompts: { p: "prompts/p.md" }, schema: "schemas/a.schema.json" } }),
    });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    const text = (): unknown => (JSON.parse(p.read("artifacts/a.jsonl")) as { text: string }).text;
    w.save("lib/data.json", '{ "word": "x" }\n');
    expect(await w.built()).toEqual(ok(["a"]));
    expect(text()).toBe("inner\n\nx");
    w.save("lib/word.ts", 'export const word = "y";\n');
    expect(await w.built()).toEqual(ok(["a"]));
    w.save("prompts/inner.md", "deeper\n");
    expect((await w.next("changed"))["changes"]).toMatchObject([{ detail: ["prompts/inner.md:1", "- inner", "+ deeper"] }]);
    expect(await w.built()).toEqual(ok(["a"]));
    expect(text()).toBe("deeper\n\ny");
    // Comments are no change; what the schema asks for is.
    w.save("lib/word.ts", '// A comment.\nexport const word = "y";\n');
    w.save("schemas/a.schema.json", '{ "type": "object", "required": ["absent"] }\n');
    expect(await w.built()).toMatchObject({ ok: false });
    w.save("schemas/a.schema.json", '{ "type": "object", "required": ["id"] }\n');
    expect(await w.built()).toEqual(ok(["a"]));
    await w.stop();
  });

  test("a program of the project that a command names, and a link's target", async ({ p }) => {
    p.write({ "tools/x.sh": "echo one\n", "far/real.txt": "real\n", "pipeline.yaml": pipeline({ a: { cmd: "sh tools/x.sh > {output}; cat {files.in} >> {output}", files: { in: "in.txt" }, output: "a.txt" } }) });
    symlinkSync("near.txt", p.path("in.txt"));
    symlinkSync(p.path("far/real.txt"), p.path("near.txt"));
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("tools/x.sh", "echo two\n");
    expect(await w.built()).toEqual(ok(["a"]));
    w.save("far/real.txt", "unreal\n");
    expect(await w.built()).toEqual(ok(["a"]));
    expect(p.read("artifacts/a.txt")).toBe("two\nunreal\n");
    p.write({ "other.txt": "other\n" });
    rmSync(p.path("near.txt"));
    symlinkSync("other.txt", p.path("near.txt"));
    await w.next("done", ({ ok: good }) => good === true);
    expect(p.read("artifacts/a.txt")).toBe("two\nother\n");
    await w.stop();
  });

  test("a broken pipeline is shown as run shows it, the last good build stays, and the next save mends it", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const good = p.read("pipeline.yaml");
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("pipeline.yaml", good.replace('"in.txt"', '"in.txt'));
    expect(await w.next("mistake")).toMatchObject({ file: "pipeline.yaml" });
    expect(p.exists("artifacts/a.txt")).toBe(true);
    w.save("pipeline.yaml", good);
    // A stage more, and what it reads.
    p.write({ "more.txt": "m\n" });
    w.save("pipeline.yaml", JSON.stringify(pipeline({ ...textChain(p, "cmd", ["a"]), more: { cmd: `${p.mark("more")}; cp {files.in} {output}`, files: { in: "more.txt" }, output: "more.txt" } })));
    expect((await w.next("done", ({ ran }) => ran?.includes("more") === true)).ok).toBe(true);
    w.save("more.txt", "more\n");
    expect(await w.built()).toEqual(ok(["more"]));
    // A stage that is gone takes its artifact along.
    w.save("pipeline.yaml", good);
    expect(await w.next("done")).toMatchObject({ ok: true, removed: ["more.txt"] });
    const { stderr } = await w.stop();
    expect(stderr).toContain("pipeline.yaml:");
  });

  test("it may begin with mistakes of the file; what is mistyped ends it", async ({ p }) => {
    p.write({ "pipeline.yaml": "stages: [\n" });
    const w = Watching.start(p);
    await w.next("mistake");
    chain(p, "cmd", ["a"]);
    expect((await w.next("done", ({ ok: good }) => good === true)).ran).toEqual(["a"]);
    await w.stop();
    for (const [args, word] of [[["b"], '"b"'], [["--preset", "nope"], "nope"], [["-p", "nope=1"], "nope"], [["-f", "pipelines/none.yaml"], "pipelines/none.yaml"], [["-C", "nowhere"], "nowhere"]] as const) {
      const { code, stderr } = await p.dag("watch", ...args);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(word) as string });
    }
  });

  test("what a failure has left undone waits for a change too, and nothing but a change", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const of = (name: string, after: string, need?: string): Record<string, unknown> => ({ cmd: `${p.mark(name)}; ${after}`, files: { in: `${name}.txt` }, ...(need === undefined ? {} : { needs: [need] }), output: `${name}.txt` });
    p.write({ "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n", "pipeline.yaml": pipeline({ a: of("a", "grep good {files.in} > {output}"), b: of("b", "cat {files.in} > {output}", "a"), c: of("c", "cat {files.in} > {output}") }, { default: ["a", "b", "c"] }) });
    const w = Watching.start(p, "-j", "1");
    expect(await w.built()).toMatchObject({ ok: false });
    await w.idle();
    utimesSync(p.path("a.txt"), new Date(), new Date());
    expect(await w.next("unchanged")).toMatchObject({ failed: true });
    expect(p.ran()).toEqual(["a"]);
    w.save("a.txt", "good\n");
    expect(await w.built()).toEqual(ok(["a", "b", "c"]));
    await w.stop();
  });

  test("an imported module that went, or was not there yet, is built from when it comes", async ({ p }) => {
    chain(p, "module", ["a"]);
    p.write({ "lib/end.ts": 'export const end = "one\\n";\n', "stages/a.ts": 'import { end } from "../lib/end";\nexport default () => end;\n' });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    rmSync(p.path("lib"), { recursive: true });
    expect(await w.built()).toMatchObject({ ok: false });
    mkdirSync(p.path("lib"));
    w.save("lib/end.ts", 'export const end = "two\\n";\n');
    expect(await w.built()).toEqual(ok(["a"]));
    w.save("stages/a.ts", 'import { start } from "../util/start.js";\nexport default () => start;\n');
    expect(await w.built()).toMatchObject({ ok: false });
    p.write({ "util/start.ts": 'export const start = "three\\n";\n' });
    expect(await w.built()).toEqual(ok(["a"]));
    expect(p.read("artifacts/a.txt")).toBe("three\n");
    await w.stop();
  });

  test("scores that moved in a build that failed elsewhere are told when nothing is left to do", async ({ p }) => {
    p.write({
      "x.txt": "1\n", "y.txt": "good\n",
      "pipeline.yaml": pipeline({ score: { cmd: `seq 6 | sed "s/.*/{\\"id\\":\\"&\\",\\"f1\\":$(cat {files.x})}/" > {output}`, files: { x: "x.txt" } }, last: { cmd: "grep good {files.y} > {output}", files: { y: "y.txt" }, output: "last.txt" } }, { default: ["score", "last"] }),
    });
    const w = Watching.start(p, "-k");
    await w.built();
    await w.idle();
    w.save("y.txt", "bad\n");
    expect(await w.built()).toMatchObject({ ok: false });
    w.save("x.txt", "2\n");
    await w.next("done", ({ ok: good, ran }) => good === false && ran?.includes("score") === true);
    w.save("y.txt", "good\n");
    expect(await w.next("score")).toMatchObject({ metric: "f1", before: 1, after: 2 });
    await w.stop();
  });

  test("a failing stage is not tried again but for a change, of whatever it looked at", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; grep good {files.in} > {output}`, files: { in: "in.txt" }, output: "a.txt" }, b: { cmd: `${p.mark("b")}; cat {needs.a} {files.x} > {output}`, needs: ["a"], files: { x: "x.txt" }, output: "b.txt" } }), "x.txt": "x\n" });
    const w = Watching.start(p);
    expect(await w.built()).toMatchObject({ ok: false });
    await w.idle();
    w.save("in.txt", "bad\n");
    expect(await w.built()).toMatchObject({ ok: false });
    utimesSync(p.path("in.txt"), new Date(), new Date());
    w.save("in.txt", "good\n");
    expect(await w.built()).toEqual(ok(["a", "b"]));
    await w.stop();
    expect(p.ran()).toEqual(["a", "a", "a", "b"]);
  });

  test("a stage whose code does not parse", async ({ p }) => {
    chain(p, "module", ["a"]);
    const good = p.read("stages/a.ts");
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("stages/a.ts", `${good}}}`);
    expect(await w.next("cell", ({ outcome }) => outcome === "failed")).toMatchObject({ cell: "a", message: expect.stringContaining("stages/a.ts:") as string });
    await w.next("done");
    w.save("stages/a.ts", good.replace('"a\\n"', '"A\\n"'));
    expect(await w.built()).toEqual(ok(["a"]));
    await w.stop();
  });

  test("an artifact that was edited or deleted by hand is put back", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    appendFileSync(p.path("artifacts/a.txt"), "by hand\n");
    expect(await w.built()).toEqual(ok([], ["a"]));
    p.remove("artifacts/b.txt");
    expect(await w.built()).toEqual(ok([], ["b"]));
    // In one step: removed file by file it would be put back meanwhile.
    renameSync(p.path("artifacts"), p.path("gone"));
    expect(await w.built()).toEqual(ok([], ["a", "b"]));
    await w.stop();
    expect(p.ran()).toEqual(["a", "b"]);
  });

  test("what another run has built under other params is left alone, until asked or edited", async ({ p }) => {
    p.write({ "in.txt": "in\n", "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; echo {params.n} > {output}; cat {files.in} >> {output}`, files: { in: "in.txt" }, params: ["n"], output: "a.txt" } }, { params: { n: 1 } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    await p.built("-p", "n=2");
    await w.next("elsewhere");
    expect(p.read("artifacts/a.txt")).toBe("2\nin\n");
    w.save("in.txt", "new\n");
    expect(await w.built()).toEqual(ok(["a"]));
    expect(p.read("artifacts/a.txt")).toBe("1\nnew\n");
    await w.stop();
  });

  test("what another run builds that has waited for the watch's own build is told as well", async ({ p }) => {
    p.write({ "in.txt": "in\n", "pipeline.yaml": pipeline({ a: { cmd: `echo {params.n} > {output}; cat {files.in} >> {output}; while grep -q slow {files.in} && [ ! -e '${p.path("go")}' ]; do sleep 0.05; done`, files: { in: "in.txt" }, params: ["n"], output: "a.txt" } }, { params: { n: 1 } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("in.txt", "slow\n");
    await w.next("changed");
    const other = p.start("run", "-p", "n=2");
    await other.saw("waiting for dag watch");
    p.write({ go: "" });
    expect(await w.built()).toEqual(ok(["a"]));
    await w.next("elsewhere");
    expect((await other.result).code).toBe(0);
    expect(p.read("artifacts/a.txt")).toBe("2\nslow\n");
    await w.stop();
  });

  test("a project whose path has spaces, brackets and stars", async ({ p }) => {
    p.moveTo("my [project] *{a,b}* (new)");
    p.write({ "texts/[1] *.txt": "1\n", "pipeline.yaml": pipeline({ a: { cmd: "cat {files.in}/* > {output}", files: { in: "texts/" }, output: "a.txt" } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    w.save("texts/[1] *.txt", "one\n");
    // The file an editor wrote first may have been seen, since the whole directory is an input.
    await w.next("done", () => p.read("artifacts/a.txt") === "one\n");
    await w.stop();
  });

  test("packages are not watched wholesale, and what a build does not look at not at all", async ({ p }) => {
    chain(p, "module", ["a"]);
    for (let i = 0; i < 40; i++) p.write({ [`node_modules/p${String(i)}/lib/index.js`]: "", [`docs/d${String(i)}/x.md`]: "" });
    const w = Watching.start(p);
    const { files, directories } = (await w.idle()) as unknown as { files: number; directories: number };
    expect(files).toBeLessThan(6);
    expect(directories).toBeLessThan(6);
    await w.stop();
  });

  test("a burst over many files is one build", async ({ p }) => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`texts/${String(i)}.txt`, "old\n"]));
    p.write({ ...files, "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; cat {files.in}/* > {output}`, files: { in: "texts/" }, output: "a.txt" } }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    cpSync(p.path("texts"), p.path("fresh"), { recursive: true });
    for (let i = 0; i < 300; i++) writeFileSync(p.path(`fresh/${String(i)}.txt`), "new\n");
    rmSync(p.path("texts"), { recursive: true });
    renameSync(p.path("fresh"), p.path("texts"));
    await w.next("done", ({ ran }) => ran?.includes("a") === true);
    expect(p.read("artifacts/a.txt")).toBe("new\n".repeat(300));
    await w.stop();
    expect(p.ran()).toHaveLength(2);
  });

  test("ten thousand files in a directory: one of them edited is one build", async ({ p }) => {
    for (let i = 0; i < 10_000; i++) {
      if (i === 0) mkdirSync(p.path("many"));
      writeFileSync(p.path(`many/${String(i)}.txt`), `${String(i)}\n`);
    }
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; ls {files.in} | wc -l > {output}`, files: { in: "many/*.txt" }, output: "a.txt" } }) });
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; find . -name '*.txt' | wc -l > {output}`, files: { in: "many/*.txt" }, output: "a.txt" } }) });
    const w = Watching.start(p);
    await w.built();
    expect(await w.idle()).toMatchObject({ files: 10_001 });
    writeFileSync(p.path("many/77.txt"), "edited\n");
    expect(await w.built()).toEqual(ok(["a"]));
    await w.stop();
    expect(p.ran()).toHaveLength(2);
  });

  test("--poll looks where nothing tells", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const w = Watching.start(p, "--poll");
    await w.built();
    await w.idle();
    w.save("in.txt", "polled\n");
    expect(await w.built()).toEqual(ok(["a"]));
    await w.stop();
  });

  test("--sample watches a small build of its own", async ({ p }) => {
    p.write({ "people.jsonl": people(5), "pipeline.yaml": pipeline({ all: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, each: { cmd: `${p.mark("each")}; cp {item} {output}`, each: "all" } }) });
    const w = Watching.start(p, "--sample", "2");
    await w.built();
    await w.idle();
    w.save("people.jsonl", jsonl(people(5).map((one) => ({ ...one, n: one.n + 1 }))));
    expect(await w.built()).toEqual(ok(["all", "each"]));
    await w.stop();
    expect(p.ran()).toHaveLength(4);
    expect(p.exists("artifacts/each.jsonl")).toBe(false);
    expect(p.exists(join("artifacts", "sample=2", "each.jsonl"))).toBe(true);
  });
});
