/** Persona Bank, PersonaGym and Hugging Face folders: in, and out again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { readBank, readDataset, readGym, readRelease, toRecords, writeBank, writeGym, writeHuggingFace } from "../src/exchange/index.ts";
import { makeRelease } from "./release/fixture.ts";
import { pipeline, test } from "./rig/index.ts";

const places: string[] = [];
function place(files: Record<string, string | Uint8Array> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "formats-"));
  places.push(directory);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
const fixture = makeRelease();
afterAll(() => [...places, fixture.root].forEach((directory) => rmSync(directory, { recursive: true, force: true })));
const lines = (...records: unknown[]): string => records.map((record) => `${typeof record === "string" ? record : JSON.stringify(record)}\n`).join("");

const ada = { name: "Ada Quill", username: null, age: 30, traits: ["calm", "blunt", "curious"], background: "Mends clocks.", chatting_style: "Short." };
const bo = { name: "Bo Marsh", username: "bo_m", age: 82, traits: ["calm", "vain"], background: "Sails.", chatting_style: "Long." };

describe("a Persona Bank", () => {
  it("is processed by the Bank's rules: model from the file's name, duplicates out whatever the order of traits, an id of the content", async () => {
    const bank = await readBank(place({
      "raw/data_qwen-235b_20250101.jsonl": lines(ada, bo, { ...ada, traits: ["curious", "calm", "blunt"] }),
      "raw/data_other_2.jsonl": lines({ ...bo, background: "Rows." }),
      "persona_components.json": JSON.stringify({ professions: [{ value: "clockmaker", weight: 3, min_age: 20 }], traits: [{ value: "calm", weight: 1 }] }),
    }));
    expect(bank.personas.map(({ name, model }) => [name, model])).toEqual([["Bo Marsh", "other"], ["Ada Quill", "qwen-235b"], ["Bo Marsh", "qwen-235b"]]);
    expect(bank).toMatchObject({ duplicates: 1, faults: [], beyond: 2 });
    for (const { id } of bank.personas) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(bank.components).toEqual([{ id: "professions/0", kind: "professions", value: "clockmaker", weight: 3, min_age: 20 }, { id: "traits/0", kind: "traits", value: "calm", weight: 1 }]);
  });

  it("loses a bad line, not its file, and says where", async () => {
    const { personas, faults } = await readBank(place({ "data_m_1.jsonl": lines(ada, "{broken", { ...bo, age: "82" }, "[]", bo) }));
    expect(personas.map(({ name }) => name)).toEqual(["Ada Quill", "Bo Marsh"]);
    expect(faults).toEqual(["data_m_1.jsonl:2: no JSON object", "data_m_1.jsonl:4: no JSON object", "data_m_1.jsonl:3: age is not a whole number"]);
    await expect(readBank(place({ "x.jsonl": "nothing\n" }))).rejects.toThrow("no persona in");
    await expect(readBank("/nowhere")).rejects.toThrow("does not exist");
  });

  it("is written as raw and processed files, in the Bank's order of fields, and read back as it was", async () => {
    const out = place();
    const records = [{ ...ada, id: "0".repeat(32), model: "a/b", gender: "female", profession: "clockmaker" }, { ...bo, id: "1".repeat(32), model: "m" }, { ...bo, id: "2".repeat(32), model: "m" }];
    expect(await writeBank(out, records)).toEqual(["personas.jsonl", "raw/data_a%2Fb_1.jsonl", "raw/data_m_1.jsonl"]);
    expect(readFileSync(join(out, "personas.jsonl"), "utf8")).toBe(lines({ ...ada, model: "a/b", id: "0".repeat(32) }, { ...bo, model: "m", id: "1".repeat(32) }));
    expect(readFileSync(join(out, "raw/data_m_1.jsonl"), "utf8")).toBe(lines(bo, bo));
    expect((await readBank(out)).personas).toEqual([{ ...ada, model: "a/b", id: "0".repeat(32) }, { ...bo, model: "m", id: "1".repeat(32) }]);
    await expect(writeBank(place(), [{ id: "q1", question: "?" }])).rejects.toThrow('the record "q1" is no persona of a bank: name is not a text');
  });
});

const TASKS = ["Expected Action", "Toxicity", "Linguistic Habits", "Persona Consistency", "Action Justification"];
const ten = (task: string): string[] => Array.from({ length: 10 }, (_, i) => `${task} ${i + 1}?`);
const whole = (): Record<string, string[]> => Object.fromEntries(TASKS.map((task) => [task, ten(task)]));

describe("PersonaGym's questions", () => {
  it("are read with the file's name as the persona, and what the protocol lacks is said", async () => {
    const { personas, questions, warnings } = await readGym(place({
      "questions/benchmark-v1/A retired pilot, 71, who paints.json": JSON.stringify(whole()),
      "questions/benchmark-v1/A shy baker.json": JSON.stringify({ ...whole(), Toxicity: ["one?"], "Persona Consistency": undefined }),
      "notes.json": "{}",
    }));
    expect(personas.map(({ persona }) => persona)).toEqual(["A retired pilot, 71, who paints", "A shy baker"]);
    expect(questions.length).toBe(50 + 31);
    expect(questions[10]).toMatchObject({ task: "Toxicity", number: 1, question: "Toxicity 1?", persona: "A retired pilot, 71, who paints" });
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
    expect(warnings.join("\n")).toContain('"Toxicity" has 1 questions, not 10');
    expect(warnings.join("\n")).toContain('has no task "Persona Consistency"');
    expect(warnings.join("\n")).toContain("notes.json is left out");
  });

  it("go out one file a persona, tasks in order, and no persona becomes a path", async () => {
    const out = place();
    const personas = ["A shy baker", "../../etc/passwd", "CON: a \"clown\"?", "x".repeat(400), `${"x".repeat(400)}y`, ".hidden", "50% off"];
    const records = personas.flatMap((persona) => [...TASKS].reverse().flatMap((task) => ten(task).map((question, i) => ({ id: `${i}`, persona, task, question }))));
    const paths = await writeGym(out, records);
    expect(paths.length).toBe(personas.length + 1);
    expect(readdirSync(join(out, "questions/benchmark-v1")).length).toBe(personas.length);
    expect(Object.keys(JSON.parse(readFileSync(join(out, "questions/benchmark-v1/A shy baker.json"), "utf8")) as object)).toEqual(TASKS);
    const again = await readGym(out);
    expect(again.personas.map(({ persona }) => persona).sort()).toEqual([...personas].sort());
    expect(again.warnings).toEqual([]);
    await expect(writeGym(place(), [{ id: "q", question: "?" }])).rejects.toThrow("has no persona, task and question");
  });
});

describe("a Hugging Face data set folder", () => {
  it("of our own making comes back as the records it was made from", async () => {
    const out = place();
    const records = toRecords(await readRelease(fixture.root));
    await writeHuggingFace(out, records, { name: "x", license: "cc0-1.0", version: "1.0.0", models: [] });
    const { splits, warnings } = await readDataset(out);
    expect(warnings).toEqual([]);
    const of = (config: string, split: string): unknown => splits.find((one) => one.config === config && one.split === split)?.records;
    expect(of("documents", "noise_0.5")).toEqual(records.levels[1]?.documents);
    expect(of("questions", "noise_0.5")).toEqual(records.levels[1]?.questions);
  });

  it("follows the patterns of the card and not what lies beside them; without a card a file is a split", async () => {
    const parquet = (value: string): Uint8Array => new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "text", type: "STRING", data: [value] }, { name: "n", type: "INT64", data: [7n] }] }));
    const files = { "data/train-00000-of-00002.parquet": parquet("a"), "data/train-00001-of-00002.parquet": parquet("b"), "data/test.jsonl": lines({ id: 5, text: "c" }, "broken"), "other.json": JSON.stringify([{ text: "d" }]) };
    const plain = await readDataset(place(files));
    expect(plain.splits.map(({ config, split, records }) => [config, split, records])).toEqual([
      ["default", "test", [{ id: "5", text: "c" }]],
      ["default", "train", [{ id: "0", text: "a", n: 7 }, { id: "1", text: "b", n: 7 }]],
      ["default", "other", [{ id: "0", text: "d" }]],
    ]);
    expect(plain.warnings.join()).toContain("data/test.jsonl:2: no JSON object");
    const card = "---\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n  - split: gone\n    path: ../../etc/*\n---\n# A set\n";
    const named = await readDataset(place({ ...files, "README.md": card }));
    expect(named.splits.map(({ config, split, records }) => [config, split, records.length])).toEqual([["main", "train", 2]]);
    expect(named.warnings.join()).toContain("../../etc/*");
    await expect(readDataset(place({ "data/x.parquet": "not parquet" }))).rejects.toThrow("data/x.parquet cannot be read as Parquet");
    await expect(readDataset(place({ "readme.txt": "" }))).rejects.toThrow("no data in");
  });
});

describe("the command line", () => {
  test("imports and exports what the formats are made of, and says what it does not know", async ({ p }) => {
    p.write({
      "seed.jsonl": lines({ id: "0".repeat(32), model: "m", ...ada }),
      "questions.jsonl": lines({ id: "q", persona: "A shy baker", task: "Toxicity", question: "Rude?" }),
      "pipeline.yaml": pipeline({ seed: { cmd: "cp {files.in} {output}", files: { in: "seed.jsonl" } }, questions: { cmd: "cp {files.in} {output}", files: { in: "questions.jsonl" } } }),
    });
    await p.built();
    expect(await p.dag("export", "spb", "bank")).toMatchObject({ code: 0, stderr: "wrote 2 files to bank\n" });
    expect(await p.dag("import", "spb", "bank")).toMatchObject({ code: 0, stdout: "1 personas, 1 duplicates left out; 0 outside of the card's ages, traits or lengths\n", stderr: "1 file in imports/spb\n" });
    expect(JSON.parse(p.read("imports/spb/personas.jsonl"))).toEqual({ ...ada, model: "m", id: "0".repeat(32) });
    expect(await p.dag("export", "personagym", "gym")).toMatchObject({ code: 0 });
    const gym = await p.dag("import", "personagym", "gym", "--json");
    expect(gym.events).toEqual([{ event: "done", ok: true, personas: 1, questions: 1, warnings: 5 }]);
    expect(p.read("imports/personagym/questions.jsonl")).toContain('"question":"Rude?"');
    p.write({ "set/train.jsonl": lines({ text: "a" }) });
    expect((await p.dag("import", "huggingface", "set", "-o", "in")).stdout).toBe("default  train  1 records\n");
    expect(p.read("in/default/train.jsonl")).toBe('{"id":"0","text":"a"}\n');
    expect(await p.dag("import", "csv", "set")).toMatchObject({ code: 2 });
    expect(await p.dag("export", "csv", "set")).toMatchObject({ code: 2 });
    expect((await p.dag("import", "spb", "pipeline.yaml", "-o", "other")).code).toBe(1);
    expect((await p.dag("export", "personabench", "x")).stderr).toContain('this pipeline has no stage "documents"; export personabench reads the records of documents and questions');
  });
});
