/** Ctrl-C, TERM, HUP, timeouts and kill -9: nothing half done stands at its final place, nothing finished is lost, nobody is left behind. */
import { readdirSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { alive, itemStages, people, pipeline, test, textStage } from "./rig/index.ts";
import type { Gate, Project, Running } from "./rig/index.ts";

const linux = process.platform === "linux";

/** before → held (under the test's control) → after. */
function held(p: Project, gate: Gate, ...flags: string[]): Project {
  return p.write({
    "in.txt": "x\n",
    "pipeline.yaml": pipeline({
      before: textStage(p, "cmd", "before"),
      held: { cmd: gate.command("held", ...flags, "{output}", "{needs.before}"), needs: ["before"], output: "held.txt" },
      after: textStage(p, "cmd", "after", { need: "held" }),
    }),
  });
}

/** No file of the build is anywhere but in the project. */
function leftovers(p: Project): string[] {
  return readdirSync(p.tmp);
}

/** Lets the next run through. */
async function finish(p: Project, gate: Gate): Promise<void> {
  const running = p.start("run", "--json");
  const child = await gate.arrived("held");
  await child.order({ copy: true });
  await child.order({ exit: 0 });
  const result = await running.result;
  expect(result.code, result.stderr).toBe(0);
}

describe.concurrent("an interrupt", () => {
  test.for([["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const)(
    "%s ends the children, leaves no half file and exits %i; the next run goes on from there",
    async ([signal, code], { p }) => {
      const gate = await p.gate();
      held(p, gate);
      const running = p.start("run");
      const child = await gate.arrived("held");
      await child.order({ output: "half" });
      running.kill(signal);
      const result = await running.result;
      expect(result.code).toBe(code);
      expect(result.stderr).not.toMatch(/\n\s+at /);
      await child.gone;
      expect(p.exists("artifacts/held.txt")).toBe(false);
      expect(p.read("artifacts/before.txt")).toBe("x\nbefore\n");
      expect(leftovers(p)).toEqual([]);
      p.ran();
      await finish(p, gate);
      expect(p.ran()).toEqual(["after"]); // what was finished is kept
      expect(p.read("artifacts/after.txt")).toBe("x\nbefore\nafter\n");
    },
  );

  test("is told of every cell: what ran, what was interrupted, what the run stopped before", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run", "--json");
    await gate.arrived("held");
    running.kill("SIGINT");
    const { events, done } = await running.result;
    expect(events.filter(({ event }) => event === "cell").map(({ cell, outcome, message }) => [cell, outcome, message])).toEqual([
      ["before", "ran", undefined],
      ["held", "skipped", "interrupted: what was finished of it is kept"],
      ["after", "skipped", "the run stopped before it"],
    ]);
    expect(done).toMatchObject({ ok: false, stopped: "interrupted", ran: ["before"], skipped: ["held", "after"] });
  });

  test("to the whole group, as a terminal sends it, is the same", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    const child = await gate.arrived("held");
    running.killGroup("SIGINT");
    expect((await running.result).code).toBe(130);
    await child.gone;
  });

  test("ends grandchildren too", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    const child = await gate.arrived("held");
    await child.order({ spawn: true });
    const grandchild = await gate.arrived("held/child");
    running.kill("SIGTERM");
    expect((await running.result).code).toBe(143);
    await child.gone;
    await grandchild.gone;
    expect(await alive(grandchild.pid)).toBe(false);
  });

  test("kills a child that ignores signals after the grace time", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate, "--stubborn");
    const running = p.start("run");
    const child = await gate.arrived("held");
    await child.order({ spawn: true });
    const grandchild = await gate.arrived("held/child");
    running.kill("SIGTERM");
    await child.signalled("SIGTERM"); // asked first
    const result = await running.result;
    expect(result.code).toBe(143);
    expect(result.ms).toBeLessThan(25_000);
    await child.gone;
    await grandchild.gone;
    expect(await alive(child.pid)).toBe(false);
    expect(await alive(grandchild.pid)).toBe(false);
  });

  test.runIf(linux)("ends those who left the command's group and those whose parents are gone, at TERM or, if they will not, by KILL", async ({ p }) => {
    const gate = await p.gate();
    const words = (name: string, ...flags: string[]): string => gate.command(name, ...flags, "-").map((word) => `'${word}'`).join(" ");
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `(setsid ${words("orphan")} &); (setsid ${words("stubborn", "--stubborn")} </dev/null >/dev/null 2>&1 &); exec ${words("a")}; : {output}`, output: "a.txt" } }) });
    const running = p.start("run");
    const [child, orphan, stubborn] = [await gate.arrived("a"), await gate.arrived("orphan"), await gate.arrived("stubborn")];
    await child.order({ spawn: true, detached: true });
    const grandchild = await gate.arrived("a/child");
    running.kill("SIGINT");
    await stubborn.signalled("SIGTERM");
    expect((await running.result).code).toBe(130);
    for (const { pid } of [child, grandchild, orphan, stubborn]) expect(await alive(pid)).toBe(false);
  });

  test.runIf(linux)("ends what a module has started, also where it waits for it with its thread blocked", async ({ p }) => {
    const gate = await p.gate();
    const argv = (name: string): string => JSON.stringify(gate.command(name, "-"));
    p.write({
      "stages/blocked.ts": `import { execFileSync } from "node:child_process";\nexport default () => { const [file, ...args] = ${argv("blocked")}; execFileSync(file, args); return "x"; };\n`,
      "stages/apart.ts": `import { spawn } from "node:child_process";\nexport default async () => { const [file, ...args] = ${argv("apart")}; spawn(file, args, { detached: true, stdio: "ignore" }); await new Promise(() => {}); };\n`,
      "pipeline.yaml": pipeline({ blocked: { run: "stages/blocked.ts", output: "blocked.txt" }, apart: { run: "stages/apart.ts", output: "apart.txt" } }),
    });
    const running = p.start("run", "-j", "2");
    const [blocked, apart] = [await gate.arrived("blocked"), await gate.arrived("apart")];
    running.kill("SIGTERM");
    expect((await running.result).code).toBe(143);
    for (const { pid } of [blocked, apart]) expect(await alive(pid)).toBe(false);
  });

  test("a second Ctrl-C ends at once, and no stubborn child is left", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate, "--stubborn");
    const running = p.start("run");
    const child = await gate.arrived("held");
    running.kill("SIGINT");
    await child.signalled("SIGTERM").catch(() => child.signalled("SIGINT"));
    const again = performance.now();
    running.kill("SIGINT");
    expect((await running.result).code).toBe(130);
    expect(performance.now() - again).toBeLessThan(2_000);
    await child.gone;
  });

  test("a child that left its parent's group and holds the pipes does not keep dag waiting", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: gate.command("a"), output: "a.txt" } }) });
    const running = p.start("run");
    const child = await gate.arrived("a");
    await child.order({ spawn: true, detached: true });
    await gate.arrived("a/child");
    await child.order({ output: "done" });
    await child.order({ exit: 0 });
    const result = await running.result;
    expect(result.code).toBe(0);
    expect(result.ms).toBeLessThan(20_000);
  });

  test("stops new work: nothing that waited starts", async ({ p }) => {
    const gate = await p.gate();
    const names = ["a", "b", "c"];
    p.write({ "pipeline.yaml": pipeline(Object.fromEntries(names.map((name) => [name, { cmd: gate.command(name), output: `${name}.txt` }]))) });
    const running = p.start("run", "-j", "1");
    await gate.arrived("a");
    running.kill("SIGINT");
    expect((await running.result).code).toBe(130);
    expect(gate.seen).toEqual(["a"]);
  });

  test("a module that never yields to the event loop is ended as well", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "stages/a.ts": gate.module("a", "for (;;);"),
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json" } }),
    });
    const running = p.start("run");
    const visitor = await gate.arrived("a");
    await visitor.order({ exit: 0 }); // from here on it spins
    running.kill("SIGINT");
    const result = await running.result;
    expect(result.code).toBe(130);
    expect(result.ms).toBeLessThan(25_000);
    if (visitor.pid !== running.pid) expect(await alive(visitor.pid)).toBe(false);
  });

  test("finished items are kept, running ones are not", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "people.jsonl": people(5),
      "stages/a.ts": gate.module("a", `${p.markModule("context.item.id")} return { id: context.item.id };`),
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, a: { run: "stages/a.ts", each: "people" } }),
    });
    const running = p.start("run", "-j", "1");
    for (const id of ["p000", "p001"]) await (await gate.arrived(`a/${id}`)).order({ exit: 0 });
    await gate.arrived("a/p002");
    running.kill("SIGINT");
    expect((await running.result).code).toBe(130);
    expect(p.ran()).toEqual(["p000", "p001"]);
    const next = p.start("run", "-j", "1");
    for (const id of ["p002", "p003", "p004"]) await (await gate.arrived(`a/${id}`)).order({ exit: 0 });
    const result = await next.result;
    expect(result.code, result.stderr).toBe(0);
    expect(p.ran()).toEqual(["p002", "p003", "p004"]);
    expect(gate.seen.filter((name) => name === "a/p000")).toHaveLength(1);
  });

  test("status after an interrupt does not call the stage failed", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    await gate.arrived("held");
    running.kill("SIGINT");
    await running.result;
    const status = await p.dag("status");
    expect(status.code).toBe(3);
    expect(status.stdout).not.toContain("failed");
  });
});

describe.concurrent("a timeout", () => {
  test("ends a command, its grandchildren and a stubborn one, is a failure in words, and keeps the old artifact", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "--stubborn"), output: "a.txt", timeout: "1s" } }) });
    const running = p.start("run");
    const child = await gate.arrived("a");
    await child.order({ spawn: true });
    const grandchild = await gate.arrived("a/child");
    const result = await running.result;
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/timeout|timed out|1 ?s\b/);
    await child.gone;
    await grandchild.gone;
    expect(p.exists("artifacts/a.txt")).toBe(false);
  });

  test.runIf(linux)("ends a process that a command or a module has put into a session of its own", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "stages/b.ts": `import { spawn } from "node:child_process";\nexport default async () => { const [file, ...args] = ${JSON.stringify(gate.command("b", "-"))}; spawn(file, args, { detached: true, stdio: "ignore" }); await new Promise(() => {}); };\n`,
      "pipeline.yaml": pipeline({ a: { cmd: gate.command("a"), output: "a.txt", timeout: "6s" }, b: { run: "stages/b.ts", output: "b.txt", timeout: "6s" } }),
    });
    const running = p.start("run", "-k");
    const [a, b] = [await gate.arrived("a"), await gate.arrived("b")];
    await a.order({ spawn: true, detached: true });
    const grandchild = await gate.arrived("a/child");
    const result = await running.result;
    expect(result.code).toBe(1);
    expect(result.stderr.match(/timed out after 6 s/g)).toHaveLength(2);
    for (const { pid } of [a, b, grandchild]) expect(await alive(pid)).toBe(false);
  });

  test("ends a module that spins", async ({ p }) => {
    p.write({ "stages/a.ts": "export default () => { for (;;); };\n", "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", output: "a.json", timeout: "1s" }, b: { cmd: `${p.mark("b")}; touch {output}`, output: "b.txt" } }) });
    const result = await p.run("-k");
    expect(result.code).toBe(1);
    expect(result.outcomes).toEqual({ failed: ["a"], ran: ["b"] });
    expect(result.ms).toBeLessThan(25_000);
  });

  test("changes nothing when it is only declared: it is no input", async ({ p }) => {
    const stage = textStage(p, "cmd", "a");
    p.write({ "in.txt": "x\n", "pipeline.yaml": pipeline({ a: { ...stage, timeout: "30m" } }) });
    await p.built();
    p.ran();
    p.write({ "pipeline.yaml": pipeline({ a: { ...stage, timeout: "2h" } }) });
    await p.built();
    expect(p.ran()).toEqual([]);
  });
});

describe.concurrent("kill -9", () => {
  test("in the middle of a stage: the next run ends in the same bytes, and the orphan writes where nobody looks", async ({ p, q }) => {
    const gate = await p.gate();
    for (const project of [p, q]) held(project, gate);
    const running = p.start("run");
    const orphan = await gate.arrived("held");
    await orphan.order({ output: "half" });
    running.kill("SIGKILL");
    expect((await running.result).signal).toBe("SIGKILL");
    p.ran();
    await finish(p, gate);
    expect(p.ran()).toEqual(["after"]);
    const artifacts = p.artifacts();
    const lock = p.read("dag.lock");
    if (await alive(orphan.pid)) {
      await orphan.order({ output: "written by the dead" }).catch(() => undefined);
      await orphan.order({ exit: 0 }).catch(() => undefined);
    }
    expect(p.artifacts()).toEqual(artifacts);
    await p.built();
    expect(p.artifacts()).toEqual(artifacts);
    expect(p.read("dag.lock")).toBe(lock);
    await finish(q, gate);
    expect(q.artifacts()).toEqual(artifacts);
  });

  test("in the middle of items: finished ones are not run again", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "people.jsonl": people(4),
      "stages/a.ts": gate.module("a", `${p.markModule("context.item.id")} return { id: context.item.id };`),
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, a: { run: "stages/a.ts", each: "people" } }),
    });
    const running = p.start("run", "-j", "1");
    for (const id of ["p000", "p001"]) await (await gate.arrived(`a/${id}`)).order({ exit: 0 });
    await gate.arrived("a/p002");
    running.kill("SIGKILL");
    await running.result;
    const next = p.start("run", "-j", "1");
    // The second item may have been on its way to the disk at the kill; the first was there before the third began.
    const answer = async (id: string): Promise<void> => { await (await gate.arrived(`a/${id}`)).order({ exit: 0 }); };
    void answer("p001").catch(() => undefined);
    await answer("p002");
    await answer("p003");
    expect((await next.result).code).toBe(0);
    expect(p.ran().filter((id) => id === "p000")).toHaveLength(1);
    expect(p.read("artifacts/a.jsonl").split("\n")).toHaveLength(5);
  });

  test("leaves a lock that the next process takes over at once", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    await gate.arrived("held");
    running.kill("SIGKILL");
    await running.result;
    const started = performance.now();
    const next = p.start("run");
    const child = await gate.arrived("held");
    expect(performance.now() - started).toBeLessThan(5_000);
    await child.order({ output: "x" });
    await child.order({ exit: 0 });
    expect((await next.result).code).toBe(0);
  });

  test("temporary files of the dead are swept up, by and by", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    for (let i = 0; i < 3; i++) {
      const running = p.start("run");
      const child = await gate.arrived("held");
      await child.order({ output: "half" });
      running.kill("SIGKILL");
      await running.result;
      process.kill(child.pid, "SIGKILL");
      await child.gone;
    }
    await finish(p, gate);
    await p.built();
    const remains = Object.keys(p.everything()).filter((path) => p.bytes(`../${path}`).toString("utf8") === "half");
    expect(remains).toEqual([]);
  });
});

describe.concurrent("two processes", () => {
  test("one builds, the other waits and says for whom; each stage runs once", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const first = p.start("run", "--json");
    const child = await gate.arrived("held");
    const second = p.start("run");
    await second.saw(String(first.pid));
    expect(gate.seen).toEqual(["held"]);
    expect(second.stderr).toMatch(/wait/i);
    await child.order({ copy: true });
    await child.order({ exit: 0 });
    expect((await first.result).code).toBe(0);
    expect((await second.result).code).toBe(0);
    expect(p.ran()).toEqual(["after", "before"]);
    expect(gate.seen).toEqual(["held"]);
  });

  test("the waiting one goes on at once when the first is killed with -9", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const first = p.start("run");
    await gate.arrived("held");
    const second = p.start("run");
    await second.saw(String(first.pid));
    first.kill("SIGKILL");
    const child = await gate.arrived("held");
    await child.order({ copy: true });
    await child.order({ exit: 0 });
    expect((await second.result).code).toBe(0);
    expect(p.ran()).toEqual(["after", "before"]);
  });

  test("the waiting one can be interrupted", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const first = p.start("run");
    await gate.arrived("held");
    const second = p.start("run");
    await second.saw(String(first.pid));
    second.kill("SIGINT");
    expect((await second.result).code).toBe(130);
    expect(gate.seen).toEqual(["held"]);
    first.kill("SIGINT");
    await first.result;
  });

  test("readers never wait and see the last whole state", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const first = p.start("run");
    await gate.arrived("held");
    for (const args of [["status"], ["why", "held"], ["graph"], ["hash", "before"], ["plan"], ["run", "-n"]]) {
      const result = await p.dag(...args);
      expect([0, 3], args.join(" ") + result.text).toContain(result.code);
      expect(result.ms).toBeLessThan(10_000);
    }
    first.kill("SIGINT");
    await first.result;
  });

  test("many at once end in one build", async ({ p }) => {
    const stages = itemStages(p, "module");
    p.write({ "people.jsonl": people(10), "pipeline.yaml": pipeline(stages) });
    const results = await Promise.all(Array.from({ length: 5 }, () => p.run()));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(p.ran()).toEqual([...people(10).map(({ id }) => id), "people", "total"]);
  });

  test("a lock file of a process id that now belongs to somebody else is taken over", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const first: Running = p.start("run");
    await gate.arrived("held");
    first.kill("SIGKILL");
    await first.result;
    // The dead owner's number, wherever it was written, becomes that of a living stranger: this test's process.
    for (const path of Object.keys(p.everything())) {
      if (!path.startsWith("project/cache/")) continue;
      const bytes = p.bytes(`../${path}`);
      const text = bytes.toString("utf8");
      if (bytes.length < 4096 && new RegExp(`\\b${String(first.pid)}\\b`).test(text)) writeFileSync(p.path(`../${path}`), text.replaceAll(new RegExp(`\\b${String(first.pid)}\\b`, "g"), String(process.pid)));
    }
    const started = performance.now();
    const next = p.start("run");
    const child = await gate.arrived("held");
    expect(performance.now() - started).toBeLessThan(5_000);
    await child.order({ output: "x" });
    await child.order({ exit: 0 });
    expect((await next.result).code).toBe(0);
  });
});

describe.concurrent("edited while running", () => {
  test("an input: the result is not recorded as fresh, a warning names the file, the next run rebuilds", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "in.txt": "old\n", "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "in.txt" }, output: "a.txt" } }) });
    const running = p.start("run");
    const child = await gate.arrived("a");
    p.write({ "in.txt": "new\n" });
    await child.order({ copy: true });
    await child.order({ exit: 0 });
    const result = await running.result;
    expect(result.stderr).toContain("in.txt");
    expect((await p.dag("status")).code).toBe(3);
    const next = p.start("run");
    const again = await gate.arrived("a");
    await again.order({ copy: true });
    await again.order({ exit: 0 });
    expect((await next.result).code).toBe(0);
    expect(p.read("artifacts/a.txt")).toBe("new\n");
    expect((await p.dag("status")).code).toBe(0);
    // And the old content does not bring back a result that was made from a mixture.
    p.write({ "in.txt": "old\n" });
    const third = p.start("run");
    const last = await gate.arrived("a");
    await last.order({ copy: true });
    await last.order({ exit: 0 });
    await third.result;
    expect(p.read("artifacts/a.txt")).toBe("old\n");
  });

  test("an input put back before the end, with other bytes meanwhile, is noticed too", async ({ p }) => {
    const gate = await p.gate();
    p.write({ "in.txt": "old\n", "pipeline.yaml": pipeline({ a: { cmd: gate.command("a", "{output}", "{files.in}"), files: { in: "in.txt" }, output: "a.txt" } }) });
    const running = p.start("run");
    const child = await gate.arrived("a");
    p.write({ "in.txt": "new\n" });
    await child.order({ copy: true });
    p.write({ "in.txt": "old\n" });
    await child.order({ exit: 0 });
    await running.result;
    const next = p.start("run", "--json");
    // Either the stage was given a copy made before (then it is fresh and right), or it runs again.
    const visitor = gate.arrived("a").then(async (again) => { await again.order({ copy: true }); await again.order({ exit: 0 }); });
    await Promise.race([visitor, next.result]);
    expect((await next.result).code).toBe(0);
    expect(p.read("artifacts/a.txt")).toBe("old\n");
    void visitor.catch(() => undefined);
  });

  test("the code of a module, a file of a glob and a new file that matches: not recorded as fresh", async ({ p }) => {
    const gate = await p.gate();
    for (const edit of [{ "stages/a.ts": "// changed\nexport default () => 2;\n" }, { "seeds/one.txt": "changed" }, { "seeds/new.txt": "new" }]) {
      p.remove("seeds", "artifacts", "cache", "dag.lock");
      p.write({
        "seeds/one.txt": "1",
        "stages/a.ts": gate.module("a", "return context.files.seeds.names;"),
        "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", files: { seeds: "seeds/*.txt" }, output: "a.json" } }),
      });
      const running = p.start("run");
      const visitor = await gate.arrived("a");
      p.write(edit);
      await visitor.order({ exit: 0 });
      const result = await running.result;
      expect(result.stderr, JSON.stringify(edit)).toContain(Object.keys(edit)[0]);
      expect((await p.dag("status")).code, JSON.stringify(edit)).toBe(3);
    }
  });

  test("an artifact of another stage that somebody edits meanwhile does not reach the lock", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    const child = await gate.arrived("held");
    p.write({ "artifacts/before.txt": "edited\n" });
    await child.order({ copy: true });
    await child.order({ exit: 0 });
    await running.result;
    const next = p.start("run");
    const visitor = gate.arrived("held").then(async (again) => { await again.order({ copy: true }); await again.order({ exit: 0 }); });
    await Promise.race([visitor, next.result]);
    expect((await next.result).code).toBe(0);
    void visitor.catch(() => undefined);
    expect(p.read("artifacts/before.txt")).toBe("x\nbefore\n");
    expect(p.read("artifacts/after.txt")).toBe("x\nbefore\nafter\n");
  });

  test("pipeline.yaml: the run goes by what it read at the start", async ({ p }) => {
    const gate = await p.gate();
    held(p, gate);
    const running = p.start("run");
    const child = await gate.arrived("held");
    p.write({ "pipeline.yaml": "broken: [" });
    await child.order({ copy: true });
    await child.order({ exit: 0 });
    const result = await running.result;
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(p.ran()).toEqual(["after", "before"]);
  });
});
