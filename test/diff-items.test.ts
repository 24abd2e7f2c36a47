/** The records of dag diff: which came, went and changed, and in what. */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { describe, expect } from "vitest";
import { commit, git, given } from "./diff.rig.ts";
import { pipeline, test } from "./rig/index.ts";
import type { DagEvent, Project } from "./rig/index.ts";

async function from(p: Project, before: unknown, after: unknown, name = "records.jsonl"): Promise<Project> {
  given(p, name, before);
  await p.built();
  commit(p);
  p.write({ [name]: after });
  await p.built();
  return p;
}

async function items(p: Project, ...args: string[]): Promise<DagEvent[]> {
  const { code, events } = await p.dag("diff", "--json", ...args);
  expect(code).toBe(0);
  return events.filter(({ event }) => event === "item" || event === "items");
}

const of = (change: string, id: string, ...fields: object[]): object => ({ event: "item", cell: "scores", file: "", id, change, fields });

describe.concurrent("records before and after", () => {
  test("are added, removed and changed by id, with the paths of the fields that differ", async ({ p }) => {
    await from(
      p,
      [{ id: "same", a: 1 }, { id: "moved", a: 1 }, { id: "gone", a: 1 }, { id: "deep", answers: [{ text: "x" }, { text: "y", n: 1 }], note: null }, { id: "spelled", a: 1, b: 2 }],
      `{"id":"moved","a":1}\n{"id":"same","a":1}\n{"id":"deep","answers":[{"text":"x"},{"text":"${"z".repeat(99)}","n":2}],"note":"now","extra":true}\n{"b":2,"a":1, "id":"spelled"}\n{"id":"came","a":1}\n`,
    );
    expect(await items(p)).toEqual([
      of("changed", "deep", { path: "answers[1].n", before: 1, after: 2 }, { path: "answers[1].text", before: "y" }, { path: "extra", after: true }, { path: "note", before: null, after: "now" }),
      of("added", "came"),
      of("removed", "gone"),
      { event: "items", cell: "scores", file: "", added: 1, removed: 1, changed: 1, same: 3 },
    ]);
    const { stdout } = await p.dag("diff");
    expect(stdout).toContain(`
records
  scores: 1 changed, 1 added, 1 removed (5 records before and after)
    fields that differ: answers[].n, answers[].text, extra, note
    ~ deep: answers[1].n 1 → 2, answers[1].text, extra, note null → "now"
    + came
    - gone
`);
  });

  test("without an id are told by their content, equal ones by their number", async ({ p }) => {
    await from(p, '{"a":1}\n{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":3}\n{"a":1}\n{"a":1}\n');
    const found = await items(p);
    expect(found.at(-1)).toMatchObject({ added: 2, removed: 1, changed: 0, same: 2 });
    expect(found.every(({ id }) => id === undefined)).toBe(true);
  });

  test("of a JSON list count too, a JSON value that is none does not", async ({ p, q }) => {
    await from(p, '[{"id":"a","n":1},{"id":"b","n":1}]', '[{"id":"b","n":2},{"id":"c","n":1}]', "records.json");
    expect(await items(p)).toEqual([of("changed", "b", { path: "n", before: 1, after: 2 }), of("added", "c"), of("removed", "a"), { event: "items", cell: "scores", file: "", added: 1, removed: 1, changed: 1, same: 0 }]);
    await from(q, "[1,2]", "[1,3]", "records.json");
    expect(await items(q)).toEqual([]);
  });

  test("--items names every one, and of a file in a directory the file too", async ({ p }) => {
    const rows = (n: number): string => Array.from({ length: 20 }, (_, i) => `{"id":"r${i}","n":${n}}\n`).join("");
    p.write({ "pipeline.yaml": pipeline({ d: { cmd: "mkdir {output}; cp {files.in} {output}/rows.jsonl; echo same > {output}/same.txt", files: { in: "in.txt" }, output: "d/" } }), "in.txt": rows(1) });
    await p.built();
    commit(p);
    p.write({ "in.txt": rows(2) });
    await p.built();
    const { stdout } = await p.dag("diff", "--items");
    expect(stdout.match(/^ {4}~ r\d+: n 1 → 2$/gm)).toHaveLength(20);
    expect(stdout).toContain("  d rows.jsonl: 20 changed of 20 records\n");
    expect((await p.dag("diff")).stdout.match(/^ {4}~ /gm)).toHaveLength(3);
  });

  test("whose bytes are no longer kept are named, with the way to get them back", async ({ p }) => {
    await from(p, [{ id: "a", n: 1 }], [{ id: "a", n: 2 }]);
    p.remove("cache/objects");
    const { code, stdout } = await p.dag("diff");
    expect(code).toBe(0);
    expect(stdout).toContain("\nnot compared\n  of HEAD these bytes are no longer kept: scores\n    git checkout HEAD && dag run && git checkout - && dag run\n");
    expect(stdout).not.toContain("\nrecords\n");
    // What lies in artifacts/ needs no store: only the older side is gone.
    expect((await p.dag("diff", "--json")).events.filter(({ event }) => event === "unread")).toEqual([{ event: "unread", cell: "scores", file: "", why: "before-gone", message: "its bytes of before are no longer kept" }]);
    // The advice is good.
    git(p, "stash", "-q");
    await p.built();
    git(p, "stash", "pop", "-q");
    await p.built();
    expect(await items(p)).toHaveLength(2);
  });

  test("of a directory with several files are told below their file, and a number is an id as its text is", async ({ p }) => {
    const stage = { d: { cmd: "mkdir {output}; cp {files.one} {output}/one.jsonl; cp {files.two} {output}/two.jsonl", files: { one: "one.jsonl", two: "two.jsonl" }, output: "d/" } };
    p.write({ "pipeline.yaml": pipeline(stage), "one.jsonl": [{ id: 1, n: 1 }, { id: 2, n: 1 }], "two.jsonl": [{ id: "x", m: "a" }] });
    await p.built();
    commit(p);
    p.write({ "one.jsonl": [{ id: 1, n: 2 }, { id: "2", n: 1 }, { id: 3, n: 1 }], "two.jsonl": [{ id: "x", m: "b" }] });
    await p.built();
    expect((await p.dag("diff")).stdout).toContain(`
records
  d one.jsonl: 2 changed, 1 added (2 → 3 records)
    fields that differ: id, n
    ~ 1: n 1 → 2
    ~ 2: id 2 → "2"
    + 3
  d two.jsonl: 1 changed of 1 record
    fields that differ: m
    ~ x: m "a" → "b"
`);
    expect((await p.dag("diff", "--items")).stdout).toContain('\nrecords\n  d one.jsonl\n    ~ 1: n 1 → 2\n    ~ 2: id 2 → "2"\n    + 3\n  d two.jsonl\n    ~ x: m "a" → "b"\n  d one.jsonl: ');
  });

  test("of a directory of which neither side keeps anything are not forgotten", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ d: { cmd: "mkdir {output}; cp {files.in} {output}/rows.jsonl; echo same > {output}/same.txt", files: { in: "in.jsonl" }, output: "d/" } }), "in.jsonl": [{ id: "a", n: 1 }] });
    await p.built();
    commit(p);
    p.write({ "in.jsonl": [{ id: "a", n: 2 }] });
    await p.built();
    commit(p);
    p.remove("cache/objects");
    p.remove("artifacts");
    const { code, stdout } = await p.dag("diff", "HEAD~1", "HEAD");
    expect(code).toBe(0);
    expect(stdout).toContain("\nnot compared\n  of HEAD~1 these bytes are no longer kept: d\n    git checkout HEAD~1 && dag run && git checkout - && dag run\n  of HEAD these bytes are no longer kept: d\n");
    const { events } = await p.dag("diff", "HEAD~1", "HEAD", "--json");
    expect(events.filter(({ event }) => event === "unread").map(({ why }) => why)).toEqual(["before-gone", "after-gone"]);
    expect(events.at(-1)).toMatchObject({ event: "done", unread: 2 });
  });

  test("a stored artifact that is not what its name says is never read", async ({ p }) => {
    await from(p, [{ id: "a", n: 1 }], [{ id: "a", n: 2 }]);
    const before = createHash("sha256").update('{"id":"a","n":1}\n').digest("hex");
    p.remove(`cache/objects/${before.slice(0, 2)}/${before.slice(2)}`);
    p.write({ [`cache/objects/${before.slice(0, 2)}/${before.slice(2)}`]: '{"id":"a","n":7}\n' });
    const { stdout } = await p.dag("diff");
    expect(stdout).toContain("these bytes are no longer kept: scores\n");
    expect(stdout).not.toContain('"n":7');
    expect(stdout).not.toContain("~ a");
    expect(p.read(`cache/objects/${before.slice(0, 2)}/${before.slice(2)}`)).toContain("7");
  });

  test("sixty thousand records of a kilobyte are compared in little memory", async ({ p }) => {
    const filler = "x".repeat(1000);
    const write = (name: string, n: (i: number) => number): void => {
      const file = openSync(p.path(name), "w");
      for (let at = 0; at < 60_000; at += 1000) writeSync(file, Array.from({ length: 1000 }, (_, i) => `{"id":"r${at + i}","filler":"${filler}","n":${n(at + i)}}\n`).join(""));
      closeSync(file);
    };
    given(p, "records.jsonl", "");
    write("records.jsonl", () => 1);
    await p.built();
    commit(p, "large");
    write("records.jsonl", (i) => (i % 20_000 === 5 ? 2 : 1));
    await p.built();
    const { code, stdout, stderr } = await p.with({ node: ["--max-old-space-size=80"] }, "diff");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("  scores: 3 changed of 60,000 records\n    fields that differ: n\n    ~ r5: n 1 → 2\n    ~ r20005: n 1 → 2\n    ~ r40005: n 1 → 2\n");
  });
});
