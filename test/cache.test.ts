/** `dag cache`: what is kept, what may go, and what is damaged. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { chain, failFor, itemStages, people, pipeline, test, textStage, tree } from "./rig/index.ts";
import type { DagEvent, Project } from "./rig/index.ts";

const asks = { provider: "offline", model: "writer-1" };
/** A stage that asks the offline model once per person. */
function asking(p: Project): Record<string, unknown> {
  p.write({
    "people.jsonl": people(3),
    "stages/people.ts": "export default async ({ files }) => files.in.records();\n",
    "stages/greet.ts": 'export default async ({ item, models }) => ({ id: item.id, text: (await models.writer.chat({ prompt: "Greet " + item.id })).value });\n',
  });
  return pipeline({ people: { run: "stages/people.ts", files: { in: "people.jsonl" }, output: "people.jsonl" }, greet: { run: "stages/greet.ts", each: "people", models: ["writer"], output: "greet.jsonl" } }, { models: { writer: asks } });
}

async function gc(p: Project, ...args: string[]): Promise<DagEvent[]> {
  const result = await p.dag("cache", "gc", "--json", ...args);
  expect(result.code, result.text).toBe(0);
  return result.events;
}

const removed = (events: DagEvent[], event = "freed"): string[] => events.filter((line) => line.event === event).map(({ kind, name }) => `${String(kind)} ${String(name)}`);
const cached = (p: Project): string[] => Object.keys(tree(p.path("cache"))).filter((path) => !path.startsWith("state/"));

describe.concurrent("dag cache gc", () => {
  test("frees nothing a second time, and nothing of a project that has built only once", async ({ p }) => {
    p.write({ "in.txt": "x\n", "people.jsonl": people(3), "pipeline.yaml": pipeline({ ...itemStages(p, "module"), text: textStage(p, "cmd", "text"), tables: { cmd: "mkdir {output}; echo 1 > {output}/a.txt; echo 2 > {output}/b.txt", output: "tables/" } }) });
    await p.built();
    const before = tree(p.path("cache"));
    const [done] = await gc(p);
    expect(done).toMatchObject({ event: "done", ok: true, bytes: 0, locks: [{ name: "dag.lock", cells: 5 }] });
    expect(tree(p.path("cache"))).toEqual(before);
    p.ran();
    p.remove("artifacts");
    await p.built();
    expect(p.ran()).toEqual([]);
    expect(p.read("artifacts/tables/b.txt")).toBe("2\n");
  });

  test("--dry-run names exactly what gc then frees, and writes nothing", async ({ p }) => {
    p.write({ "in.txt": "x\n", "people.jsonl": people(3), "pipeline.yaml": pipeline(itemStages(p, "module")) });
    await p.built();
    p.write({ "people.jsonl": people(5), "stages/letters.ts": "export default ({ item }) => ({ id: item.id, letter: -item.n });\n" });
    await p.built();
    const before = p.everything();
    const planned = removed(await gc(p, "--dry-run"), "would_free");
    expect(p.everything()).toEqual(before);
    expect(removed(await gc(p))).toEqual(planned);
    expect(new Set(planned.map((line) => line.split(" ")[0]))).toEqual(new Set(["object", "result", "items", "code"]));
    expect(removed(await gc(p))).toEqual([]);
  });

  test("keeps what every pipeline of the project and every sample needs", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    p.write({ "other.txt": "other\n", "people.jsonl": people(4), "pipelines/side.yaml": pipeline({ a: textStage(p, "cmd", "a", { extra: { files: { in: "other.txt" } } }) }), "pipelines/list.yaml": pipeline(itemStages(p, "module")) });
    await p.built();
    await p.built("-f", "pipelines/side.yaml");
    await p.built("-f", "pipelines/list.yaml", "--sample", "2");
    const before = cached(p);
    const done = (await gc(p)).at(-1);
    expect(done).toMatchObject({ bytes: 0, locks: [{ name: "dag.lock" }, { name: "pipelines/side.lock" }, { name: "cache/state/sample=2/pipelines/list.lock" }] });
    expect(cached(p)).toEqual(before);
  });

  test("keeps what a killed build finished and the lock does not know yet", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    await p.built();
    p.remove("dag.lock", "artifacts");
    await gc(p);
    p.ran();
    await p.built();
    expect(p.ran()).toEqual([]);
  });

  test("keeps items of runs that never finished under other settings, until told otherwise", async ({ p }) => {
    const stages = itemStages(p, "module");
    p.write({ "people.jsonl": people(3), "pipeline.yaml": pipeline({ ...stages, letters: { ...stages["letters"], params: ["tone"] } }, { params: { tone: "kind" } }) });
    failFor(p, "p001");
    expect((await p.run("-p", "tone=harsh")).code).toBe(1);
    failFor(p);
    await p.built();
    const [done] = await gc(p);
    expect(done).toMatchObject({ unfinished: { count: 1 }, freed: { items: { count: 0 } } });
    expect((await p.dag("cache", "gc")).stdout).toMatch(/items of runs that never finished, under other settings: --unfinished frees them too/);
    // The settings in question count as current where they are given.
    expect(removed(await gc(p, "--unfinished", "-p", "tone=harsh"))).toEqual([]);
    const freed = removed(await gc(p, "--unfinished"));
    expect(freed).toHaveLength(1);
    expect(freed[0]).toMatch(/^items cache\/items\//);
    p.ran();
    await p.built("-p", "tone=harsh");
    expect(p.ran()).toEqual(["p000", "p001", "p002"]);
  });

  test("--revisions keeps what the locks of the last git revisions need, and no more", async ({ p }) => {
    const git = (...args: string[]): string => execFileSync("git", ["-C", p.root, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", ...args], { encoding: "utf8" });
    chain(p, "cmd", ["a"]);
    git("init", "-q");
    for (const text of ["first\n", "second\n", "third\n"]) {
      p.write({ "in.txt": text });
      await p.built();
      git("add", "dag.lock", "in.txt");
      git("commit", "-q", "-m", text.trim());
      // A revision that did not touch the lock does not count.
      git("commit", "-q", "--allow-empty", "-m", "nothing");
    }
    const done = (await gc(p, "--revisions", "2")).at(-1);
    expect(done?.["locks"]).toHaveLength(3);
    p.ran();
    for (const [text, ran] of [["second\n", []], ["first\n", ["a"]]] as const) {
      p.write({ "in.txt": text });
      await p.built();
      expect(p.ran(), text).toEqual(ran);
    }
  });

  test("--revisions outside of a git repository is an error in words, and nothing is freed", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    await p.built();
    const before = cached(p);
    const result = await p.with({ env: { GIT_CEILING_DIRECTORIES: p.base } }, "cache", "gc", "--revisions", "3");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/cannot read the revisions of .*\n {5}leave out --revisions, or run in a git repository\n$/);
    expect(cached(p)).toEqual(before);
    expect((await p.dag("cache", "gc", "--revisions", "many")).code).toBe(2);
  });

  test("frees nothing while a lock is damaged or a pipeline has a mistake", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    await p.built();
    p.write({ "in.txt": "again\n" });
    await p.built();
    const before = cached(p);
    const lock = p.read("dag.lock");
    for (const harm of ["", "garbage", lock.replace('"version": 1', '"version": 2'), lock.replace(/"artifact": "sha256:..../, '"artifact": "sha256:zzzz'), `<<<<<<< HEAD\n${lock}`]) {
      p.write({ "dag.lock": harm });
      const result = await p.dag("cache", "gc");
      expect(result.code, harm).toBe(1);
      expect(result.stderr).toContain("dag.lock");
      expect(result.stderr).toContain("nothing was freed");
    }
    p.write({ "dag.lock": lock, "pipelines/x.yaml": "stages: [" });
    const mistaken = await p.dag("cache", "gc");
    expect(mistaken.code).toBe(2);
    expect(mistaken.stderr).toMatch(/pipelines\/x\.yaml:1:[\s\S]*\ndag: nothing was freed: what a pipeline with mistakes needs cannot be told\n$/);
    expect(cached(p)).toEqual(before);
  });

  test("waits for a build that is under way, and then keeps what it made", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: gate.command("a"), output: "a.txt" } }) });
    const build = p.start("run", "--json");
    const visitor = await gate.arrived("a");
    const collector = p.start("cache", "gc");
    await collector.saw("waiting for dag run");
    await visitor.order({ output: "made\n" });
    await visitor.order({ exit: 0 });
    expect((await build.result).code).toBe(0);
    expect((await collector.result).code).toBe(0);
    p.ran();
    p.remove("artifacts");
    expect((await p.built()).outcomes).toEqual({ restored: ["a"] });
  });

  test("never removes an answer, nor a file it does not know, and frees what dead processes left", async ({ p }) => {
    p.write({ "pipeline.yaml": asking(p) });
    await p.built();
    const answers = (await p.dag("cache", "export")).stdout;
    expect(answers.trim().split("\n")).toHaveLength(3);
    const strangers = ["cache/notes.txt", "cache/objects/notes.txt", "cache/objects/ab/notes.txt", "cache/results/notes.txt", "cache/items/notes.txt", "cache/code/notes.txt"];
    const rests = ["cache/tmp/.dag-1-0123456789ab.tmp/out.jsonl", "cache/objects/.dag-1-0123456789ab.tmp", "cache/results/ab/.dag-1-0123456789ab.tmp", "artifacts/.dag-1-0123456789ab.tmp"];
    p.write(Object.fromEntries([...strangers, ...rests].map((path) => [path, "?"])));
    p.write({ "people.jsonl": [], "pipeline.yaml": pipeline({ other: { cmd: "echo x > {output}", output: "x.txt" } }) });
    await p.built();
    await gc(p, "--unfinished");
    for (const path of strangers) expect(p.exists(path), path).toBe(true);
    for (const path of rests) expect(p.exists(path), path).toBe(false);
    expect((await p.dag("cache", "export")).stdout).toBe(answers);
  });
});

describe.concurrent("dag cache verify", () => {
  test("names a damaged object, result, journal and answer with the cell, and the next run is right", async ({ p }) => {
    const stages = asking(p);
    p.write({ "pipeline.yaml": stages });
    await p.built();
    const sound = await p.dag("cache", "verify", "--json");
    expect(sound.code, sound.text).toBe(0);
    expect(sound.done).toMatchObject({ ok: true, damaged: 0 });
    const artifacts = p.artifacts();
    const { artifact, recipe } = p.lock().cells["greet"] ?? { artifact: "", recipe: "" };
    const journal = Object.keys(tree(p.path("cache/items")))[0] ?? "";
    const paths = [`cache/objects/${artifact.slice(7, 9)}/${artifact.slice(9)}`, `cache/results/${recipe.slice(7, 9)}/${recipe.slice(9)}.json`, `cache/items/${journal}`];
    for (const path of paths) {
      const bytes = readFileSync(p.path(path));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      p.remove(path);
      p.write({ [path]: bytes });
    }
    const result = await p.dag("cache", "verify", "--json");
    expect(result.code).toBe(3);
    const damaged = result.events.filter(({ event }) => event === "damaged");
    expect(damaged.map(({ kind, name, cell }) => ({ kind, name, cell }))).toEqual([
      { kind: "object", name: artifact, cell: "greet" },
      { kind: "result", name: recipe, cell: "greet" },
      { kind: "items", name: paths[2], cell: undefined },
    ]);
    p.remove("artifacts");
    await p.built();
    expect(p.artifacts()).toEqual(artifacts);
    // The whole lines of a journal stay in use; gc, which runs alone, drops the others.
    expect((await p.dag("cache", "verify")).stdout).toMatch(/^damaged {2}items cache\/items\/.* has a damaged line; the others are used; dag cache gc drops it\n$/);
    await gc(p);
    expect((await p.dag("cache", "verify")).code).toBe(0);
  });

  test("finds an answer somebody changed", async ({ p }) => {
    p.write({ "pipeline.yaml": asking(p) });
    p.env["DAG_CACHE"] = `file:${p.path("answers")}`;
    await p.built();
    const [name = ""] = Object.keys(tree(p.path("answers"))).filter((path) => /[0-9a-f]{40}/.test(path));
    writeFileSync(p.path(`answers/${name}`), readFileSync(p.path(`answers/${name}`), "utf8").replace('"outcome":"ok"', '"outcome":"no"'));
    const result = await p.dag("cache", "verify");
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/^damaged {2}answer sha256:[0-9a-f]{64}: its checksum does not match\n$/);
    expect((await p.dag("cache", "stats")).stdout).toContain("and 1 damaged: dag cache verify");
  });
});

describe.concurrent("dag cache ls and stats", () => {
  test("say what is kept, of which cell and who asked, and make nothing where nothing is", async ({ p }) => {
    p.write({ "pipeline.yaml": asking(p) });
    for (const verb of ["ls", "stats", "verify"]) expect((await p.dag("cache", verb)).code).toBe(0);
    expect(p.exists("cache")).toBe(false);
    await p.built();
    const listed = await p.dag("cache", "ls");
    const lines = listed.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^artifact {2}[0-9a-f]{12} +\d+ B {2}greet\.jsonl +of greet$/);
    expect(lines[2]).toMatch(/^answer {4}[0-9a-f]{12} +[\d.]+ k?B {2}greet p00\d +chat writer-1, ok, \d+\+\d+ tokens$/);
    const events = (await p.dag("cache", "ls", "answers", "--json")).events;
    expect(events.map(({ event, asker }) => [event, (asker as { stage: string }).stage])).toEqual([["answer", "greet"], ["answer", "greet"], ["answer", "greet"]]);
    const stats = (await p.dag("cache", "stats", "--json")).events[0] as DagEvent & { answers: { answers: number; byModel: Record<string, { outcomes: unknown }> }; results: { count: number }; items: { count: number } };
    expect(stats.answers.answers).toBe(3);
    expect(Object.values(stats.answers.byModel)[0]?.outcomes).toEqual({ ok: 3 });
    expect([stats.results.count, stats.items.count]).toEqual([2, 1]);
    expect((await p.dag("cache", "ls", "everything")).code).toBe(2);
    expect((await p.dag("cache", "tidy")).code).toBe(2);
  });
});

describe.concurrent("dag cache export and import", () => {
  test("carry answers to another project, which then buys nothing", async ({ p, q }) => {
    p.write({ "pipeline.yaml": asking(p) });
    q.write({ "pipeline.yaml": asking(q) });
    await p.built();
    expect((await p.dag("cache", "export", "answers.jsonl")).code).toBe(0);
    expect(p.read("answers.jsonl")).toBe((await p.dag("cache", "export")).stdout);
    const taken = await q.dag("cache", "import", p.path("answers.jsonl"));
    expect(taken.code, taken.stderr).toBe(0);
    expect(taken.stdout).toContain("3 answers taken, 0 kept already");
    expect((await q.with({ stdin: p.read("answers.jsonl") }, "cache", "import", "-", "--json")).events).toEqual([{ event: "imported", file: "-", imported: 0, present: 3, conflicts: 0, refused: 0 }]);
    expect((await q.built("--frozen")).done.calls).toEqual({ made: 0, stored: 3 });
    expect(q.artifacts()).toEqual(p.artifacts());
  });

  test("a line that was changed is refused by file and number, the others are taken", async ({ p, q }) => {
    p.write({ "pipeline.yaml": asking(p) });
    q.write({ "pipeline.yaml": asking(q) });
    await p.built();
    await p.dag("cache", "export", "answers.jsonl");
    const lines = p.read("answers.jsonl").split("\n");
    p.write({ "answers.jsonl": [lines[0], (lines[1] ?? "").replace("Greet", "Insult"), "nonsense", lines[2], ""].join("\n") });
    const result = await q.dag("cache", "import", p.path("answers.jsonl"));
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/answers\.jsonl:2: its request is not the one of its key\n.*answers\.jsonl:3: /);
    expect(result.stdout).toContain("2 answers taken, 0 kept already, 2 refused");
    expect((await q.dag("cache", "import", "nowhere.jsonl")).code).toBe(2);
  });

  test("an export of no answers is an empty file", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    expect((await p.dag("cache", "export", "none.jsonl")).code).toBe(0);
    expect(p.bytes("none.jsonl")).toHaveLength(0);
    expect(readdirSync(p.root).includes("cache")).toBe(false);
    expect(statSync(join(p.root, "none.jsonl")).isFile()).toBe(true);
  });
});

describe.concurrent("dag cache migrate and batches", () => {
  test("say so where there is nothing to do, and make nothing", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo > {output}", output: "a.txt" } }) });
    const before = p.everything();
    expect((await p.dag("cache", "migrate")).stdout).toBe("0 answers migrated\n");
    expect((await p.dag("cache", "batches")).stdout).toBe("no batch is out\n");
    expect((await p.dag("cache", "batches", "--cancel")).stdout).toBe("0 batches cancelled\n");
    expect(p.everything()).toEqual(before);
  });
});
