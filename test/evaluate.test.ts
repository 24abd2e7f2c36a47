import Ajv2020 from "ajv/dist/2020.js";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JsonRecord } from "../src/stage/index.ts";
import { gathered, study } from "./evaluate/study.ts";
import { releasedNeeds, RELEASE } from "./evaluate/release.ts";
import { runEvaluate } from "./evaluate/run.ts";

interface Metric { noise: number; system: string; category: string; metric: string; mode: string; value: number | null; low: number | null; high: number | null; n: number; clusters: number }
interface Metrics { metrics: Metric[]; dimensions: { mode: string; dimension: string; value: number | null; low: number | null; high: number | null; z: number | null }[]; comparisons: { p: number; p_holm: number; difference: number }[]; warnings: string[] }

/** Files as they would be written, so that two runs can be compared byte for byte. */
async function files(...parameters: Parameters<typeof runEvaluate>): Promise<Record<string, string>> {
  const out = await runEvaluate(...parameters);
  return Object.fromEntries(Object.entries(out).map(([name, content]) => [name, text(name, content)]));
}

function text(name: string, content: unknown): string {
  if (typeof content === "string") return content;
  return name.endsWith(".jsonl") ? [...(content as Iterable<unknown>)].map((record) => `${JSON.stringify(record)}\n`).join("") : JSON.stringify(content);
}

const records = (jsonl: string): JsonRecord[] => jsonl.trimEnd().split("\n").map((line) => JSON.parse(line) as JsonRecord);
const metricsOf = (out: Record<string, string>): Metrics => JSON.parse(out["metrics.json"] ?? "") as Metrics;
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("evaluate", () => {
  test("leaves every file the contract names", async () => {
    const out = await files(study());
    expect(Object.keys(out).sort()).toEqual([
      "figures/figure3_retrieval_recall.svg", "figures/figure3_retrieval_recall_compat.svg", "figures/figure4_end_to_end_f1.svg", "figures/figure4_end_to_end_f1_compat.svg",
      "figures/figure4_end_to_end_recall.svg", "figures/figure4_end_to_end_recall_compat.svg", "figures/figure5_dimensions.svg", "figures/figure5_dimensions_compat.svg",
      "metrics.json", "results/result_noise_0.0.json", "results/result_noise_0.5.json", "scores.jsonl", "statistics.json", "tables.csv", "tables.md", "tables.tex",
    ]);
  });

  test("equal inputs give equal bytes, figures included", async () => {
    expect(await files(study())).toEqual(await files(study()));
  });

  test("metrics and scores keep to their schemas", async () => {
    const out = await files(study({ readers: ["a", "b"] }));
    const ajv = new Ajv2020.default({ strict: true, strictTypes: false, allErrors: true });
    const check = (path: string, value: unknown): void => {
      const validate = ajv.compile(JSON.parse(readFileSync(path, "utf8")) as object);
      expect(validate(value) ? [] : validate.errors).toEqual([]);
    };
    check("schemas/metrics.schema.json", metricsOf(out));
    const all = records(out["scores.jsonl"] ?? "");
    const validate = ajv.compile(JSON.parse(readFileSync("schemas/score.schema.json", "utf8")) as object);
    for (const record of all) expect(validate(record) ? [] : validate.errors).toEqual([]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  test("one record per scored question, system and noise level; choice questions are counted and not scored", async () => {
    const out = await files(study({ people: 4, questions: 12, noises: [0, 0.5], retrievers: ["bm25", "gold"] }));
    expect(records(out["scores.jsonl"] ?? "")).toHaveLength(4 * 10 * 2 * 2);
    expect(out["tables.md"]).toMatch(/\| Subjective +\| easy +\| +8 \|/);
    expect(out["tables.md"]).toContain("Subjective questions are asked and not scored");
  });

  test("every mean is that of the scores, lies in its interval, and says its n and mode", async () => {
    const out = await files(study());
    const scores = records(out["scores.jsonl"] ?? "");
    const { metrics } = metricsOf(out);
    expect(metrics.filter(({ value }) => value !== null).length).toBeGreaterThan(300);
    for (const row of metrics) {
      if (row.category === "Overall_macro") continue;
      const of = scores.filter((score) => score["system"] === row.system && score["noise"] === row.noise);
      const sides = of.map((score) => (row.mode === "fixed" ? score : (score["compat"] as Record<string, unknown>)));
      const values = sides.filter((side) => row.category === "Overall" || side["category"] === row.category).map((side) => side[row.metric]).filter((value) => typeof value === "number");
      expect(row.n).toBe(values.length);
      if (row.value === null) continue;
      expect(row.value).toBeCloseTo(mean(values), 12);
      expect(row.low ?? NaN).toBeLessThanOrEqual(row.value + 1e-12);
      expect(row.high ?? NaN).toBeGreaterThanOrEqual(row.value - 1e-12);
    }
    const macro = metrics.find((row) => row.category === "Overall_macro" && row.metric === "f1" && row.mode === "fixed");
    const parts = metrics.filter((row) => row.system === macro?.system && row.noise === macro.noise && row.metric === "f1" && row.mode === "fixed" && !row.category.startsWith("Overall"));
    expect(parts).toHaveLength(5);
    expect(macro?.value).toBeCloseTo(mean(parts.map(({ value }) => value ?? NaN)), 12);
  });

  test("scores by the number of things to find cover every scored question once", async () => {
    const out = await files(study({ noises: [0] }));
    const rows = (JSON.parse(out["metrics.json"] ?? "") as { by_size: { system: string; size: number; metric: string; value: number; n: number }[] }).by_size;
    const scores = records(out["scores.jsonl"] ?? "").filter((score) => score["system"] === "reader-1+bm25");
    const own = rows.filter((row) => row.system === "reader-1+bm25" && row.metric === "f1");
    expect(own.map(({ size }) => size)).toEqual([1, 2, 3, 5]);
    expect(own.reduce((sum, { n }) => sum + n, 0)).toBe(scores.length);
    const total = own.reduce((sum, { n, value }) => sum + n * value, 0);
    expect(total).toBeCloseTo(scores.reduce((sum, score) => sum + Number(score["f1"]), 0), 9);
    expect(out["tables.md"]).toContain("| 5 parts F1 |");
  });

  test("Holm's correction never makes a p smaller", async () => {
    const { comparisons } = metricsOf(await files(study({ retrievers: ["bm25", "dense", "hybrid", "gold"] })));
    expect(comparisons).toHaveLength(2 * 6 * 2);
    for (const { p, p_holm } of comparisons) expect(p_holm).toBeGreaterThanOrEqual(p);
    expect(comparisons.some(({ p, p_holm }) => p_holm > p)).toBe(true);
  });

  test("readers are compared with one retriever and retrievers with one reader, rankings once", async () => {
    const { comparisons } = metricsOf(await files(study({ noises: [0], retrievers: ["bm25", "dense"], readers: ["one", "two", "three"] }))) as unknown as { comparisons: { metric: string; a: string; b: string }[] };
    const pairs = (metric: string): string[] => comparisons.filter((row) => row.metric === metric).map(({ a, b }) => `${a} ${b}`);
    expect(pairs("retrieval_recall")).toEqual(["one+bm25 one+dense"]);
    expect(pairs("f1")).toHaveLength(3 + 2 * 3);
    expect(pairs("f1")).toContain("one+bm25 three+bm25");
    expect(pairs("f1")).not.toContain("one+bm25 two+dense");
  });

  test("a LaTeX table longer than a page becomes several, without losing a row", async () => {
    const readers = Array.from({ length: 9 }, (_, i) => `reader-${i}`);
    const out = await files(study({ people: 2, questions: 6, noises: [0, 0.5], retrievers: ["bm25", "dense", "hybrid", "gold"], readers }));
    const tables = (out["tables.tex"] ?? "").split("\\begin{table*}").slice(1);
    for (const table of tables) expect(table.split("\n").filter((line) => line.endsWith("\\\\")).length).toBeLessThanOrEqual(48 + 2);
    const rows = (name: string): number => tables.filter((table) => table.includes(name)).join("\n").split("\n").filter((line) => /^0\.[05] & /.test(line)).length;
    expect(tables.some((table) => table.includes("End-to-end question answering (part 2)"))).toBe(true);
    expect(rows("\\label{tab:table4-fixed")).toBe(2 * 9 * 4);
    expect(new Set((out["tables.tex"] ?? "").match(/\\label\{[^}]*\}/g)).size).toBe(tables.length);
  });

  test("the six dimensions lie in their intervals, and z-scores of an axis have mean 0 and deviation 1", async () => {
    const { dimensions } = metricsOf(await files(study({ retrievers: ["bm25", "dense", "hybrid", "gold"] })));
    const robust = dimensions.filter(({ mode, dimension }) => mode === "fixed" && dimension === "noise_robustness");
    expect(robust).toHaveLength(3);
    expect(mean(robust.map(({ z }) => z ?? NaN))).toBeCloseTo(0, 9);
    expect(Math.sqrt(mean(robust.map(({ z }) => (z ?? NaN) ** 2)))).toBeCloseTo(1, 9);
    // Compat values come from rounded means.
    for (const { value, low, high } of dimensions) if (value !== null) expect([(low ?? NaN) <= value + 0.002, (high ?? NaN) >= value - 0.002]).toEqual([true, true]);
  });

  test("an offline reader is called a simulation on every table and figure, a real one nowhere", async () => {
    const offline = await files(study());
    const md = offline["tables.md"] ?? "";
    expect(md.match(/^## Table/gm)?.length).toBe(md.match(/SIMULATED/g)?.length);
    expect(offline["tables.tex"]?.match(/\\begin\{table/g)?.length).toBe(offline["tables.tex"]?.match(/SIMULATED/g)?.length);
    for (const [name, content] of Object.entries(offline)) if (name.startsWith("figures/")) expect([name, content.includes("SIMULATED")]).toEqual([name, true]);
    const real = await files(study(), "openai");
    for (const [name, content] of Object.entries(real)) expect([name, content.includes("SIMULATED")]).toEqual([name, false]);
  });

  test("the mode stands on every table", async () => {
    const md = (await files(study({ noises: [0] })))["tables.md"] ?? "";
    for (const part of md.split(/^## /m).slice(1)) if (part.startsWith("Table")) expect(part).toMatch(/Mode: (fixed|compat)|the same in both modes/);
  });

  test("no two ticks of an axis have the same label, however low the scores", async () => {
    const { questions, answer } = study({ noises: [0, 0.5], retrievers: ["bm25"] });
    const cells = await Promise.all(answer.cells().map(async ({ axis, all }) => ({ axis, records: (await all()).map((record, i) => (i % 4 === 0 ? record : { ...record, prediction: "", retrieved: [] })) })));
    const svg = (await files({ questions, answer: gathered(cells, "answer") }))["figures/figure3_retrieval_recall.svg"] ?? "";
    const ticks = [...svg.matchAll(/>(\d\.\d+)<\/text>/g)].map((match) => match[1] ?? "").filter((label) => label.length === 4);
    expect(ticks.length).toBeGreaterThan(3);
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  test("a question without an answer counts as empty, and a warning says so", async () => {
    const needs = study({ noises: [0], retrievers: ["bm25"] });
    const short = gathered(needs.answer.cells().map(({ axis }) => ({ axis, records: [] as JsonRecord[] })), "answer");
    const cell = await needs.answer.cells()[0]?.all();
    const some = gathered([{ axis: { noise: 0, retriever: "bm25" }, records: (cell ?? []).slice(1) }], "answer");
    expect(metricsOf(await files({ ...needs, answer: some })).warnings.join()).toContain("left 1 of 72 questions without an answer");
    await expect(files({ ...needs, answer: short })).resolves.toBeDefined();
  });

  test("a question at which the released scorer would stop is named in a warning", async () => {
    const needs = study({ noises: [0], retrievers: ["bm25"] });
    const asked = (await needs.questions.all()).map((question, i) => (i === 0 ? { ...question, answer: 41 } : question));
    const { warnings } = metricsOf(await files({ ...needs, questions: gathered([{ axis: { noise: 0 }, records: asked }], "questions") }));
    expect(warnings).toContain("compat: the released scorer stops with an error at 1 question (000000000); statistics.json is what it would say if it went on");
    expect(metricsOf(await files(needs)).warnings.join()).not.toContain("stops with an error");
  });

  test("predictions alone are enough: without retrieval and documents the rest is still scored", async () => {
    const { questions, answer } = study({ noises: [0.3], retrievers: ["mine"] });
    const out = await files({ questions, answer });
    expect(out["tables.md"]).not.toContain("Table 1");
    expect(metricsOf(out).metrics.find((row) => row.category === "Overall" && row.metric === "f1")?.n).toBe(60);
  });

  test("hostile names of models stay text in Markdown, LaTeX, CSV and SVG", async () => {
    const name = `=cmd|' <script>alert(1)</script> \\input{/etc/passwd} $x$ ${"`"}`;
    const out = await files(study({ noises: [0, 0.5], readers: [name], retrievers: [`<img src=x>`, "b_c"] }));
    expect(out["tables.md"]).not.toMatch(/<script>|<img/);
    expect(out["tables.tex"]).not.toContain("\\input{");
    expect(out["tables.csv"]).not.toMatch(/(^|,)=cmd/m);
    for (const [file, content] of Object.entries(out)) if (file.endsWith(".svg")) expect([file, /<script|<img/.test(content)]).toEqual([file, false]);
    for (const file of Object.keys(out)) expect(file).toMatch(/^[A-Za-z0-9_./-]+$/);
  });

  test("each community is drawn: every person once, every tie once, roles escaped", async () => {
    const nodes = ["Ada", "Bo <b>", "Cy"].map((name, i) => ({ node: i + 1, id: `p${i}`, name, seed: i === 0 ? "x" : null }));
    const edges = [[1, 2, "landlady"], [2, 1, "tenant"], [2, 3, "friend"], [3, 2, "friend"], [3, 9, "ghost"]].map(([source, target, relationship]) => ({ source, target, relationship }));
    const graph = gathered([{ axis: {}, records: [{ id: "community_4", community: 4, nodes, edges } as unknown as JsonRecord] }], "graph");
    const svg = (await files({ ...study({ noises: [0] }), graph }))["figures/figure2_community_4.svg"] ?? "";
    expect(svg.match(/class="name"/g)).toHaveLength(3);
    expect(svg.match(/<line/g)).toHaveLength(2);
    expect([...svg.matchAll(/class="role"[^>]*>([^<]*)</g)].map((match) => match[1]).sort()).toEqual(["friend", "landlady", "tenant"]);
    expect(svg).not.toContain("<b>");
    expect(svg).not.toContain("ghost");
  });

  test("evidence keys keep their order in the result files, numbers too", async () => {
    const needs = study({ noises: [0], retrievers: ["bm25"], people: 1, questions: 1 });
    const [first] = await needs.questions.all();
    const question = { ...first, evidence: [{ key: "b", ids: ["2"] }, { key: "10", ids: ["1"] }, { key: "9", ids: ["3"] }] } as unknown as JsonRecord;
    const out = await files({ ...needs, questions: gathered([{ axis: { noise: 0 }, records: [question] }], "questions") });
    expect(out["results/result_noise_0.0.json"]).toContain('"ground_truth_segment_ids":{"b":["2"],"10":["1"],"9":["3"]}');
  });
});

describe.skipIf(!existsSync(RELEASE))("evaluate on the public release (../shared/data, skipped where absent)", () => {
  test.each(["echo", "silly", "quirks", "gt_empty"])("statistics.json is the released scorer's file, byte for byte: %s", async (variant) => {
    const out = await files(releasedNeeds(variant));
    expect(out["statistics.json"]).toBe(readFileSync(`${RELEASE}/expected/${variant}/statistics_all_noises.json`, "utf8"));
  });

  test("the compat scores of every question equal the released scorer's to 1e-9", async () => {
    const out = await files(releasedNeeds("silly"));
    const mine = new Map(records(out["scores.jsonl"] ?? "").map((record) => [`${String(record["noise"])}/${String(record["question"])}`, record["compat"] as Record<string, number | null>]));
    let compared = 0;
    for (const noise of ["0.0", "0.3", "0.5", "0.7"]) {
      const expected = JSON.parse(readFileSync(`${RELEASE}/expected/silly/per_question_noise_${noise}.json`, "utf8")) as unknown;
      for (const row of perQuestion(expected)) {
        const own = mine.get(`${Number(noise)}/${row.id}`);
        for (const [theirs, name] of [["P", "precision"], ["R", "recall"], ["F", "f1"]] as const) {
          expect(own?.[name]).toBeCloseTo(row.values[theirs] ?? NaN, 9);
          compared += 1;
        }
      }
    }
    expect(compared).toBe(4 * 116 * 3);
  });
});

/** Question ids with P, R and F, whatever else the file holds. */
function perQuestion(value: unknown): { id: string; values: Record<string, number> }[] {
  const rows: { id: string; values: Record<string, number> }[] = [];
  const visit = (node: unknown, key: string): void => {
    if (typeof node !== "object" || node === null) return;
    const object = node as Record<string, unknown>;
    const pick = (names: string[]): number | undefined => names.map((name) => object[name]).find((one) => typeof one === "number");
    const [P, R, F] = [pick(["P", "precision"]), pick(["R", "recall"]), pick(["F", "f1", "F1"])];
    const id = typeof object["q_id"] === "string" ? object["q_id"] : key;
    if (P !== undefined && R !== undefined && F !== undefined) rows.push({ id, values: { P, R, F } });
    else for (const [name, inner] of Object.entries(object)) visit(inner, name);
  };
  visit(value, "");
  return rows;
}
