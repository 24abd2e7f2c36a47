import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { parse } from "yaml";
import { afterAll, describe, expect, it } from "vitest";
import { fromRecords, readRelease, toRecords, writeHuggingFace, writeRelease, type BuildRecords, type DatasetMeta } from "../src/exchange/index.ts";
import { makeRelease } from "./release/fixture.ts";
import { repository, test } from "./rig/index.ts";

const places: string[] = [];
const place = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "exchange-"));
  places.push(directory);
  return directory;
};
const fixture = makeRelease();
afterAll(() => [...places, fixture.root].forEach((directory) => rmSync(directory, { recursive: true, force: true })));

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort();
}
const bytes = (...path: string[]): Buffer => readFileSync(join(...path));

/** As the records lie on disk: keys sorted. */
function stored(records: BuildRecords): BuildRecords {
  const sort = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(sort)
    : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sort(part)]))
    : value;
  return sort(records) as BuildRecords;
}

const data = join(import.meta.dirname, "../../shared/data/personabench");
const sources: [string, string][] = [["an invented release", fixture.root], ...(existsSync(data) ? [["the public community", data] as [string, string]] : [])];

describe.each(sources)("PersonaBench layout: %s (the public one where ../shared/data is present)", (_, source) => {
  const communities = join(source, "synthetic_data");

  it("is written back in its own bytes, with a directory per person beside", async () => {
    const out = place();
    await writeRelease(out, await readRelease(source));
    const theirs = files(communities).filter((name) => name.endsWith(".json"));
    expect(theirs.length).toBeGreaterThan(10);
    for (const name of theirs) expect(bytes(out, "synthetic_data", name).equals(bytes(communities, name)), name).toBe(true);
    const more = files(join(out, "synthetic_data")).filter((name) => !theirs.includes(name));
    expect(more.every((name) => /noise_[0-9.]+\/[^/]+\/(conversation|user_ai_interaction|purchase_history)_data\.json$/.test(name))).toBe(true);
  });

  it("goes through records and back, but for the questions of people without documents", async () => {
    const release = await readRelease(source);
    const again = fromRecords(stored(toRecords(release)));
    const out = place();
    await writeRelease(out, again);
    const theirs = files(communities).filter((name) => name.endsWith(".json") && !name.endsWith("eval_info_all.json"));
    for (const name of theirs) expect(bytes(out, "synthetic_data", name).equals(bytes(communities, name)), name).toBe(true);
    expect(again.communities.map(({ people }) => people.map(({ name }) => name))).toEqual(release.communities.map(({ people }) => people.map(({ name }) => name)));
    expect(again.communities.map(({ people }) => people.filter(({ questions }) => questions.length > 0).length)).toEqual(release.communities.map(({ levels }) => levels[0]?.sessions.size));
  });
});

describe("PersonaBench layout", () => {
  it("is found behind links, and links in circles or to everywhere do no harm", async () => {
    const root = place();
    symlinkSync(join(fixture.root, "synthetic_data"), join(root, "synthetic_data"));
    symlinkSync(root, join(root, "circle"));
    symlinkSync(join(fixture.root, "synthetic_data"), join(root, "copy"));
    expect((await readRelease(root)).communities.map(({ name }) => name)).toEqual(["community_0", "community_10"]);
    symlinkSync("/usr", join(root, "everything"));
    expect((await readRelease(join(root, "synthetic_data"))).communities.length).toBe(2);
  });

  const small = (owner: string): BuildRecords => ({
    graph: [],
    levels: [{
      noise: 0,
      documents: [{ id: "000000000000", community: 0, person: 0, owner, type: "purchase_history", session: "purchase_history---session---1", time: "2024/Oct/14/07:44 AM", purchase_history: [], text: "{}" }],
      questions: [],
    }],
  });

  it("never lets a name become a path", async () => {
    const out = place();
    for (const [i, name] of ["../../evil", "a/b\\c", "..", "nul\u0000", "", "x".repeat(500)].entries()) await writeRelease(join(out, String(i)), fromRecords(small(name)));
    const found = files(out);
    expect(found.length).toBe(6 * (1 + 1 + 3 + 3));
    expect(found.every((name) => name.split("/").length === (name.includes("/private_data/") ? (name.endsWith("_all.json") ? 6 : 7) : 5))).toBe(true);
  });

  it("refuses what it cannot say", async () => {
    const twins: BuildRecords = { ...small("Ada"), graph: [{ id: "community_0", community: 0, nodes: [{ node: 1, name: "Ada", persona: "" }, { node: 2, name: "Ada", persona: "" }], edges: [] }] };
    await expect(writeRelease(place(), fromRecords(twins))).rejects.toThrow('two people are named "Ada"');
    const [level] = small("Ada").levels;
    const question = { id: "000000000", community: 0, person: 0, owner: "Ada", question: "?", answer: "a", type: "Social", difficulty: "easy", outdated_value: null, evidence: [] };
    if (level === undefined) throw new Error("no level");
    const changed = [{ ...level, questions: [question] }, { ...level, noise: 0.5, questions: [{ ...question, answer: "b" }] }];
    expect(() => fromRecords({ graph: [], levels: changed })).toThrow("question 000000000 is not the same at every noise level");
  });
});

describe("Hugging Face dataset", () => {
  const meta: DatasetMeta = { name: "A: *test* | \"set\"\n---", license: "cc-by-4.0", version: "1.0.0", models: [{ role: "writer", provider: "offline", model: "writer-1" }] };

  it("has a card the Hub can read, which says that texts are simulated", async () => {
    const out = place();
    await writeHuggingFace(out, toRecords(await readRelease(fixture.root)), meta);
    const card = readFileSync(join(out, "README.md"), "utf8");
    const [, header = "", body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card) ?? [];
    const front = parse(header) as { pretty_name: string; license: string; configs: { config_name: string; data_files: { split: string; path: string }[] }[] };
    expect(front).toMatchObject({ pretty_name: meta.name, license: "cc-by-4.0" });
    expect(front.configs.map(({ config_name, data_files }) => [config_name, data_files.map(({ split }) => split)])).toEqual([
      ["documents", ["noise_0.0", "noise_0.5"]], ["questions", ["noise_0.0", "noise_0.5"]], ["people", ["all"]], ["relations", ["all"]],
    ]);
    for (const { path } of front.configs.flatMap(({ data_files }) => data_files)) expect(statSync(join(out, path)).size).toBeGreaterThan(100);
    expect(body).toContain("**Simulated.**");
    expect(body).not.toContain("\n---");
  });

  it("holds the records as Parquet and JSON Lines", async () => {
    const out = place();
    const records = toRecords(await readRelease(fixture.root));
    await writeHuggingFace(out, records, meta);
    const read = async (name: string) => {
      const file = bytes(out, name);
      return parquetReadObjects({ file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer });
    };
    const questions = await read("data/questions/noise_0.5.parquet");
    const originals = records.levels[1]?.questions ?? [];
    expect(questions.length).toBe(originals.length);
    expect(JSON.parse(String(questions[2]?.["answer"]))).toEqual(originals[2]?.["answer"]);
    expect(questions[2]).toMatchObject({ id: "000000002", community: 0, person: 0, answer_text: "Whisk, Rex-2", outdated_value: null });
    expect(JSON.parse(String(questions[3]?.["evidence"]))).toEqual(originals[3]?.["evidence"]);
    const documents = await read("data/documents/noise_0.0.parquet");
    expect(documents.map((row) => row["text"])).toEqual(records.levels[0]?.documents.map((row) => row["text"]));
    expect((await read("data/relations/all.parquet"))[0]).toEqual({ community: 0, source: 0, target: 2, relationship: "cousin", description: "cousins" });
    const lines = readFileSync(join(out, "jsonl/documents/noise_0.0.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual(stored(records).levels[0]?.documents);
  });

  it("describes every file and column in Croissant, with the hashes the files have", async () => {
    const out = place();
    await writeHuggingFace(out, toRecords(await readRelease(fixture.root)), meta);
    const croissant = JSON.parse(readFileSync(join(out, "croissant.json"), "utf8")) as {
      conformsTo: string[]; distribution: { contentUrl: string; sha256: string }[]; recordSet: { field: { source: { fileObject: { "@id": string }; extract: { column: string } } }[] }[];
      [key: string]: unknown;
    };
    expect(croissant.conformsTo).toEqual(["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]);
    for (const { contentUrl, sha256 } of croissant.distribution) expect(createHash("sha256").update(bytes(out, contentUrl)).digest("hex")).toBe(sha256);
    const known = new Set(croissant.distribution.map(({ contentUrl }) => contentUrl));
    expect(croissant.recordSet.length).toBe(6);
    for (const field of croissant.recordSet.flatMap((set) => set.field)) expect(known.has(field.source.fileObject["@id"])).toBe(true);
    for (const key of ["dataCollection", "dataBiases", "dataUseCases", "dataLimitations", "personalSensitiveInformation", "dataSocialImpact"]) expect(typeof croissant[`rai:${key}`]).toBe("string");
  });

  it("is equal in every byte the second time", async () => {
    const [a, b] = [place(), place()];
    const records = toRecords(await readRelease(fixture.root));
    await writeHuggingFace(a, records, meta);
    await writeHuggingFace(b, records, meta);
    expect(files(a)).toEqual(files(b));
    for (const name of files(a)) expect(bytes(a, name).equals(bytes(b, name)), name).toBe(true);
  });
});

describe("dag import and dag export", () => {
  test("a release that was built can be exported as it came in, and imported as it was built", async ({ p }) => {
    for (const directory of ["pipelines", "stages", "prompts", "schemas"]) cpSync(join(repository, directory), p.path(directory), { recursive: true });
    symlinkSync(join(repository, "node_modules"), p.path("node_modules"));
    const args = ["-f", "pipelines/release.yaml", "-p", `release=${fixture.root}`, "-p", "noise=[0.0, 0.5]"];
    const early = await p.dag("export", "personabench", "out", ...args);
    expect(early).toMatchObject({ code: 3, stdout: "" });
    expect(early.stderr).toContain("dag run documents questions");
    const built = await p.dag("run", "documents", "questions", ...args);
    expect(built.code, built.stderr).toBe(0);

    const exported = await p.dag("export", "personabench", "out", ...args);
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.stderr).not.toContain("not fresh");
    for (const community of ["community_0", "community_10"]) {
      for (const name of files(p.path(`out/synthetic_data/${community}`)).filter((file) => /(noise_[0-9.]+|_data_all)\.json$/.test(file))) {
        expect(bytes(p.path(`out/synthetic_data/${community}`), name).equals(bytes(fixture.root, "synthetic_data", community, name)), name).toBe(true);
      }
    }
    expect((await p.dag("export", "personabench", "out", ...args)).stderr).toContain("out is not empty");
    expect((await p.dag("export", "huggingface", "hub", ...args)).stderr).toContain("--license");
    expect((await p.dag("export", "huggingface", "hub", "--license", "mit", ...args)).code).toBe(0);
    expect((await p.dag("export", "csv", "hub", ...args))).toMatchObject({ code: 2 });

    p.write({ "artifacts/release/questions/noise=0.jsonl": p.read("artifacts/release/questions/noise=0.jsonl").replace("Which town", "What town") });
    expect((await p.dag("export", "personabench", "edited", ...args)).stderr).toContain("though not fresh: questions@noise=0\n");

    const imported = await p.dag("import", "personabench", fixture.root, "-o", "in");
    expect(imported.code, imported.stderr).toBe(0);
    for (const kind of ["documents", "questions"]) {
      for (const [ours, theirs] of kind === "questions" ? [["0.5", "0.5"]] : [["0", "0.0"], ["0.5", "0.5"]]) expect(p.read(`in/${kind}/noise=${theirs ?? ""}.jsonl`)).toBe(p.read(`artifacts/release/${kind}/noise=${ours ?? ""}.jsonl`));
    }
    expect((await p.dag("import", "personabench", fixture.root, "-o", "in"))).toMatchObject({ code: 2 });
    expect((await p.dag("import", "personabench", "stages", "-o", "other")).stderr).toContain("no PersonaBench release");
  });
});
