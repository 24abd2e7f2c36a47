/** The scores of dag diff, against numbers worked out by hand. */
import { describe, expect } from "vitest";
import { commit, given } from "./diff.rig.ts";
import { hasTerminal, pipeline, Terminal, test } from "./rig/index.ts";
import type { DagEvent, Project } from "./rig/index.ts";

/** Builds the scores, commits, builds the others in their place. */
async function from(p: Project, before: unknown, after: unknown, name = "scores.jsonl"): Promise<Project> {
  given(p, name, before);
  await p.built();
  commit(p);
  p.write({ [name]: after });
  await p.built();
  return p;
}

async function text(p: Project, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await p.dag("diff", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function scores(p: Project, ...args: string[]): Promise<DagEvent[]> {
  const { events } = await p.dag("diff", "--json", ...args);
  return events.filter(({ event }) => event === "score");
}

const questions = (n: number, of: (i: number) => Record<string, unknown>): Record<string, unknown>[] => Array.from({ length: n }, (_, i) => ({ id: `q${i}`, ...of(i) }));

describe.concurrent("scores before and after", () => {
  test("a score that moves in every pair is clear, one that does not is equal, and whole numbers that stay are no scores", async ({ p }) => {
    // Six differences of +0.5: of the 64 ways to flip their signs only +++… and ---… reach the sum, so p is 2/64; every resample has the mean 0.5.
    await from(p, questions(6, () => ({ f1: 0.25, recall: 0.5, hops: 2 })), questions(6, () => ({ f1: 0.75, recall: 0.5, hops: 2 })));
    expect(await scores(p)).toEqual([
      { event: "score", cell: "scores", file: "", metric: "f1", group: {}, detail: false, n: 6, moved: 6, unpaired: 0, lost: 0, before: 0.25, after: 0.75, test: { difference: 0.5, low: 0.5, high: 0.5, p: 0.03125, p_holm: 0.03125, tests: 1, exact: true, clusters: 6, people: [] }, verdict: "up" },
      { event: "score", cell: "scores", file: "", metric: "recall", group: {}, detail: false, n: 6, moved: 0, unpaired: 0, lost: 0, before: 0.5, after: 0.5, test: { difference: 0, low: 0, high: 0, p: 1, p_holm: 1, tests: 1, exact: true, clusters: 6, people: [] }, verdict: "same" },
    ]);
    expect(await text(p)).toContain(`
scores: 6 records paired by id
  f1      .250 → .750  +.500 [+.500, +.500]  up (p .031)
  recall  .500 → .500   .000 [.000, .000]    equal

Means over the same records on both sides, 95 % interval of their difference. p:
sign flips of records.
`);
  });

  test("p is corrected for the number of tests, and what holds for one test alone is called weak", async ({ p }) => {
    // precision: +0.2 in three of six pairs: 2 of 8 flips reach it, p = 1/4. Holm: the smaller p doubles, 0.0625.
    await from(p, questions(6, () => ({ f1: 0.25, precision: 0.5 })), questions(6, (i) => ({ f1: 0.75, precision: i < 3 ? 0.7 : 0.5 })));
    const [f1, precision] = await scores(p);
    expect(f1).toMatchObject({ verdict: "weak", test: { p: 0.03125, p_holm: 0.0625, tests: 2 } });
    expect(precision).toMatchObject({ verdict: "none", moved: 3, test: { p: 0.25, p_holm: 0.25, tests: 2 } });
    expect((precision?.["test"] as { difference: number }).difference).toBeCloseTo(0.1, 12);
    const shown = await text(p);
    expect(shown).toContain("weak\n");
    expect(shown).toContain("no clear change\n");
    expect(shown.replace(/\s+/g, " ")).toContain("p: sign flips of records, after Holm's correction for 2 tests. With 6 records none of 2 tests can be clear after correction: that takes 7. Weak: clear if it were the only test. No clear change: chance could do as much.");
  });

  test("the scores of a matrix are one table, and their tests one family", async ({ p }) => {
    const rows = (f1: number): object[] => questions(6, () => ({ f1 }));
    p.write({ "pipeline.yaml": pipeline({ scores: { cmd: "cp {files.in} {output}", files: { in: "in.jsonl" }, matrix: { noise: [0, 0.5] } } }), "in.jsonl": rows(0.25) });
    await p.built();
    commit(p);
    p.write({ "in.jsonl": rows(0.75) });
    await p.built();
    // Each alone has p = 2/64; of two, the smaller is doubled.
    for (const change of await scores(p)) expect(change).toMatchObject({ verdict: "weak", test: { p: 0.03125, p_holm: 0.0625, tests: 2 } });
    const shown = await text(p);
    expect(shown).toContain("scores (2 cells): 12 records paired by id\n  f1  2 groups: 2 weak\n\nf1\n  noise=0    .250 → .750  +.500 [+.500, +.500]  weak\n  noise=0.5  .250");
    expect(shown).toContain("for 2 tests");
  });

  test("interval and p are over people, and a person's number counts within the community", async ({ p }) => {
    // All of person 0 gain 1, person 1 nothing: resampling the two people gives means 0, 0.5 and 1; only the one moves, so that either sign is as far out.
    const two = (i: number): object => ({ community: 0, person: i % 2 });
    await from(p, questions(40, (i) => ({ ...two(i), f1: 0 })), questions(40, (i) => ({ ...two(i), f1: i % 2 === 0 ? 1 : 0 })));
    const [change] = await scores(p);
    expect(change).toMatchObject({ verdict: "few", before: 0, after: 0.5, test: { difference: 0.5, low: 0, high: 1, p: 1, clusters: 2, people: ["community", "person"] } });
    const shown = await text(p);
    expect(shown).toContain("40 records paired by id, tested over 2 people (community, person)\n  f1  .000 → .500  +.500   too few people (2)\n");
    expect(shown.replace(/\s+/g, " ")).toContain("Too few people: with fewer than 6 no change can be told from chance. ");
    expect(shown).not.toContain("sign flips");
    // The same numbers in three communities are six people, and they all gain: 2 of 64 ways to flip their signs.
    const six = (i: number): object => ({ community: i % 3, person: Math.floor(i / 3) % 2 });
    p.write({ "scores.jsonl": questions(42, (i) => ({ ...six(i), f1: 0 })) });
    await p.built();
    commit(p);
    p.write({ "scores.jsonl": questions(42, (i) => ({ ...six(i), f1: 0.5 })) });
    await p.built();
    expect((await scores(p))[0]).toMatchObject({ verdict: "up", test: { low: 0.5, high: 0.5, p: 0.03125, clusters: 6 } });
  });

  test("one person's questions are no evidence, however many they are and however much they gain", async ({ p }) => {
    await from(p, questions(200, () => ({ person_id: 7, f1: 0.25 })), questions(200, () => ({ person_id: 7, f1: 0.75 })));
    expect(await scores(p)).toMatchObject([{ verdict: "few", n: 200, moved: 200, test: { p: 1, clusters: 1, people: ["person_id"] } }]);
    const shown = await text(p);
    expect(shown).toContain("200 records paired by id, all about one person (person_id)\n  f1  .250 → .750  +.500   too few people (1)\n");
    expect(shown).not.toContain("1 person");
  });

  test("people whose answers move together do not make a change clear where nothing changed but them", async ({ p }) => {
    // Six people, each with 30 questions that move alike, by as much up as down but for one: single questions would be called clear.
    const shifts = [0.3, 0.2, 0.25, -0.2, 0.1, -0.1];
    const rows = (times: number): object[] => questions(180, (i) => ({ person: i % 6, f1: 0.4 + times * (shifts[i % 6] ?? 0) }));
    await from(p, rows(0), rows(1));
    expect(await scores(p)).toMatchObject([{ verdict: "none", test: { clusters: 6, exact: true } }]);
    // Of the 64 signs of 30, 20, 25, -20, 10, -10 (sum 55) so many reach as far.
    const sums = Array.from({ length: 64 }, (_, signs) => [30, 20, 25, 20, 10, 10].reduce((sum, value, at) => sum + ((signs >> at) & 1 ? -value : value), 0));
    expect(((await scores(p))[0]?.["test"] as { p: number }).p).toBe(sums.filter((sum) => Math.abs(sum) >= 55).length / 64);
  });

  test("records that have lost their number are told beside the change, and a number that is gone altogether is not forgotten", async ({ p }) => {
    await from(p, questions(60, (i) => ({ f1: i % 2, old: 0.5, em: 1 })), questions(60, (i) => ({ f1: i % 2 === 0 ? null : 1.5, old: null, em: 0 })));
    const found = await scores(p);
    expect(found.find(({ metric }) => metric === "f1")).toMatchObject({ n: 30, moved: 30, unpaired: 30, lost: 30, verdict: "up" });
    expect(found.find(({ metric }) => metric === "old")).toMatchObject({ n: 0, unpaired: 60, lost: 60, before: 0.5, after: null, test: null, verdict: "untested" });
    const shown = await text(p);
    expect(shown).toMatch(/\n {2}f1 +1\.000 → 1\.500 +\+\.500 \[\+\.500, \+\.500\] +up \(p <\.001\)\n {4}30 of 60 have no f1 now: not in these means\n/);
    expect(shown).toMatch(/\n {2}old +\.500 → +none +no pairs\n {4}60 of 60 have no old now\n/);
    // In groups the tally says it too, and the rows of groups that lost most are among those shown.
    const grouped = (now: boolean): object[] => ["a", "b"].flatMap((system) => questions(10, (i) => ({ id: `${system}${i}`, system, f1: now && system === "b" && i < 4 ? null : 0.5 })));
    p.write({ "scores.jsonl": grouped(false) });
    await p.built();
    commit(p);
    p.write({ "scores.jsonl": grouped(true) });
    await p.built();
    expect(await text(p)).toContain("  f1  equal in all 2 groups; 4 of 20 have no f1 now: not in these means\n\nf1\n  b  .500 → .500  .000 [.000, .000]  equal\n    4 of 10 have no f1 now: not in these means\n");
  });

  test("systems, noise levels and modes are told apart; fields that describe a part only with --all", async ({ p }) => {
    const rows = (gain: number): object[] => ["a", "b"].flatMap((system) => [0, 0.5].flatMap((noise) => questions(6, (i) => ({ id: `q${i}@${system},${noise}`, system, reader: system, noise, k: 5, category: i < 3 ? "easy" : "hard", f1: 0.25 + (system === "a" && noise === 0 ? gain : 0), compat: { f1: 0.5 + gain } }))));
    await from(p, rows(0), rows(0.5));
    const main = await scores(p);
    expect(main.map(({ group, verdict }) => ({ group, verdict }))).toEqual([
      { group: { k: 5, noise: 0, system: "a" }, verdict: "up" },
      { group: { k: 5, noise: 0.5, system: "a" }, verdict: "same" },
      { group: { k: 5, noise: 0, system: "b" }, verdict: "same" },
      { group: { k: 5, noise: 0.5, system: "b" }, verdict: "same" },
    ]);
    const all = await scores(p, "--all");
    expect(all.slice(0, 4)).toEqual(main);
    expect(all.filter(({ metric }) => metric === "compat.f1")).toHaveLength(4);
    expect(all.filter(({ group }) => (group as { category?: string }).category === "hard")).toHaveLength(4);
    expect(all.slice(4).every(({ detail }) => detail === true)).toBe(true);
    expect(await text(p)).toContain("  f1  4 groups: 1 up, 3 equal\n\nf1\n  a, noise 0  .250 → .750  +.500 [+.500, +.500]  up (p .031)\n  and 3 more: --all\n");
  });

  test("where another system takes one's place, records are paired by what was asked, and each side's groups without a partner are named", async ({ p, q }) => {
    const rows = (reader: string, f1: number): object[] => ["bm25", "dense"].flatMap((retriever) => questions(7, (i) => ({ id: `q${i}@${reader}+${retriever}`, question: `q${i}`, system: `${reader}+${retriever}`, reader, retriever, f1 })));
    await from(p, [...rows("r0", 0.5), ...rows("r1", 0.25)], [...rows("r0", 0.5), ...rows("r2", 0.75)]);
    expect((await scores(p)).map(({ group, verdict, before, after, renamed }) => ({ group, verdict, before, after, renamed }))).toEqual([
      { group: { system: "r0+bm25" }, verdict: "same", before: 0.5, after: 0.5, renamed: undefined },
      { group: { system: "r0+dense" }, verdict: "same", before: 0.5, after: 0.5, renamed: undefined },
      { group: { system: "r1+bm25 → r2+bm25" }, verdict: "up", before: 0.25, after: 0.75, renamed: { pairs: 7, by: ["question", "retriever"] } },
      { group: { system: "r1+dense → r2+dense" }, verdict: "up", before: 0.25, after: 0.75, renamed: { pairs: 7, by: ["question", "retriever"] } },
    ]);
    const shown = await text(p);
    expect(shown).toContain("28 records paired by id, or where systems have other names by\n  question, retriever\n  f1  4 groups: 2 up, 2 equal\n");
    expect(shown).not.toContain("not compared");
    // Two in place of one: which is whose, nobody can say.
    await from(q, [...rows("r0", 0.5), ...rows("r1", 0.25)], [...rows("r0", 0.5), ...rows("r2", 0.75), ...rows("r3", 0.75)]);
    expect(await scores(q)).toMatchObject([{ group: { system: "r0+bm25" }, verdict: "same" }, { group: { system: "r0+dense" }, verdict: "same" }]);
    expect((await text(q)).replace(/\s+/g, " ")).toContain("not compared scores: 4 of 6 groups of now have no partner (r2+bm25; r2+dense; r3+bm25; …), 2 of 4 groups of before have no partner (r1+bm25; r1+dense)");
    // Other questions are never taken for another system.
    const asked = (from: number): object[] => questions(7, (i) => ({ id: `${from}${i}`, question: from + i, system: "s", f1: 0.5 }));
    q.write({ "scores.jsonl": [...rows("r0", 0.5), ...asked(10)] });
    await q.built();
    commit(q);
    q.write({ "scores.jsonl": [...rows("r0", 0.5), ...asked(50)] });
    await q.built();
    expect((await scores(q)).map(({ group }) => (group as { system: string }).system)).toEqual(["r0+bm25", "r0+dense"]);
  });

  test("hundreds of systems stay groups; of more than a thousand it is said that they are one", async ({ p }) => {
    const rows = (systems: number, gain: number): object[] => Array.from({ length: systems }, (_, s) => questions(6, (i) => ({ id: `${i}@${s}`, system: `s${s}`, f1: 0.25 + (s === 0 ? gain : 0) }))).flat();
    await from(p, rows(60, 0), rows(60, 0.5));
    const found = await scores(p);
    expect(found).toHaveLength(60);
    expect(found.filter(({ verdict }) => verdict === "up")).toMatchObject([{ group: { system: "s0" } }]);
    p.write({ "scores.jsonl": rows(1001, 0) });
    await p.built();
    commit(p);
    p.write({ "scores.jsonl": rows(1001, 0.5) });
    await p.built();
    expect(await scores(p)).toMatchObject([{ group: {}, n: 6006 }]);
    expect(await text(p)).toContain("\nnot compared\n  scores: more than 1,000 values of system: not told apart\n");
  });

  test("true counts as 1, null as nothing, and a field that is an id or an index as no score", async ({ p }) => {
    const rows = (right: number): object[] => questions(8, (i) => ({ correct: i < right, confidence: i === 7 ? null : 0.5, row_id: right, index: i + right, seed: right }));
    await from(p, rows(2), rows(8));
    const found = await scores(p);
    expect(found.map(({ metric }) => metric)).toEqual(["confidence", "correct"]);
    expect(found[0]).toMatchObject({ n: 7, moved: 0, verdict: "same" });
    expect(found[1]).toMatchObject({ n: 8, before: 0.25, after: 1, moved: 6, test: { p: 0.03125 }, verdict: "up" });
  });

  test("only records of one id are paired, whatever their order; without common ids nothing is claimed", async ({ p }) => {
    const old = questions(6, () => ({ f1: 0.25 }));
    await from(p, old, [{ id: "new", f1: 9 }, ...questions(5, () => ({ f1: 0.25 })).reverse(), { id: "q5", f1: 0.5 }]);
    expect((await scores(p))[0]).toMatchObject({ n: 6, moved: 1, before: 0.25, after: 1.75 / 6 });
    p.write({ "scores.jsonl": old.map((record) => ({ ...record, id: `other ${String(record["id"])}` })) });
    await p.built();
    expect(await scores(p)).toEqual([]);
    expect(await text(p)).toContain("not compared\n  scores: has no id in common with before: nothing can be paired\n");
  });

  test("many pairs are sampled, and the sample is the same every time", async ({ p }) => {
    await from(p, questions(400, (i) => ({ f1: (i % 7) / 10 })), questions(400, (i) => ({ f1: (i % 7) / 10 + (i % 3 === 0 ? 0.1 : -0.02) })));
    const first = await scores(p);
    expect(first[0]).toMatchObject({ n: 400, moved: 400, verdict: "up", test: { exact: false } });
    expect((first[0]?.["test"] as { p: number }).p).toBe(1 / 10_001);
    expect(await scores(p)).toEqual(first);
  });

  test("numbers of a JSON file are put side by side by what names them, with the intervals it gives, and not tested", async ({ p }) => {
    const metrics = (f1: number, high: number, loss: number): object => ({ people: 5, loss, metrics: [{ metric: "f1", system: "a", noise: 0.5, n: 9, value: f1, low: f1 - 0.1, high }, { metric: "f1", system: "b", noise: 0.5, n: 9, value: 0.5, low: 0.4, high: 0.6 }] });
    await from(p, metrics(0.25, 0.35, 1.5), { ...metrics(0.875, 0.975, 2), metrics: (metrics(0.875, 0.975, 2) as { metrics: unknown[] }).metrics.reverse() }, "metrics.json");
    expect(await scores(p)).toEqual([
      { event: "score", cell: "scores", file: "", metric: "loss", group: {}, detail: false, n: 1, moved: 1, unpaired: 0, lost: 0, before: 1.5, after: 2, test: null, verdict: "untested" },
      { event: "score", cell: "scores", file: "", metric: "metrics f1", group: { system: "a", noise: 0.5 }, detail: false, n: 1, moved: 1, unpaired: 0, lost: 0, before: 0.25, after: 0.875, intervals: { before: [0.15, 0.35], after: [0.775, 0.975] }, test: null, verdict: "untested" },
    ]);
    const shown = await text(p);
    expect(shown).toContain("scores: 2 numbers differ (not tested)\n");
    expect(shown).toMatch(/\n {2}metrics f1 a, noise 0\.5 +\.250 → +\.875 {2}intervals do not overlap\n/);
    p.write({ "metrics.json": metrics(0.3, 0.4, 1.5) });
    await p.built();
    expect(await text(p)).toMatch(/\.250 → \.300 {2}no clear change: intervals overlap\n/);
  });

  test("scores are looked for in cells that nothing needs, or where --scores says", async ({ p }) => {
    const stages = { a: { cmd: "cp {files.in} {output}", files: { in: "a.jsonl" }, output: "a.jsonl" }, b: { cmd: "wc -c < {needs.a} > {output}", needs: ["a"], output: "b.txt" } };
    p.write({ "pipeline.yaml": pipeline(stages), "a.jsonl": questions(6, () => ({ f1: 0.25 })) });
    await p.built();
    commit(p);
    p.write({ "a.jsonl": questions(6, () => ({ f1: 0.5 })) });
    await p.built();
    expect(await scores(p)).toEqual([]);
    expect(await scores(p, "--scores", "a")).toMatchObject([{ cell: "a", metric: "f1", verdict: "up" }]);
    const { code, stderr } = await p.dag("diff", "--scores", "aa");
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'dag: --scores: both builds have no cell or stage "aa"; did you mean "a"?\n' });
  });

  test("scores that are all nested are scores, beside others they are details", async ({ p, q }) => {
    const rows = (f1: number): object[] => questions(6, () => ({ scores: { f1, em: 0.5 } }));
    await from(p, rows(0.25), rows(0.75));
    expect(await scores(p)).toMatchObject([{ metric: "scores.em", detail: false, verdict: "same" }, { metric: "scores.f1", detail: false, verdict: "up", test: { tests: 1 } }]);
    await from(q, rows(0.25).map((row) => ({ ...row, f1: 0.5 })), rows(0.75).map((row) => ({ ...row, f1: 0.5 })));
    expect((await scores(q)).map(({ metric }) => metric)).toEqual(["f1"]);
  });

  test("--scores of a stage that has none says why", async ({ p }) => {
    const stages = { a: { cmd: "cp {files.in} {output}", files: { in: "a.jsonl" }, output: "a.jsonl" }, b: { cmd: "echo 1 > {output}", output: "b.json" }, c: { cmd: "cat {needs.a} {needs.b} > {output}", needs: ["a", "b"], output: "c.txt" } };
    p.write({ "pipeline.yaml": pipeline(stages), "a.jsonl": [{ id: "x", text: "one" }] });
    await p.built();
    commit(p);
    p.write({ "a.jsonl": [{ id: "x", text: "two" }] });
    await p.built();
    expect(await text(p, "--scores", "a", "--scores", "b")).toContain("\n\na: no number to compare in records with an id, or in JSON\n\nb: the same bytes on both sides, so all its numbers are equal\n");
  });

  test("names are cut where they do not tell rows apart, only on a terminal; --all into a pipe cuts nothing", async ({ p }) => {
    const name = "a-reader-of-great-length-and-dignity+a-retriever-of-no-less-standing";
    const rows = (f1: number): object[] => [0, 0.3, 0.5].flatMap((noise) => questions(6, (i) => ({ id: `q${i}@${noise}`, system: `${name}`, noise, f1, note: "x".repeat(99) + String(f1) }))).concat(questions(6, (i) => ({ id: `o${i}`, system: "o", noise: 0, f1 })));
    await from(p, rows(0.25), rows(0.75));
    const shown = await text(p);
    for (const noise of [0, 0.3, 0.5]) expect(shown).toContain(`\n  ${name}, noise ${noise}  `);
    expect((await text(p, "--all", "--items")).includes("…")).toBe(false);
    if (!hasTerminal) return;
    const terminal = new Terminal(p, ["diff"], { columns: 80 });
    await terminal.result;
    const lines = terminal.screen().filter((line) => line.includes("…") && line.includes("weak"));
    expect(lines).toHaveLength(3);
    for (const noise of [0, 0.3, 0.5]) expect(lines.filter((line) => line.includes(`, noise ${noise}  `))).toHaveLength(1);
  });

  test("large numbers have no decimals forced upon them, and columns stand one below the other", async ({ p }) => {
    await from(p, questions(6, () => ({ tokens: 20_241_029, latency: 7, loss: 0.503 })), questions(6, () => ({ tokens: 20_241_035, latency: 9, loss: -0.001 })));
    expect(await text(p)).toContain(`
  latency           7 →          9     +2 [+2, +2]        weak
  loss           .503 →      -.001  -.504 [-.504, -.504]  weak
  tokens   20,241,029 → 20,241,035     +6 [+6, +6]        weak
`);
  });

  test("what a hostile score file holds cannot break the comparison", async ({ p }) => {
    const deep = `{"id":"d","x":${'{"y":'.repeat(2000)}1${"}".repeat(2000)}}`;
    const lines = (n: number): string => `${deep}\nnot json\n[1]\n"x"\n{"id":5,"f1":1}\n{"id":"__proto__","f1":${n},"__proto__":{"f1":3},"constructor":${n}}\n{"id":"q","f1":1e308,"toString":${n}}\n{"id":"q","f1":2}\n${JSON.stringify({ id: "many", ...Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`m${i}`, n])) })}\n`;
    given(p, "scores.txt", lines(0.25));
    p.write({ "pipeline.yaml": pipeline({ scores: { cmd: "mkdir {output}; cp {files.in} {output}/scores.jsonl", files: { in: "scores.txt" }, output: "scores/" } }) });
    await p.built();
    commit(p);
    p.write({ "scores.txt": lines(0.75) });
    await p.built();
    expect((await scores(p)).find(({ metric }) => metric === "f1")).toMatchObject({ n: 3, moved: 1 });
    expect(await text(p)).toContain("scores scores.jsonl: ");
  });
});
