/** `dag watch` while it builds, beside other processes, and at its end. */
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import { Observer } from "../src/watch/observer.ts";
import { alive, chain, hasTerminal, pipeline, test, Terminal, Watching } from "./rig/index.ts";
import { held, say, startServer } from "./rig/server.ts";

describe.concurrent("a change during a build", () => {
  test("ends exactly the work it makes stale: what runs beside is finished, what it had not reached reads the new", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n", "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "a.txt" }, output: "a.out" }, b: { cmd: gate.command("b", "{output}", "{files.in}"), files: { in: "b.txt" }, output: "b.out" }, c: { cmd: `${p.mark("c")}; cat {needs.a} {needs.b} {files.in} > {output}`, needs: ["a", "b"], files: { in: "c.txt" }, output: "c.out" } }) });
    const w = Watching.start(p, "-j", "4");
    const [a, b] = [await gate.arrived("a"), await gate.arrived("b")];
    w.save("a.txt", "A\n");
    await a.gone; // ended by the watch
    // c has not begun: nothing is stale for it but that it would read a.
    await b.order({ copy: true });
    await b.order({ exit: 0 });
    expect(await w.built()).toMatchObject({ ok: false, ran: ["b"] });
    const again = await gate.arrived("a");
    await again.order({ copy: true });
    await again.order({ exit: 0 });
    expect(await w.built()).toEqual({ ok: true, ran: ["a", "c"], restored: [] });
    expect(p.read("artifacts/c.out")).toBe("A\nb\nc\n");
    expect(gate.seen).toEqual(expect.arrayContaining(["a", "b", "a"]));
    expect(gate.seen).toHaveLength(3);
    await w.stop();
    expect(p.ran()).toEqual(["c"]);
  });

  test("that touches nothing of the build under way leaves it alone, and is built after it", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "a.txt": "a\n", "z.txt": "z\n", "pipeline.yaml": pipeline({ z: { cmd: `${p.mark("z")}; cat {files.in} > {output}`, files: { in: "z.txt" }, output: "z.out" }, a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "a.txt" }, output: "a.out" }, }) });
    const w = Watching.start(p, "-j", "1");
    const a = await gate.arrived("a");
    w.save("z.txt", "Z\n");
    // Judged: the pipeline is read for it; a second save after it, to a file of no stage, is no reason to wait.
    await w.next("cell", ({ cell }) => cell === "z");
    await a.order({ copy: true });
    await a.order({ exit: 0 });
    expect(await w.built()).toMatchObject({ ok: true, ran: ["z", "a"] });
    expect(await w.built()).toEqual({ ok: true, ran: ["z"], restored: [] });
    expect(gate.seen).toEqual(["a"]);
    await w.stop();
  });

  test("to what has not begun yet is simply read when it begins", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "a.txt": "a\n", "z.txt": "z\n", "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "a.txt" }, output: "a.out" }, b: { cmd: `${p.mark("b")}; cat {needs.a} {files.z} > {output}`, needs: ["a"], files: { z: "z.txt" }, output: "b.out" } }) });
    const w = Watching.start(p);
    const a = await gate.arrived("a");
    w.save("z.txt", "Z\n");
    await a.order({ copy: true });
    await a.order({ exit: 0 });
    expect(await w.built()).toEqual({ ok: true, ran: ["a", "b"], restored: [] });
    expect(p.read("artifacts/b.out")).toBe("a\nZ\n");
    await w.stop();
    expect(p.ran()).toEqual(["b"]);
  });

  test("of the pipeline: stages that are as they were go on", async ({ p }) => {
    const gate = await p.gate();
    const stages = { a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "a.txt" }, output: "a.out" }, b: { cmd: `${p.mark("b")}; cat {needs.a} > {output}; echo {params.n} >> {output}`, needs: ["a"], params: ["n"], output: "b.out" } };
    p.write({ "a.txt": "a\n", "pipeline.yaml": pipeline(stages, { params: { n: 1 } }) });
    const w = Watching.start(p);
    const a = await gate.arrived("a");
    w.save("pipeline.yaml", JSON.stringify(pipeline(stages, { params: { n: 2 } })));
    w.save("pipeline.yaml", JSON.stringify(pipeline(stages, { params: { n: 3 } })));
    await a.order({ copy: true });
    await a.order({ exit: 0 });
    await w.next("done", () => p.exists("artifacts/b.out") && p.read("artifacts/b.out") === "a\n3\n");
    expect(gate.seen).toEqual(["a"]);
    await w.stop();
  });

  test("an answer on the wire is kept when its stage is ended, what waits behind it is not bought, and the old prompt buys nothing again", async ({ p }) => {
    const server = await startServer(({ body }) => say(`re: ${String((body as { messages: { content: string }[] }).messages[0]?.content)}`));
    try {
      const wire = held(say("kept"));
      server.script(wire.script);
      p.write({
        "prompts/p.md": "first {{ id }}\n",
        "stages/list.ts": "export default () => [{ id: '1' }, { id: '2' }, { id: '3' }];\n",
        "stages/ask.ts": "export default async ({ item, models, prompts }) => ({ id: item.id, text: (await models.m.chat({ prompt: prompts.p.render(item) })).value });\n",
        "pipeline.yaml": pipeline({ list: { run: "stages/list.ts" }, ask: { run: "stages/ask.ts", each: "list", prompts: { p: "prompts/p.md" }, models: ["m"] } }, { models: { m: { provider: "openai", model: "rig", base_url: server.url, limits: { concurrency: 1 } } } }),
      });
      const w = Watching.start(p);
      await wire.asked;
      w.save("prompts/p.md", "second {{ id }}\n");
      await w.next("cell", ({ cell, outcome }) => cell === "ask" && outcome === "skipped");
      wire.release();
      await w.next("done"); // of what was overtaken
      expect(await w.built()).toMatchObject({ ok: true, ran: ["ask"] });
      const asked = (): string[] => server.requests.map(({ body }) => String((body as { messages: { content: string }[] }).messages[0]?.content).trim());
      expect(asked().filter((text) => text.startsWith("first"))).toHaveLength(1);
      expect(asked().filter((text) => text.startsWith("second")).sort()).toEqual(["second 1", "second 2", "second 3"]);
      w.save("prompts/p.md", "first {{ id }}\n");
      expect(await w.next("done")).toMatchObject({ ok: true, calls: { made: 2, stored: 1 } });
      expect(p.read("artifacts/ask.jsonl")).toContain('"text":"kept"');
      w.save("prompts/p.md", "second {{ id }}\n");
      expect(await w.next("done")).toMatchObject({ ok: true, restored: ["ask"], calls: { made: 0, stored: 0 } });
      expect(server.requests).toHaveLength(6);
      await w.stop();
    } finally {
      await server.close();
    }
  });

  test("limits hold for all builds of a watch together", async ({ p }) => {
    const server = await startServer(() => say("x"));
    try {
      p.write({
        "prompts/p.md": "first\n",
        "stages/ask.ts": "export default async ({ models, prompts }) => [{ id: '1', text: (await models.m.chat({ prompt: prompts.p.render({}) })).value }];\n",
        "pipeline.yaml": pipeline({ ask: { run: "stages/ask.ts", prompts: { p: "prompts/p.md" }, models: ["m"] } }, { models: { m: { provider: "openai", model: "rig", base_url: server.url, price: { input: 1, output: 1 } } } }),
      });
      const w = Watching.start(p, "--max-calls", "2");
      await w.built();
      await w.idle();
      w.save("prompts/p.md", "second\n");
      expect(await w.built()).toMatchObject({ ok: true });
      w.save("prompts/p.md", "third\n");
      expect(await w.next("done")).toMatchObject({ ok: false, stopped: "refused", message: expect.stringContaining("limit of 2 calls") as string });
      w.save("prompts/p.md", "first\n");
      expect(await w.next("done")).toMatchObject({ ok: true, restored: ["ask"] });
      expect(server.requests).toHaveLength(2);
      await w.stop();
    } finally {
      await server.close();
    }
  });
});

describe.concurrent("hands in the artifacts during a build", () => {
  test("what they delete is put back after it", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "a.txt": "a\n", "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; cat {files.in} > {output}`, files: { in: "a.txt" }, output: "a.out" }, b: { cmd: gate.command("b", "{output}", "{needs.a}"), needs: ["a"], output: "b.out" } }) });
    const w = Watching.start(p);
    const b = await gate.arrived("b");
    p.remove("artifacts/a.out");
    await b.order({ output: "b\n" });
    await b.order({ exit: 0 });
    await w.built();
    // What b was given is no longer there to be checked, so that its result does not count.
    const again = await gate.arrived("b");
    expect(p.read("artifacts/a.out")).toBe("a\n");
    await again.order({ output: "b\n" });
    await again.order({ exit: 0 });
    expect(await w.built()).toEqual({ ok: true, ran: ["b"], restored: ["a"] });
    await w.stop();
    expect(p.ran()).toEqual(["a"]);
  });

  test("a stage that undoes another's artifact each time does not build for ever", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo a > {output}", output: "a.out" }, b: { cmd: `${p.mark("b")}; rm -f ${p.root}/artifacts/a.out; exit 3`, needs: ["a"], output: "b.out" } }) });
    const w = Watching.start(p);
    await w.idle();
    await w.stop();
    expect(p.ran().length).toBeLessThan(6);
  });
});

describe.concurrent("dag watch beside others", () => {
  test("holds no lock while it watches, and waits for one that is held, saying for whom", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "a.txt": "a\n", "b.txt": "b\n", "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; cat {files.in} > {output}`, files: { in: "a.txt" }, output: "a.out" }, b: { cmd: gate.command("b", "{output}", "{files.in}"), files: { in: "b.txt" }, output: "b.out" } }, { default: ["a"] }) });
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    const other = p.start("run", "b");
    const b = await gate.arrived("b");
    w.save("a.txt", "A\n");
    expect(await w.next("waiting")).toMatchObject({ command: "run b", pid: other.pid });
    await b.order({ copy: true });
    await b.order({ exit: 0 });
    expect((await other.result).code).toBe(0);
    expect(await w.built()).toEqual({ ok: true, ran: ["a"], restored: [] });
    await w.stop();
  });

  test("two watches build one change once", async ({ p }) => {
    chain(p, "cmd", ["a", "b"]);
    const one = Watching.start(p);
    await one.built();
    await one.idle();
    const two = Watching.start(p);
    await two.built();
    await two.idle();
    for (const [at, text] of ["x\n", "y\n", "z\n"].entries()) {
      one.save("in.txt", text);
      const builds = (): number => [one, two].reduce((sum, { running }) => sum + running.stdout.split('"event":"done","ok":true,"ran":["a","b"]').length - 1, 0);
      while (builds() < at + 2) await Promise.race([one.running.more(), two.running.more()]);
    }
    const ended = await Promise.all([one.stop(), two.stop()]);
    expect(ended.map(({ code }) => code)).toEqual([130, 130]);
    expect(p.read("artifacts/b.txt")).toBe("z\na\nb\n");
    expect(p.ran().filter((name) => name === "a")).toHaveLength(4);
  });

  test("the directory of the project that goes ends it", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    renameSync(p.root, join(p.base, "elsewhere"));
    const { code, stdout } = await w.running.result;
    expect({ code, gone: stdout.includes('"event":"gone"') }).toEqual({ code: 2, gone: true });
  });
});

describe.concurrent("the end of dag watch", () => {
  test.for([["SIGINT", 130], ["SIGTERM", 143]] as const)("%s while it rests", async ([signal, code], { p }) => {
    chain(p, "cmd", ["a"]);
    const w = Watching.start(p);
    await w.built();
    await w.idle();
    expect((await w.stop(signal)).code).toBe(code);
  });

  test.for([["SIGINT", 130], ["SIGTERM", 143]] as const)("%s while it builds ends the build and its children", async ([signal, code], { p }) => {
    const gate = await p.gate();
    p.write({ "in.txt": "a\n", "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "in.txt" }, output: "a.txt" } }) });
    const w = Watching.start(p);
    const a = await gate.arrived("a");
    await a.order({ spawn: true });
    const child = await gate.arrived("a/child");
    const result = await w.stop(signal);
    expect(result.code).toBe(code);
    expect(result.done).toMatchObject({ ok: false, stopped: "interrupted" });
    await Promise.all([a.gone, child.gone]);
    expect([await alive(a.pid), await alive(child.pid)]).toEqual([false, false]);
    expect(existsSync(p.path("cache/state/build.lease"))).toBe(false);
  });

  test("a reader of its results that goes ends it", async ({ p }) => {
    chain(p, "cmd", ["a"]);
    const running = p.start("watch", "--json");
    await running.saw('"event":"watching"');
    running.child.stdout?.destroy();
    p.write({ "in.txt": "new\n" });
    expect((await running.result).code).toBe(0);
  });

  test.skipIf(!hasTerminal)("q and Enter in a terminal; Ctrl-C", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; test -e ${p.base}/good && echo ok > {output}`, output: "a.txt" } }) });
    const first = new Terminal(p, ["watch"]);
    await first.saw("Ctrl-C ends");
    p.write({ "../good": "" });
    first.type("\n"); // nothing it can know of has changed
    await first.saw(/done.*: 1 ran/);
    first.type("q\n");
    expect((await first.result).code).toBe(0);
    expect(p.ran()).toEqual(["a", "a"]);
    const second = new Terminal(p, ["watch"]);
    await second.saw("Ctrl-C ends");
    second.type("\u0003");
    expect((await second.result).code).toBe(130);
  });
});

describe("listening to directories", () => {
  const enough = Object.assign(new Error("no more"), { code: "ENOSPC" });

  test("where the system gives no more watches it says so once, and looks", async () => {
    const base = mkdtempSync(join(tmpdir(), "dag-observer-"));
    const { writeFileSync, mkdirSync } = await import("node:fs");
    mkdirSync(join(base, "x"));
    const limits: string[] = [];
    let heard = (_path: string): void => {};
    const told = new Promise<string>((resolve) => (heard = resolve));
    const observer = new Observer({ heard: (path) => heard(path), limited: (code) => limits.push(code), listen: () => { throw enough; } });
    try {
      expect(observer.sync(new Map<string, Set<string> | "any">([[base, new Set(["a"])], [join(base, "x"), "any"]]))).toBe(true);
      expect(limits).toEqual(["ENOSPC"]);
      writeFileSync(join(base, "x", "new"), "");
      expect(await told).toBe(join(base, "x", "new"));
    } finally {
      observer.close();
      rmSync(base, { recursive: true });
    }
  });

  test("of other names in a directory nothing is heard", async () => {
    const base = mkdtempSync(join(tmpdir(), "dag-observer-"));
    const { writeFileSync } = await import("node:fs");
    const heard: string[] = [];
    let done = (): void => {};
    const last = new Promise<void>((resolve) => (done = resolve));
    const observer = new Observer({ heard: (path) => { heard.push(path); if (path.endsWith("/last")) done(); } });
    try {
      observer.sync(new Map([[base, new Set(["wanted", "last"])]]));
      for (const name of ["other", dirname(base), "wanted", "noise", "last"]) if (!name.includes("/")) writeFileSync(join(base, name), "");
      await last;
      expect(new Set(heard)).toEqual(new Set([join(base, "wanted"), join(base, "last")]));
    } finally {
      observer.close();
      rmSync(base, { recursive: true });
    }
  });
});
