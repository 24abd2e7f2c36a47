/** Bytes depend on declared inputs only: not on the directory, the locale, the time zone, the user or the number of jobs. */
import { cpSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { itemStages, jsonl, people, pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** A pipeline with names that locales sort otherwise, of both kinds of stage, without the log (its path would be an input). */
function world(p: Project): Project {
  return p.write({
    "seeds/ä.txt": "ä\n", "seeds/z.txt": "z\n", "seeds/Z.txt": "Z\n", "seeds/a.txt": "a\n", "seeds/I.txt": "I\n", "seeds/ı.txt": "ı\n", "seeds/_.txt": "_\n", "seeds/10.txt": "10\n", "seeds/9.txt": "9\n",
    "people.jsonl": people(10),
    "stages/list.ts": 'export default async ({ files }) => { const out = []; for (const name of files.seeds.names) out.push({ id: name, text: await files.seeds.text(name) }); return out; };\n',
    "stages/each.ts": 'export default ({ item, random, axis }) => ({ id: item.id, n: random("n").next(), noise: axis.noise });\n',
    "stages/zeta.ts": 'export default async ({ needs }) => ({ n: needs.each.cells().length, ö: 1, z: 2, a: 3 });\n',
    "pipeline.yaml": pipeline(
      {
        zeta: { run: "stages/zeta.ts", needs: ["each"], output: "zeta.json" },
        list: { run: "stages/list.ts", files: { seeds: "seeds/*.txt" } },
        dir: { cmd: "mkdir -p {output}; for f in {files.seeds}/*; do cp \"$f\" {output}/; done; sort {output}/* > {output}/sorted.txt; date -d @0 +%c > {output}/date.txt 2>/dev/null || true", files: { seeds: "seeds/" }, output: "dir/" },
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        each: { run: "stages/each.ts", each: "people", params: ["seed"], matrix: { noise: [0, 0.3, 0.5, 0.7] } },
      },
      { params: { seed: 1 } },
    ),
  });
}

describe.concurrent("equal bytes", () => {
  test("in two directories, locales and time zones, with other umask, home and TMPDIR", async ({ p, q }) => {
    world(p);
    world(q);
    q.env = { ...q.env, LC_ALL: "tr_TR.UTF-8", LANG: "de_DE.UTF-8", TZ: "Pacific/Kiritimati", LANGUAGE: "tr", USER: "somebody", SOURCE_DATE_EPOCH: "1" };
    p.env = { ...p.env, TZ: "America/New_York" };
    await p.built("-j", "1");
    const umask = await q.with({ command: ["sh", "-c", 'umask 077; exec "$@"', "sh", process.execPath, q.binary, "run"] });
    expect(umask.code, umask.stderr).toBe(0);
    expect(Object.keys(q.artifacts())).toEqual(Object.keys(p.artifacts()));
    const differing = Object.entries(p.artifacts()).filter(([path, hash]) => q.artifacts()[path] !== hash).map(([path]) => path);
    expect(differing).toEqual([]);
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
    expect((await p.dag("hash", "--build")).stdout).toBe((await q.dag("hash", "--build")).stdout);
  });

  test("for -j 1 and -j 16", async ({ p, q }) => {
    world(p);
    world(q);
    await p.built("-j", "1");
    await q.built("-j", "16");
    expect(q.artifacts()).toEqual(p.artifacts());
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
  });

  test("a project moved or copied with its cache is fresh", async ({ p, q }) => {
    world(p);
    await p.built();
    cpSync(p.root, q.root, { recursive: true, preserveTimestamps: false });
    expect((await q.built()).done.ran).toEqual([]);
    expect((await q.dag("status")).code).toBe(0);
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
  });

  test("a fresh checkout with other mtimes needs no run where the artifacts are there", async ({ p }) => {
    world(p);
    await p.built();
    for (const name of ["seeds/a.txt", "pipeline.yaml", "stages/each.ts", "people.jsonl"]) utimesSync(p.path(name), 1e9, 1e9);
    expect((await p.built()).done.ran).toEqual([]);
  });

  test("in a path with spaces, quotes, glob characters and non-ASCII letters", async ({ p, q }) => {
    world(p);
    q.moveTo("it's a \"strange\" [dir] {x} $HOME é ;&|");
    world(q);
    await p.built();
    await q.built();
    expect(q.artifacts()).toEqual(p.artifacts());
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
  });

  test("through a symlinked directory and with -C from elsewhere", async ({ p, q }) => {
    world(p);
    world(q);
    await p.built();
    const result = await q.with({ cwd: q.base }, "-C", q.root, "run", "--json");
    expect(result.code, result.stderr).toBe(0);
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
    const after = await q.with({ cwd: q.base }, "run", "-C", "somewhere/else entirely", "--json");
    expect(after.done.ran).toEqual([]);
    symlinkSync(q.root, join(q.base, "link"));
    const linked = await q.with({ cwd: q.base }, "run", "-C", "link", "--json");
    expect(linked.done.ran).toEqual([]);
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
  });

  test("when items finish in any order", async ({ p, q }) => {
    for (const project of [p, q]) {
      const stages = itemStages(project, "module");
      project.write({ "people.jsonl": people(20), "pipeline.yaml": pipeline(stages) });
      // One of the two waits longer for early items, the other for late ones.
      const delay = project === p ? "20 - item.n" : "item.n";
      project.write({ "stages/letters.ts": `export default async ({ item }) => { await new Promise((go) => setTimeout(go, ${delay})); return { id: item.id, letter: item.n }; };\n`, "stages/people.ts": "export default async ({ files }) => { const out = []; for await (const r of files.in.records()) out.push(r); return out; };\n", "stages/total.ts": 'export default async ({ needs }) => (await needs.letters.all()).length + "\\n";\n' });
      await project.built("-j", "20");
    }
    expect(q.artifacts()).toEqual(p.artifacts());
    expect(p.read("artifacts/letters.jsonl")).toBe(jsonl(people(20).map(({ id, n }) => ({ id, letter: n }))));
  });
});
