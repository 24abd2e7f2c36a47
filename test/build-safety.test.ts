/** Inputs that move while a build goes on, readers that go away, calls that no other can follow. */
import { spawnSync } from "node:child_process";
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";
import { startServer } from "./rig/server.ts";

describe.concurrent("inputs that are edited and put back", () => {
  test("between plan and start: the stage runs with what is there then, and nothing false is remembered", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "p.txt": "one",
      "people.jsonl": people(2),
      "stages/b.ts": "export default async ({ item, files }) => ({ id: item.id, text: await files.p.text() });\n",
      "pipeline.yaml": pipeline({ hold: { cmd: gate.command("hold"), output: "hold.txt" }, list: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, needs: ["hold"] }, b: { run: "stages/b.ts", each: "list", files: { p: "p.txt" } } }),
    });
    const running = p.start("run");
    const hold = await gate.arrived("hold");
    p.write({ "p.txt": "two" });
    await hold.order({ output: "go\n" });
    await hold.order({ exit: 0 });
    const result = await running.result;
    expect(result.code, result.text).toBe(0);
    expect(p.read("artifacts/b.jsonl")).toContain('"text":"two"');
    p.write({ "p.txt": "one" });
    await p.built("b");
    expect(p.read("artifacts/b.jsonl")).toContain('"text":"one"');
    expect(p.read("artifacts/b.jsonl")).not.toContain("two");
  });

  test("while items run: what was made meanwhile is not remembered for the old content", async ({ p }) => {
    const gate = await p.gate();
    p.write({
      "p.txt": "one",
      "people.jsonl": people(2),
      "stages/b.ts": gate.module("b", "const text = await context.files.p.text(); return { id: context.item.id, text };"),
      "pipeline.yaml": pipeline({ list: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, b: { run: "stages/b.ts", each: "list", files: { p: "p.txt" } } }),
    });
    const running = p.start("run", "-j", "1");
    const first = await gate.arrived("b/p000");
    p.write({ "p.txt": "two" });
    await first.order({ exit: 0 });
    await (await gate.arrived("b/p001")).order({ exit: 0 });
    const result = await running.result;
    expect(result.text).toContain("p.txt");
    p.write({ "p.txt": "one" });
    const again = p.start("run", "-j", "1");
    for (const id of ["p000", "p001"]) await (await gate.arrived(`b/${id}`)).order({ exit: 0 });
    expect((await again.result).code).toBe(0);
    expect(p.read("artifacts/b.jsonl")).not.toContain("two");
  });
});

describe.concurrent("around a build", () => {
  test("a reader that goes away does not end it", ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "sleep 0.3; echo a > {output}", output: "a.txt" }, b: { cmd: "sleep 0.3; cat {needs.a} > {output}", needs: ["a"], output: "b.txt" } }) });
    spawnSync("sh", ["-c", `"$0" "$1" run --json | head -n 1`, process.execPath, p.binary], { cwd: p.root, timeout: 50_000 });
    const deadline = Date.now() + 20_000;
    while (!p.exists("artifacts/b.txt") && Date.now() < deadline) spawnSync("sleep", ["0.1"]);
    expect(p.read("artifacts/b.txt")).toBe("a\n");
  });

  test("a key that is not taken ends the run at once, not after a request for every item", async ({ p }) => {
    const server = await startServer({ status: 401, body: { error: { message: "bad key" } } });
    try {
      p.env["WRONG_KEY"] = "sk-wrong";
      p.write({
        "people.jsonl": people(400),
        "stages/b.ts": 'export default async ({ item, models }) => ({ id: item.id, text: (await models.m.chat({ prompt: "hello" })).value });\n',
        "pipeline.yaml": pipeline(
          { list: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, b: { run: "stages/b.ts", each: "list", models: ["m"] } },
          { models: { m: { provider: "openai", model: "x", base_url: server.url, api_key_env: "WRONG_KEY" } } },
        ),
      });
      const result = await p.run();
      expect(result.code).toBe(1);
      expect(result.text).toContain("WRONG_KEY");
      expect(server.requests.length).toBeLessThan(200);
    } finally {
      await server.close();
    }
  });

  test("a stage that timed out cannot speak for the next one", async ({ p }) => {
    p.write({
      "stages/a.ts": 'export default async ({ log }) => { await new Promise((r) => setTimeout(r, 900)); log("I am a"); throw new Error("late error of a"); };\n',
      "stages/b.ts": "export default async () => { await new Promise((r) => setTimeout(r, 1500)); return []; };\n",
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", timeout: "300ms" }, b: { run: "stages/b.ts" } }),
    });
    const result = await p.dag("run", "-k", "-j", "1");
    expect(result.code).toBe(1);
    expect(result.text).not.toContain("I am a");
    expect(result.text).not.toContain("late error");
    expect(p.exists("artifacts/b.jsonl")).toBe(true);
  });

  test("plan runs no command, whatever the models", async ({ p }) => {
    p.write({
      "stages/b.ts": 'export default async ({ models }) => [{ id: "b", text: (await models.m.chat({ prompt: "hello" })).value }];\n',
      "pipeline.yaml": pipeline({ a: { cmd: `${p.mark("a")}; echo > {output}`, output: "a.txt" }, b: { run: "stages/b.ts", models: ["m"] } }, { models: { m: { provider: "openai", model: "x", price: { input: 1, output: 1 } } } }),
    });
    const result = await p.dag("plan");
    expect(result.code).toBe(0);
    expect(p.ran()).toEqual([]);
    expect(result.stdout).toContain("1 call");
  });
});
