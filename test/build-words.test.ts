/** What a run and a plan say: artifacts that leave, results that come back, patterns that match nothing. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { duration } from "../src/cli/print/words.ts";

const matrix = (p: Project): Project => p.write({ "pipeline.yaml": pipeline({ mat: { cmd: "echo {axis.n} > {output}", matrix: { n: "params.n" }, output: "mat.txt" } }, { params: { n: [1, 2, 3] } }) });

describe.concurrent("cells that the pipeline no longer has", () => {
  test("are announced by plan and run -n as what run then removes, and the run says so though nothing else is to do", async ({ p }) => {
    matrix(p);
    await p.built();
    const less = ["mat", "-p", "n=[1]"];
    for (const verb of [["plan"], ["run", "-n"]]) {
      const before = p.everything();
      const text = await p.dag(...verb, ...less);
      expect(text.stdout).toContain("remove    mat@n=2  mat/n=2.txt: no longer in the pipeline\nremove    mat@n=3  mat/n=3.txt: no longer in the pipeline\n0 to run · 0 to restore · 1 fresh · 2 to remove\n");
      const json = await p.dag(...verb, ...less, "--json");
      expect(json.outcomes).toEqual({ fresh: ["mat@n=1"], remove: ["mat@n=2", "mat@n=3"] });
      expect(json.done["remove"]).toEqual(["mat/n=2.txt", "mat/n=3.txt"]);
      expect(p.everything()).toEqual(before);
    }
    const run = await p.dag("run", ...less);
    expect(run.stderr).toBe("nothing to do: the cell is fresh · 2 artifacts no longer in the pipeline removed\n");
    expect(Object.keys(p.artifacts())).toEqual(["mat/n=1.txt"]);
    // Said once, for it is done once; and again after they came back.
    for (let i = 0; i < 2; i++) expect((await p.dag("run", ...less)).stderr).toBe("nothing to do: the cell is fresh\n");
    await p.built();
    expect((await p.dag("run", ...less)).stderr).toContain("2 artifacts no longer in the pipeline removed");
  });

  test("stay out of the announcement where their artifacts stay", async ({ p }) => {
    matrix(p);
    await p.built();
    p.write({ "artifacts/mat/n=2.txt": "edited\n" });
    expect((await p.dag("plan", "-p", "n=[1]", "--json")).done["remove"]).toEqual(["mat/n=3.txt"]);
    expect((await p.built("-p", "n=[1]")).done["removed"]).toEqual(["mat/n=3.txt"]);
    expect(p.read("artifacts/mat/n=2.txt")).toBe("edited\n");
  });

  test("come back with a reason that is true: built before, and neither in the lock nor in place", async ({ p }) => {
    matrix(p);
    await p.built();
    await p.built("-p", "n=[1]");
    const status = await p.dag("status");
    expect(status.stdout).toMatch(/^missing +mat@n=2 +not in the lock; output missing: mat\/n=2\.txt$/m);
    expect(status.stdout).not.toContain("never built");
    const run = await p.built();
    expect(run.outcomes).toEqual({ fresh: ["mat@n=1"], restored: ["mat@n=2", "mat@n=3"] });
    expect(run.events.find(({ cell }) => cell === "mat@n=3")?.reasons).toEqual([{ kind: "not-recorded" }, { kind: "output-missing", path: "mat/n=3.txt" }]);
  });
});

describe.concurrent("an output that moves", () => {
  const two = (output: string): Record<string, unknown> => pipeline({ one: { cmd: "mkdir -p {output}; echo 1 > {output}/x", output: "one/" }, two: { cmd: "mkdir -p {output}; cat {needs.one}/x > {output}/x", needs: ["one"], output } });

  test("is a reason of its own, for the stage and for no other", async ({ p }) => {
    p.write({ "pipeline.yaml": two("two/") });
    await p.built();
    for (const [from, to] of [["two", "last"], ["last", "two"]] as const) {
      p.write({ "pipeline.yaml": two(`${to}/`) });
      expect((await p.dag("status")).stdout).toMatch(new RegExp(`^stale +two +output moved ${from} → ${to}$`, "m"));
      const run = await p.dag("run");
      expect(run.stderr).toMatch(new RegExp(`^restored +two +output moved ${from} → ${to}$`, "m"));
      expect(p.read(`artifacts/${to}/x`)).toBe("1\n");
      expect((await p.dag("why", "two")).stdout).toContain(`output moved ${from} → ${to}`);
    }
    p.write({ "pipeline.yaml": two("last/") });
    expect((await p.built()).events.find(({ cell }) => cell === "two")?.reasons).toEqual([{ kind: "output-moved", from: "two", to: "last" }]);
  });
});

describe.concurrent("a pattern that matches nothing", () => {
  const write = (p: Project): Project => p.write({ "pipeline.yaml": pipeline({ a: { cmd: "ls > {output}", files: { g: "params.glob", all: ["seeds/*.txt", "!seeds/none*"] }, matrix: { n: [1, 2] }, output: "a.txt" } }, { params: { glob: "seeds/*.jsonn" } }), "seeds/x.txt": "x\n" });
  const warning = 'stage "a", files.g: no file matches "seeds/*.jsonn"';

  test("is a warning of run, plan and status, once each, also when all is fresh", async ({ p }) => {
    write(p);
    for (const args of [["plan"], ["run", "-n"], ["status"], ["run"], ["run"], ["run"], ["run"], ["status"]]) {
      const result = await p.dag(...args);
      expect(result.stderr.split(warning).length, args.join(" ")).toBe(2);
      expect(result.stderr).toContain(`warning: ${warning}\n`);
    }
    for (const args of [["run", "--json"], ["plan", "--json"], ["status", "--json"]]) expect((await p.dag(...args)).events.filter(({ event }) => event === "warning")).toEqual([{ event: "warning", message: warning }]);
  });

  test("is none once it matches", async ({ p }) => {
    write(p);
    const result = await p.dag("run", "-p", "glob=seeds/*");
    expect(result.code).toBe(0);
    expect(result.stderr).not.toContain("warning");
  });
});

describe("a time", () => {
  test("is said in its two largest units, however long a server asks to wait", () => {
    expect([410, 95_000, 3_599_400, 3_600_000, 5_400_000, 172_800_000, 100_000_000_000].map(duration)).toEqual(["0.41 s", "1 min 35 s", "59 min 59 s", "1 h 00 min", "1 h 30 min", "2 d 00 h", "1157 d 09 h"]);
  });
});
