/** Damage: reported, rebuilt, never trusted, never a crash. */
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { chain, itemStages, kinds, people, pipeline, sha256, test, textStage, tree } from "./rig/index.ts";
import type { Project, Result } from "./rig/index.ts";
import { held, say, startServer } from "./rig/server.ts";

/** A project with a module, a command, items and a prompt, built. */
async function built(p: Project): Promise<Project> {
  const stages = itemStages(p, "module");
  p.write({ "in.txt": "x\n", "people.jsonl": people(4), "ask.md": "Ask.\n", "pipeline.yaml": pipeline({ ...stages, text: textStage(p, "cmd", "text", { extra: { prompts: { ask: "ask.md" } } }) }) });
  await p.built();
  p.ran();
  return p;
}

function calm(result: Result): void {
  expect(result.text).not.toMatch(/\n\s+at .*:\d+:\d+|Unhandled|TypeError|SyntaxError:/);
  expect(result.signal).toBe(null);
}

const harms: Record<string, (path: string) => void> = {
  emptied: (path) => { writeFileSync(path, ""); },
  "cut in half": (path) => { const fd = openSync(path, "r+"); ftruncateSync(fd, Math.floor(statSync(path).size / 2)); closeSync(fd); },
  "overwritten with garbage": (path) => { writeFileSync(path, Buffer.from("\u0000\ufffd{garbage]\n".repeat(20))); },
  "one byte flipped in the middle": (path) => { flip(path, Math.floor(statSync(path).size / 2)); },
  "one byte flipped near the end": (path) => { flip(path, Math.max(0, statSync(path).size - 3)); },
  "a directory": (path) => { rmSync(path); mkdirSync(path); },
  "a link to nothing": (path) => { rmSync(path); symlinkSync("nowhere", path); },
  "a link to a file elsewhere": (path) => { rmSync(path); symlinkSync("/etc/hostname", path); },
};

function flip(path: string, at: number): void {
  const bytes = Buffer.alloc(1);
  const fd = openSync(path, "r+");
  // The time and size of the file say nothing about it.
  const { atime, mtime, size } = statSync(path);
  if (size > 0) {
    bytes[0] = (0x5a ^ at) & 0xff;
    writeSync(fd, bytes, 0, 1, at);
  }
  closeSync(fd);
  utimesSync(path, atime, mtime);
}

const deepFreezable = (p: Project): string[] => Object.keys(tree(p.path("cache"))).filter((path) => !/(^|\/)calls\//.test(path));

describe.concurrent("a damaged lock file", () => {
  test.for([
    ["empty", () => ""],
    ["cut in half", (text: string) => text.slice(0, text.length / 2)],
    ["garbage", () => "\u0000\u0001garbage"],
    ["of another type", () => "[]\n"],
    ["null", () => "null\n"],
    ["of a later version", (text: string) => text.replace('"version": 1', '"version": 99')],
    ["of an older version", (text: string) => text.replace('"version": 1', '"version": 0')],
    ["with an entry that is none", (text: string) => text.replace(/"total": \{[^}]*\{[^}]*\}[^}]*\}/, '"total": 5')],
    ["with a hash that is none", (text: string) => text.replace(/"artifact": "sha256:..../, '"artifact": "sha256:zzzz')],
    ["with a path that leads out", (text: string) => text.replace('"path": "total.txt"', '"path": "../../escape.txt"')],
    ["with a merge conflict", (text: string) => `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> other\n`],
    ["with a name of Object.prototype", (text: string) => text.replace('"total"', '"__proto__"')],
  ] as const)("%s is reported once, nothing needless runs, and it comes back byte for byte", async ([name, harm], { p }) => {
    await built(p);
    const lock = p.read("dag.lock");
    p.write({ "dag.lock": harm(lock) });
    const status = await p.dag("status");
    calm(status);
    const result = await p.run();
    calm(result);
    expect(result.code, result.stderr).toBe(0);
    expect(p.ran()).toEqual([]);
    expect(p.read("dag.lock")).toBe(lock);
    expect(p.exists("../escape.txt")).toBe(false);
    if (!name.includes("name of") && !name.includes("path that")) expect((result.stderr.match(/dag\.lock/g) ?? []).length, result.stderr).toBeGreaterThanOrEqual(1);
    const after = await p.run();
    expect(after.stderr).not.toContain("dag.lock");
  });

  test("that is a directory is an error in words", async ({ p }) => {
    await built(p);
    p.remove("dag.lock");
    mkdirSync(p.path("dag.lock"));
    const result = await p.run();
    calm(result);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("dag.lock");
  });

  test("with a hash somebody changed is not believed against the bytes", async ({ p }) => {
    await built(p);
    const lock = p.read("dag.lock");
    p.write({ "dag.lock": lock.replace(p.lock().cells["total"]?.artifact ?? "?", sha256("something else")) });
    expect((await p.dag("status")).code).toBe(3);
    calm(await p.run());
    expect(p.read("artifacts/total.txt")).toBe("4\n");
    expect(p.read("dag.lock")).toBe(lock);
  });
});

describe.concurrent("any file of the cache", () => {
  test.for(Object.keys(harms))("%s: the build stays right and is repaired", async (name, { p }) => {
    await built(p);
    const artifacts = p.artifacts();
    const lock = p.read("dag.lock");
    for (const path of deepFreezable(p)) {
      if (!p.exists(`cache/${path}`)) continue;
      if (statSync(p.path(`cache/${path}`), { throwIfNoEntry: false })?.isFile() !== true) continue;
      harms[name]?.(p.path(`cache/${path}`));
    }
    // All at once with the artifacts in place: nothing was lost, so nothing may come out different.
    const first = await p.run();
    calm(first);
    expect(first.code, first.text).toBe(0);
    expect(p.artifacts()).toEqual(artifacts);
    expect(p.read("dag.lock")).toBe(lock);
    // And with the artifacts gone, what is restored must be whole.
    for (const path of deepFreezable(p)) if (statSync(p.path(`cache/${path}`), { throwIfNoEntry: false })?.isFile() === true) harms[name]?.(p.path(`cache/${path}`));
    p.remove("artifacts");
    const second = await p.run();
    calm(second);
    if (name === "a directory" && second.code === 1) {
      // What somebody put there is not ours to delete: an error that names the place, and a fresh cache mends it.
      expect(second.text).toMatch(/project\/cache\/\S+: it is a directory/);
      p.remove("cache");
      await p.built();
    } else expect(second.code, second.text).toBe(0);
    expect(p.artifacts()).toEqual(artifacts);
    expect(p.read("dag.lock")).toBe(lock);
  });

  test("with one byte flipped, one after the other, and the artifacts gone: never restored as whole", async ({ p }) => {
    await built(p);
    const artifacts = p.artifacts();
    const lock = p.read("dag.lock");
    for (const path of deepFreezable(p)) {
      const absolute = p.path(`cache/${path}`);
      if (statSync(absolute, { throwIfNoEntry: false })?.isFile() !== true) continue;
      flip(absolute, Math.floor(statSync(absolute).size / 3));
      p.remove("artifacts");
      const result = await p.run();
      calm(result);
      expect(result.code, `${path}\n${result.stderr}`).toBe(0);
      expect(p.artifacts(), path).toEqual(artifacts);
      expect(p.read("dag.lock"), path).toBe(lock);
    }
  });

  test("what is remembered of code, cells and the last plan is not believed with a byte flipped, wherever it is", { timeout: 180_000 }, async ({ p }) => {
    await built(p);
    await p.dag("run");
    const lock = p.read("dag.lock");
    for (const name of ["code.json", "cells.json", "fresh.json"]) {
      const path = p.path(`cache/state/${name}`);
      const sound = p.bytes(`cache/state/${name}`);
      for (let i = 0; i < 8; i++) {
        const bytes = Buffer.from(sound);
        const at = Math.floor(((i + 0.5) / 8) * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ 1; // a digit stays one, a letter too
        writeFileSync(path, bytes);
        for (const words of [["status"], ["run"]]) {
          const result = await p.dag(...words);
          calm(result);
          expect([result.code, result.text.includes("fresh")], `${name}, byte ${String(at)}: ${result.text}`).toEqual([0, true]);
        }
        expect(p.read("dag.lock")).toBe(lock);
      }
    }
  });

  test("unknown files in it do no harm", async ({ p }) => {
    await built(p);
    for (const directory of ["", ...readdirSync(p.path("cache"))]) {
      const at = join(p.path("cache"), directory);
      if (statSync(at).isDirectory()) for (const name of [".DS_Store", "notes.txt", "zz"]) writeFileSync(join(at, name), "?");
    }
    p.remove("artifacts");
    const result = await p.run();
    calm(result);
    expect(result.code).toBe(0);
    expect(p.ran()).toEqual([]);
  });

  test("a cache that is a file is an error in words, and nothing is lost", async ({ p }) => {
    await built(p);
    p.remove("cache");
    p.write({ cache: "I am a file\n" });
    const result = await p.run("--force");
    calm(result);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("cache");
    expect(p.read("cache")).toBe("I am a file\n");
  });
});

describe.concurrent("damaged items", () => {
  test("a journal of items cut at any byte repeats at most what was cut off, and comes out right", async ({ p }) => {
    const stages = itemStages(p, "module");
    p.write({ "people.jsonl": people(6), "pipeline.yaml": pipeline(stages), "../bad": "p005\n" });
    expect((await p.run()).code).toBe(1);
    p.ran();
    const journals = Object.keys(tree(p.path("cache"))).filter((path) => /item/.test(path));
    expect(journals.length).toBeGreaterThan(0);
    for (const path of journals) { const fd = openSync(p.path(`cache/${path}`), "r+"); ftruncateSync(fd, Math.max(0, statSync(p.path(`cache/${path}`)).size - 7)); closeSync(fd); }
    p.write({ "../bad": "" });
    const result = await p.run();
    calm(result);
    expect(result.code).toBe(0);
    const again = p.ran().filter((name) => name.startsWith("p0"));
    expect(again).toContain("p005");
    expect(again.length).toBeLessThanOrEqual(2);
    expect(p.read("artifacts/letters.jsonl").trim().split("\n")).toHaveLength(6);
  });
});

/** Where nothing can be written: run says so, the others do their work. */
async function readers(p: Project, why: string): Promise<void> {
  const before = p.everything();
  const run = await p.run();
  calm(run);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(`cannot lock ${p.path("cache/state/build.lease")}: ${why}`);
  for (const [words, code] of [[["status"], 3], [["why", "text"], 0], [["plan"], 0], [["run", "--dry-run"], 0], [["graph"], 0], [["hash"], 0], [["cache", "ls"], 0], [["cache", "stats"], 0], [["cache", "gc", "--dry-run"], 0]] as const) {
    const result = await p.dag(...words);
    calm(result);
    expect(result.code, `${words.join(" ")}: ${result.text}`).toBe(code);
  }
  expect(p.everything()).toEqual(before);
}

describe.concurrent("files that are not what they should be", () => {
  test.for(kinds)("a symlinked input of a %s stage counts by content; a dangling one is missing", async (kind, { p }) => {
    chain(p, kind, ["a"]);
    p.remove("in.txt");
    p.write({ "data/one.txt": "1\n", "data/two.txt": "1\n" });
    symlinkSync("data/one.txt", p.path("in.txt"));
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("1\na\n");
    p.ran();
    p.remove("in.txt");
    symlinkSync("data/two.txt", p.path("in.txt"));
    await p.built();
    expect(p.ran()).toEqual([]); // same bytes
    p.write({ "data/two.txt": "2\n" });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("2\na\n");
    p.remove("data/two.txt");
    const dangling = await p.run();
    calm(dangling);
    expect([1, 2]).toContain(dangling.code);
    expect(dangling.text).toContain("in.txt");
  });

  test("an input that becomes a circle of links after a run with nothing to do is missing, not a crash", async ({ p }) => {
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline({ a: textStage(p, "cmd", "a") }) });
    await p.built();
    await sleep(100); // older than the clock's tick
    await p.dag("run");
    expect(p.exists("cache/state/fresh.json")).toBe(true);
    p.remove("in.txt");
    symlinkSync("in.txt", p.path("in.txt"));
    const result = await p.dag("run");
    calm(result);
    expect(result.code).toBe(2);
    expect(result.text).toContain("in.txt: a link that leads in a circle");
  });

  test("links in an input directory count by content, circles end, and a dangling one is named", async ({ p }) => {
    const stage = textStage(p, "cmd", "a", { extra: { files: { in: "in.txt", seeds: "seeds/" } } });
    p.write({ "in.txt": "x\n", "seeds/one.txt": "1", "outside/two.txt": "2", "pipeline.yaml": pipeline({ a: stage }) });
    symlinkSync("../outside/two.txt", p.path("seeds/two.txt"));
    await p.built();
    p.ran();
    p.write({ "outside/two.txt": "zwei" });
    await p.built();
    expect(p.ran()).toEqual(["a"]);
    symlinkSync("..", p.path("seeds/circle"));
    const circle = await p.run();
    calm(circle);
    expect(circle.ms).toBeLessThan(20_000);
    p.remove("seeds/circle");
    symlinkSync("nowhere", p.path("seeds/dangling"));
    const dangling = await p.run();
    calm(dangling);
    if (dangling.code !== 0) expect(dangling.text).toContain("dangling");
  });

  test("a link at an output's place is replaced, not written through", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    p.write({ "precious.txt": "precious\n" });
    mkdirSync(p.path("artifacts"));
    symlinkSync("../precious.txt", p.path("artifacts/a.txt"));
    await p.built();
    expect(p.read("precious.txt")).toBe("precious\n");
    expect(p.read("artifacts/a.txt")).toBe("one\ntwo\na\n");
    p.remove("artifacts/a.txt");
    symlinkSync("../precious.txt", p.path("artifacts/a.txt"));
    expect((await p.dag("status")).code).toBe(3);
    await p.built();
    expect(p.read("precious.txt")).toBe("precious\n");
    expect(p.read("artifacts/a.txt")).toBe("one\ntwo\na\n");
  });

  test("an output directory that holds a link to the outside is refused or kept as bytes, and nothing outside is touched", async ({ p }) => {
    p.write({ "precious.txt": "precious\n", "pipeline.yaml": pipeline({ a: { cmd: `mkdir -p {output}; ln -s ${p.path("precious.txt")} {output}/link; echo x > {output}/x.txt`, output: "a/" } }) });
    const result = await p.run();
    calm(result);
    expect([0, 1]).toContain(result.code);
    if (result.code === 1) expect(result.text).toContain("link");
    p.remove("artifacts");
    calm(await p.run());
    expect(p.read("precious.txt")).toBe("precious\n");
  });

  test.for(kinds)("a directory where a file should be is an error in words, input and output of a %s stage", async (kind, { p }) => {
    chain(p, kind, ["a"]);
    p.remove("in.txt");
    mkdirSync(p.path("in.txt"));
    const input = await p.run();
    calm(input);
    // A directory is a lawful input; reading it as text is what fails, in the module or in the program's own words.
    expect(input.text).toContain("in.txt");
    if (kind === "module") expect(input.code).toBe(1);
    p.remove("in.txt");
    p.write({ "in.txt": "x\n" });
    p.remove("artifacts");
    mkdirSync(p.path("artifacts/a.txt/deep"), { recursive: true });
    const output = await p.run();
    calm(output);
    if (output.code === 0) expect(p.read("artifacts/a.txt")).toBe("x\na\n");
    else expect(output.text).toContain("a.txt");
  });

  test("a file where a directory should be is an error in words, or put right", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "mkdir -p {output}; echo x > {output}/x.txt", output: "deep/a/" } }), "artifacts/deep": "a file" });
    const result = await p.run();
    calm(result);
    if (result.code === 0) expect(p.read("artifacts/deep/a/x.txt")).toBe("x\n");
    else expect(result.text).toContain("deep");
    p.remove("artifacts");
    await p.built();
    p.remove("artifacts/deep/a");
    p.write({ "artifacts/deep/a": "a file" });
    await p.built();
    expect(p.read("artifacts/deep/a/x.txt")).toBe("x\n");
  });

  test("a full disk is an error in words, and the next run with room ends right", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default () => "x".repeat(3_000_000);\n',
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.txt" } }),
    });
    // A limit on file size fails a write in the middle as a full disk does.
    const result = await p.with({ command: ["sh", "-c", 'trap "" XFSZ; ulimit -f 2000; exec "$@"', "sh", process.execPath, p.binary, "run", "--json"] });
    calm(result);
    expect(result.code).toBe(1);
    expect(p.exists("artifacts/a.txt")).toBe(false);
    await p.built();
    expect(statSync(p.path("artifacts/a.txt")).size).toBe(3_000_000);
  });

  test("a full disk, whatever is being written: one message with what to do, exit 1, nothing lost, and the next run with room ends right", { timeout: 240_000 }, async ({ p, q, skip }) => {
    if (!p.mount(24)) skip("mounting a small disk needs root");
    const server = await startServer(() => say("an answer ".repeat(100)));
    const write = (to: Project): void => {
      to.env["THE_KEY"] = "key";
      to.write({
        "stages/a.ts": 'export default () => Array.from({ length: 20 }, (_, i) => ({ id: `p${i}`, text: "x".repeat(2000) }));\n',
        "stages/b.ts": "export default async ({ item, models }) => ({ id: item.id, value: (await models.writer.chat({ prompt: item.id })).value });\n",
        "stages/d.ts": "export default async ({ needs }) => { const made = {}; for await (const record of needs.b.records()) made[`${record.id}.json`] = record; return made; };\n",
        "pipeline.yaml": pipeline(
          {
            a: { run: "stages/a.ts" },
            b: { run: "stages/b.ts", needs: ["a"], each: "a", models: ["writer"] },
            c: { cmd: "cat {needs.a} {needs.b} > {output}", needs: ["a", "b"], output: "c.txt" },
            d: { run: "stages/d.ts", needs: ["b"], output: "d/" },
            e: { cmd: "cat {item} > {output}", each: "a" },
          },
          { models: { writer: { provider: "openai", model: "m-1", base_url: server.url, api_key_env: "THE_KEY" } } },
        ),
      });
    };
    try {
      write(q);
      await q.built();
      const places = new Set<string>();
      // Answers want 4 MB free; without them everything is written into the last kilobytes.
      for (const free of [0, 8, 20, 48, 72, 110, 150, 220, 350, 500]) {
        for (const name of readdirSync(p.root)) p.remove(name);
        write(p);
        if (free !== 500) await p.built("b"); // with its answers
        p.remove("artifacts", "cache/objects", "cache/results", "cache/items", "dag.lock", "cache/state");
        server.requests.length = 0;
        p.leave(free);
        const result = await p.run("-j", "1");
        calm(result);
        expect(result.code, `${String(free)} KB: ${result.text}`).toBe(1);
        // A command says it in its own words.
        expect(result.text).toMatch(/the disk is full[^"\n]*`dag cache gc` frees what no lock needs|the disk is full\n {5}free some space|sh exited with 1\\n {4}cat: .*No space left on device/);
        places.add(/cannot \w+ \S*?\/?(artifacts|objects|results|items|state|code|calls|tmp|dag\.lock|the output)\b|the (call store)/.exec(result.text.replaceAll(p.root, ""))?.slice(1).find((place) => place !== undefined) ?? result.text);
        p.remove("ballast");
        await p.built();
        expect(p.read("dag.lock")).toBe(q.read("dag.lock"));
        expect(p.artifacts()).toEqual(q.artifacts());
        const asked = server.requests.map(({ body }) => JSON.stringify((body as { messages: unknown }).messages));
        expect(new Set(asked).size).toBe(asked.length);
      }
      expect(places.size, [...places].join()).toBeGreaterThan(4);
    } finally {
      await server.close();
    }
  });

  test("a disk that fills while answers are under way loses none of them", async ({ p, skip }) => {
    if (!p.mount(24)) skip("mounting a small disk needs root");
    const server = await startServer();
    const replies = Array.from({ length: 6 }, () => held(say("answer")));
    server.script(...replies.map(({ script }) => script));
    p.env["THE_KEY"] = "key";
    p.write({
      "people.jsonl": people(6),
      "stages/b.ts": "export default async ({ item, models }) => ({ id: item.id, value: (await models.writer.chat({ prompt: item.id })).value });\n",
      "pipeline.yaml": pipeline(
        { people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, b: { run: "stages/b.ts", each: "people", models: ["writer"] } },
        { models: { writer: { provider: "openai", model: "m-1", base_url: server.url, api_key_env: "THE_KEY" } } },
      ),
    });
    try {
      const running = p.start("run");
      await Promise.all(replies.map(({ asked }) => asked));
      p.leave(0);
      for (const { release } of replies) release();
      await sleep(1000);
      p.remove("ballast"); // soon enough
      const result = await running.result;
      calm(result);
      await p.built();
      expect(server.requests).toHaveLength(6);
    } finally {
      await server.close();
    }
  });

  test("a read-only disk is an error in words, and readers work on it", async ({ p, skip }) => {
    if (!p.mount(24)) skip("mounting a disk needs root");
    await built(p);
    p.write({ "in.txt": "y\n" });
    p.remount("ro");
    await readers(p, "the file system is read-only");
    p.remount("rw");
    await p.built();
    expect(p.read("artifacts/text.txt")).toBe("y\ntext\n");
  });

  test("a project that belongs to somebody else is an error in words, and readers work in it, as does a run with nothing to do", async ({ p, skip }) => {
    await built(p);
    const places = ["", "cache", "cache/state", "cache/code", "artifacts"].map((name) => p.path(name));
    for (const place of places) chmodSync(place, 0o555);
    // Root may write anywhere: for once it is nobody.
    chmodSync(p.base, 0o755);
    p.as = process.getuid?.() === 0 ? 65534 : undefined;
    if ((await p.dag("--version")).code !== 0) skip("nobody may run this checkout");
    const idle = await p.dag("run");
    expect([idle.code, idle.stderr]).toEqual([0, expect.stringMatching(/^nothing to do: /)]);
    p.write({ "in.txt": "y\n" });
    await readers(p, "permission denied");
    for (const place of places) chmodSync(place, 0o755);
    p.as = undefined;
    await p.built();
  });

  test("a pattern that backtracks for ever ends at the timeout", async ({ p }) => {
    p.write({
      "stages/a.ts": `export default () => ({ x: "a".repeat(60) + "!" });\n`,
      "s.json": { properties: { x: { pattern: "^(a+)+$" } } },
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json", schema: "s.json", timeout: "2s" } }),
    });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.ms).toBeLessThan(30_000);
  });
});

describe.concurrent("damaged state", () => {
  test("of any kind is reported once by its name, and what it held is worked out again", async ({ p }) => {
    chain(p, "module", ["a", "b"]);
    await p.built();
    // Twice with nothing to do, after the clock has ticked: then there is every kind of state file.
    while (!p.exists("cache/state/fresh.json")) expect((await p.dag("run")).code).toBe(0);
    const files = Object.keys(tree(p.path("cache/state"))).filter((path) => /\.(?:json|memory)$/.test(path));
    expect(files).toEqual(["cells.json", "code.json", "fresh.json", "pipeline.yaml.memory", "stat.json"]);
    p.ran();
    for (const [damage, bytes] of Object.entries({ empty: "", garbage: "\u0000{[", half: undefined })) {
      for (const file of files) {
        const path = `cache/state/${file}`;
        const whole = p.read(path);
        p.write({ [path]: bytes ?? whole.slice(0, whole.length >> 1) });
        // A note that nothing has changed would answer without looking at the others.
        if (file !== "fresh.json") p.remove("cache/state/fresh.json");
        const result = await p.dag("run");
        expect(result.code, `${damage} ${file}`).toBe(0);
        const { stderr } = file === "cells.json" ? await p.dag("why", "a") : result;
        // What was lost with it is written by the next build that runs something.
        if (file === "cells.json") p.write({ [path]: whole });
        expect(stderr.split("\n").filter((line) => line.startsWith(`warning: ${path} is damaged`)), `${damage} ${file}: ${stderr}`).toHaveLength(1);
        while (!p.exists("cache/state/fresh.json")) await p.dag("run");
      }
    }
    expect(p.ran()).toEqual([]);
  });
});

describe.concurrent("dag cache", () => {
  test("gc keeps what the lock needs, says what it frees, and never runs by itself", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    await p.built();
    p.write({ "in.txt": "second\n" });
    await p.built();
    const before = p.everything();
    const stats = await p.dag("cache", "stats");
    expect(stats.code, stats.stderr).toBe(0);
    const dry = await p.dag("cache", "gc", "--dry-run");
    if (dry.code !== 2) expect(p.everything()).toEqual(before);
    const size = Object.keys(tree(p.path("cache"))).length;
    const gc = await p.dag("cache", "gc");
    expect(gc.code, gc.stderr).toBe(0);
    expect(gc.text).toMatch(/freed|removed/i);
    expect(Object.keys(tree(p.path("cache"))).length).toBeLessThan(size);
    p.ran();
    p.remove("artifacts");
    await p.built();
    expect(p.ran()).toEqual([]);
    expect(p.read("artifacts/b.txt")).toBe("second\na\nb\n");
    p.write({ "in.txt": "one\ntwo\n" });
    await p.built();
    expect(p.ran()).toEqual(["a", "b"]);
  });

  test("gc keeps the items of a stage that is not finished", async ({ p }) => {
    p.write({ "people.jsonl": people(4), "pipeline.yaml": pipeline(itemStages(p, "module")), "../bad": "p003\n" });
    expect((await p.run()).code).toBe(1);
    expect((await p.dag("cache", "gc")).code).toBe(0);
    p.write({ "../bad": "" });
    p.ran();
    await p.built();
    expect(p.ran()).toEqual(["p003", "total"]);
  });

  test("verify finds a flipped byte, names it and exits 3; on a sound cache it exits 0", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    await p.built();
    const sound = await p.dag("cache", "verify");
    expect(sound.code, sound.text).toBe(0);
    const hex = p.lock().cells["a"]?.artifact.slice(7) ?? "?";
    const object = Object.keys(tree(p.path("cache"))).find((path) => path.replaceAll("/", "").includes(hex.slice(2)) || path.replaceAll("/", "").includes(hex));
    expect(object).toBeDefined();
    flip(p.path(`cache/${String(object)}`), 0);
    const damaged = await p.dag("cache", "verify");
    expect(damaged.code).toBe(3);
    expect(damaged.text).toContain(hex.slice(0, 8));
  });
});
