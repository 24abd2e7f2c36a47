import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { orderedJson, pythonJson, type Answer, type LevelStatistics } from "../src/stats/index.ts";
import { makeRelease, segment, type Fixture } from "./release/fixture.ts";
import { Project } from "./rig/index.ts";

type Entry = Record<string, unknown>;

let fixture: Fixture;
let project: Project;
beforeAll(() => {
  fixture = makeRelease();
  project = new Project();
});
afterAll(async () => {
  rmSync(fixture.root, { recursive: true, force: true });
  await project.dispose();
});

/** What an honest runner writes: every question of the four people with documents, gold context of one session per key. */
function entries(predict: (answer: unknown, id: string) => unknown, noise = "0.5"): Entry[] {
  return ["community_0", "community_10"].flatMap((name) => {
    const read = (file: string): never => JSON.parse(readFileSync(join(fixture.root, "synthetic_data", name, "eval_info", file), "utf8")) as never;
    const people = read("eval_info_all.json") as { Eval_Info: { qa: Entry[] } }[];
    const context = read(`qa_gt_context_all_noise_${noise}.json`) as { q_id: string; segment_id: Record<string, string[]> }[];
    return people.slice(0, 2).flatMap((person) =>
      person.Eval_Info.qa.map((qa) => {
        const keys = context.find(({ q_id }) => q_id === qa["q_id"])?.segment_id ?? {};
        const { outdated_value: _, ...rest } = qa;
        return { ...rest, prediction: predict(qa["answer"], String(qa["q_id"])), retrieved_segment_ids: Object.values(keys).map((ids) => ids[0] ?? ""), ground_truth_segment_ids: keys };
      }),
    );
  });
}

const echo = (answer: unknown): string => (Array.isArray(answer) ? answer.map((part: unknown) => (typeof part === "object" && part !== null ? Object.values(part).join(" ") : String(part))).join(", ") : String(answer));

function file(name: string, models: Record<string, Entry[]>): string {
  return fixture.write(`results/${name}`, JSON.stringify(Object.entries(models).map(([Model, Results]) => ({ Model, Results }))));
}

async function score(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return project.dag("score", "personabench", "--release", fixture.root, ...args);
}

function overall(stdout: string, model: string): Record<string, number> {
  const levels = JSON.parse(stdout) as LevelStatistics[];
  return (levels[0]?.Statistics.end2end_eval[model]?.["Overall"] ?? {}) as Record<string, number>;
}

describe("dag score personabench", () => {
  it("gives a perfect echo 1 in every category, from the data root, synthetic_data and one community", async () => {
    const results = file("result_noise_0.5.json", { "echo+gt-context": entries(echo) });
    const { code, stdout, stderr } = await score("--results", results, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [level] = JSON.parse(stdout) as LevelStatistics[];
    expect(level?.Noise).toBe(0.5);
    for (const row of Object.values(level?.Statistics.end2end_eval["echo+gt-context"] ?? {})) expect("ave_f1" in row ? row.ave_f1 : row.ave_recall).toBe("ave_f1" in row ? 1 : 0);
    expect(level?.Statistics.retrieval_eval["gt-context"]?.["Overall"]).toEqual({ ave_recall: 1, ave_ndcg: 1, n: 28 });
    expect((await project.dag("score", "personabench", "--release", join(fixture.root, "synthetic_data"), "--results", results, "--json")).stdout).toBe(stdout);
    const one = await project.dag("score", "personabench", "--release", join(fixture.root, "synthetic_data/community_10"), "--results", results, "--json");
    expect(one.code).toBe(0);
    expect(one.stderr).toContain("16 entries are left out");
    expect(overall(one.stdout, "echo+gt-context")).toMatchObject({ ave_f1: 1, n: 14 });
  });

  it("prints a table that names its mode, and writes one line per scored question", async () => {
    const results = file("result_noise_0.0.json", { "r+x": entries(echo, "0.0"), "s+x": entries(() => "mint", "0.0") });
    const lines = join(fixture.root, "lines.jsonl");
    const { code, stdout } = await score("--results", results, "--per-question", lines);
    expect(code).toBe(0);
    expect(stdout).toContain("fixed mode, k = 3");
    expect(stdout).toMatch(/r\+x +1\.000 +1\.000 +1\.000/);
    expect(stdout).toContain("8 Subjective answers (choice questions) not scored");
    const rows = readFileSync(lines, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.length).toBe(2 * 4 * 7);
    expect(Object.keys(rows[0] ?? {})).toEqual(["category", "f1", "model", "noise", "outdated_recall", "precision", "q_id", "recall", "retrieval_ndcg", "retrieval_recall"]);
    expect(rows.find((row) => row["model"] === "s+x" && row["category"] === "Preference_easy")).toMatchObject({ noise: 0, precision: 1, recall: 1 / 4, outdated_recall: 0, q_id: "000000003" });
  });

  it("does not let a result file grade itself, lose questions, or repeat them", async () => {
    const cheat = entries(echo).map((entry) => ({ ...entry, answer: "x", prediction: "x", ground_truth_segment_ids: {} }));
    const sparse = entries(echo).filter((entry) => entry["type"] === "Basic information");
    const results = file("result_noise_0.5.json", { "cheat+x": cheat, "sparse+x": sparse, "twice+x": [...entries(() => ""), ...entries(echo)] });
    const { stdout, stderr } = await score("--results", results, "--json");
    expect(overall(stdout, "cheat+x")["ave_f1"]).toBe(0);
    expect(overall(stdout, "sparse+x")).toMatchObject({ ave_recall: 0.429, n: 28 });
    expect(overall(stdout, "twice+x")["ave_f1"]).toBe(0);
    expect(stderr).toContain("cheat+x: 32 entries carry another gold answer than the release");
    expect(stderr).toContain("sparse+x: 16 questions have no entry and count as unanswered (000000003, 000000004, 000000005, …)");
    expect(stderr).toContain("twice+x: 32 entries repeat a question: the first one counts");
  });

  it("takes what systems really write: numbers, null, lists, objects, no ranking, ids as numbers, models of any name", async () => {
    const odd = entries((answer, id) => (id.endsWith("1") ? answer : id.endsWith("2") ? [{ a: "Whisk" }, "Rex", 2] : id.endsWith("3") ? null : echo(answer)));
    const bare = entries(echo).map(({ retrieved_segment_ids: _, ground_truth_segment_ids: __, ...entry }) => entry);
    const numbers = entries(echo).map((entry) => ({ ...entry, retrieved_segment_ids: (entry["retrieved_segment_ids"] as string[]).map(Number) }));
    const results = file("my noise=0.5 \u001b[31m.json", { "a+b+x": odd, bare, ["__proto__"]: numbers });
    const { code, stdout } = await score("--results", results, "--json");
    expect(code).toBe(0);
    const [level] = JSON.parse(stdout) as LevelStatistics[];
    expect(level?.Statistics.end2end_eval["a+b+x"]?.["Basic_information_easy"]).toMatchObject({ ave_f1: 1 });
    expect(level?.Statistics.end2end_eval["a+b+x"]?.["Preference_easy"]).toMatchObject({ ave_f1: 0 });
    expect(level?.Statistics.retrieval_eval["bare"]?.["Overall"]).toEqual({ ave_recall: null, ave_ndcg: null, n: 0 });
    const text = await score("--results", results);
    expect(text.stdout).toContain("__proto__");
    expect(text.stdout + text.stderr).not.toContain("\u001b[31m");
  });

  it("finds the noise level in the content where the name does not tell, and asks where nothing does", async () => {
    const shifted = entries(echo).map((entry) => ({ ...entry, ground_truth_segment_ids: entry["ground_truth_segment_ids"] }));
    expect((await score("--results", file("mine.json", { "a+x": shifted }))).stderr).toContain("which noise level is this? Name it like result_noise_0.0.json (the release has 0.0, 0.5)");
    const path = fixture.write("results/told.json", JSON.stringify([{ Model: "a+x", Noise: 0.5, Results: entries(echo) }]));
    expect((await score("--results", path, "--json")).code).toBe(0);
  });

  it("keeps two models of one name apart, and says so", async () => {
    const [a, b] = [file("a_result_noise_0.5.json", { "m+x": entries(echo) }), file("b_result_noise_0.5.json", { "m+x": entries(() => "") })];
    const { stdout, stderr } = await score("--results", a, b, "--json");
    expect([overall(stdout, "m+x")["ave_f1"], overall(stdout, "m+x (2)")["ave_f1"]]).toEqual([1, 0]);
    expect(stderr).toContain("model m+x is there already at noise 0.5: shown as m+x (2)");
  });

  it.each<[string, (entry: Entry[]) => Entry[] | undefined, string, string]>([
    ["an unknown question", (all) => [{ ...all[0], q_id: "999" }], "m+x", 'question "999" is not in the release'],
    ["a model without exactly one plus", (all) => all, "m", "does not hold exactly one"],
    ["a number as prediction", (all) => all.map((entry) => ({ ...entry, prediction: 1 })), "m+x", "question 000000000 has an answer or prediction it cannot take"],
    ["only choice questions", (all) => all.filter((entry) => entry["type"] === "Subjective"), "m+x", "no scored question"],
    ["no outdated value", (all) => all.slice(0, 3), "m+x", "no question with an outdated value"],
    ["a missing ranking", (all) => all.map(({ retrieved_segment_ids: _, ...entry }) => entry), "m+x", "retrieved_segment_ids is missing"],
    ["an integer answer at the start", (all) => all.slice(1), "m+x", "question 000000001 has an answer"],
  ])("stops in compat mode where the released scorer does: %s", async (_, change, model, message) => {
    const { code, stdout, stderr } = await score("--results", file("result_noise_0.5.json", { [model]: change(entries(echo)) ?? [] }), "--compat", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("the released scorer stops here");
    expect(stderr).toContain(message);
  });

  it("reproduces the released faults in compat mode only", async () => {
    const results = file("result_noise_0.5.json", { "m+x": entries(echo) });
    const { stdout } = await score("--results", results, "--compat", "--json");
    // Four ages are scored against the town before them, four pets lose their slot names.
    expect(overall(stdout, "m+x")).toEqual({ ave_precision: 0.857, ave_recall: 0.786, ave_f1: 0.81 });
    expect(stdout.startsWith('[\n    {\n        "Noise": 0.5,\n        "Statistics": {\n            "end2end_eval": {')).toBe(true);
  });

  it.each<[string, () => string[], number, string]>([
    ["a release that is none", () => ["--release", tmpdir() + "/none", "--results", "x.json"], 1, "does not exist"],
    ["a directory without communities", () => ["--release", mkdtempSync(join(tmpdir(), "empty-")), "--results", "x.json"], 1, "expected <community>/eval_info/eval_info_all.json"],
    ["a result file that is none", () => ["--release", fixture.root, "--results", "nowhere.json"], 1, "nowhere.json does not exist"],
    ["broken JSON", () => ["--release", fixture.root, "--results", fixture.write("results/bad_noise_0.5.json", '[{"Model": "m",\n "Results": [NaN]}]')], 1, "bad_noise_0.5.json:2:14: expected a value"],
    ["a wrong shape", () => ["--release", fixture.root, "--results", fixture.write("results/shape_noise_0.5.json", '[{"Model": "m", "Results": [{"q_id": 7}]}]')], 1, "shape_noise_0.5.json[0].Results[0].q_id: expected a string, found a number"],
    ["a noise level that is not there", () => ["--release", fixture.root, "--results", file("result_noise_0.9.json", { "m+x": entries(echo) })], 1, "has noise 0.0, 0.5, the results are of 0.9"],
    ["no results", () => ["--release", fixture.root], 2, "--results"],
    ["another benchmark", () => [], 2, "score knows personabench"],
    ["a k that is none", () => ["--release", fixture.root, "--results", "x", "--k", "0"], 2, "--k takes a whole number"],
  ])("explains %s", async (name, args, code, message) => {
    const result = await project.dag("score", name === "another benchmark" ? "squad" : "personabench", ...(args().length === 0 ? ["--release", "x", "--results", "y"] : args()));
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toContain("    at ");
    expect(result.code).toBe(code);
  });
});

const data = join(import.meta.dirname, "../../shared/data/personabench");
describe.skipIf(!existsSync(data))("dag score --compat on the released community (skipped where ../shared/data is absent)", () => {
  it.each(["echo", "echo_nospace", "silly", "random", "quirks", "gt_empty"])("prints the bytes the released scorer wrote for %s", async (variant) => {
    const lines = join(fixture.root, `${variant}.jsonl`);
    const { code, stdout } = await project.dag("score", "personabench", "--release", data, "--results", join(data, "expected", variant), "--compat", "--json", "--per-question", lines);
    expect(code).toBe(0);
    expect(stdout).toBe(`${readFileSync(join(data, "expected", variant, "statistics_all_noises.json"), "utf8").trimEnd()}\n`);
    expect(readFileSync(lines, "utf8").trimEnd().split("\n").length).toBe(4 * 116);
  });
});

it("the fixture keeps keys that look like numbers in their place", () => {
  const text = readFileSync(join(fixture.root, "synthetic_data/community_0/eval_info/qa_gt_context_all_noise_0.0.json"), "utf8");
  expect(text.indexOf('"figs": [')).toBeLessThan(text.indexOf('"12": ['));
  expect(pythonJson(orderedJson(text) as Answer, { indent: 4 })).toBe(text);
  expect(segment(10, 1, 7)).toBe("010001000007");
  writeFileSync(join(fixture.root, "done"), "");
});
