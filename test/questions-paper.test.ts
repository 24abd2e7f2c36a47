/** The flagship's data at the sizes of the paper, through the binary, on the offline provider. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { repository, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

interface Line { id: string; type: string; difficulty: string; check: string; subject: string; truth?: { personal: boolean; former?: unknown } ; [key: string]: unknown }

/** Table 1: sessions and utterances of conversations, of user-AI sessions, and purchase sessions. Table 2: questions. */
const TABLE_1: Readonly<Record<string, readonly number[]>> = {
  "0": [1116, 12901, 269, 3187, 43], "0.3": [1537, 17914, 401, 4439, 97], "0.5": [2131, 24756, 561, 5749, 164], "0.7": [3810, 44810, 1005, 9955, 373],
};
const TABLE_2 = { "Basic information": 269, Preference: 186, Social: 127 };

/** The tool's own project, copied: its stages and data, not its builds. */
function flagship(p: Project): void {
  for (const name of ["pipeline.yaml", "pipelines", "stages", "prompts", "schemas", "seeds"]) cpSync(join(repository, name), p.path(name), { recursive: true });
}

function lines(p: Project, name: string): Line[] {
  return p.read(name).trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
}

function tenth(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1), `${String(actual)} against ${String(expected)}`).toBeLessThanOrEqual(0.1);
}

/** The preset's sizes, without its models: those would cost money. */
function paperParams(): string[] {
  const preset = /\n {2}paper:[^\n]*\n {4}params:\n((?: {6}[^\n]*\n)+)/.exec(readFileSync(join(repository, "pipeline.yaml"), "utf8"))?.[1] ?? "";
  return preset.trim().split("\n").filter((line) => !/^ *(retrievers|readers):/.test(line)).flatMap((line) => { const at = line.indexOf(":"); return ["-p", `${line.slice(0, at).trim()}=${line.slice(at + 1).trim()}`]; });
}

describe("at the sizes of the paper", () => {
  test("sessions, utterances and questions are within a tenth of Tables 1 and 2 at every noise level, and the audit finds nothing", async ({ p }) => {
    flagship(p);
    const params = paperParams();
    expect(params).toContain("communities=5");
    const result = await p.dag("run", "questions", "audit", ...params);
    expect(result.code, result.stderr.slice(-2000)).toBe(0);
    for (const [noise, expected] of Object.entries(TABLE_1)) {
      const documents = lines(p, `artifacts/documents/noise=${noise}.jsonl`);
      const of = (type: string): Line[] => documents.filter((document) => document.type === type);
      const turns = (type: string): number => of(type).reduce((sum, document) => sum + (document[type] as unknown[]).length, 0);
      [of("conversation").length, turns("conversation"), of("user_ai_interaction").length, turns("user_ai_interaction"), of("purchase_history").length].forEach((actual, index) => { tenth(actual, expected[index] ?? 0); });
      const personal = documents.filter(({ truth }) => truth?.personal);
      expect(personal.filter(({ truth }) => truth?.former !== undefined).length / personal.length).toBeLessThan(0.01);
    }
    const questions = lines(p, "artifacts/questions/noise=0.jsonl");
    for (const [type, expected] of Object.entries(TABLE_2)) tenth(questions.filter((question) => question.type === type).length, expected);
    expect(lines(p, "artifacts/audit/findings.jsonl")).toEqual([]);
  }, 600_000);
});

const release = join(repository, "../shared/data/personabench");

describe("the audit of a public release", () => {
  test.skipIf(!existsSync(release))("finds its known faults (skipped where the release is not beside the project)", async ({ p }) => {
    flagship(p);
    const result = await p.dag("-f", "pipelines/release.yaml", "run", "audit", "-p", `release=${release}`);
    expect(result.code, result.stderr.slice(-2000)).toBe(0);
    const findings = lines(p, "artifacts/release/audit/findings.jsonl");
    const found = (check: string): string[] => findings.filter((finding) => finding.check === check).map(({ subject }) => subject);
    expect(found("relation-direction").length).toBe(4);
    expect(found("gold-answer")).toEqual(["000001034"]);
    expect(found("key-form").length).toBeGreaterThan(0);
    expect(found("difficulty").length).toBeGreaterThan(0);
    const { length: outdated } = lines(p, "artifacts/release/questions/noise=0.jsonl").flatMap((question) => (question["outdated_value"] as string[] | null) ?? []);
    expect(new Set(findings.filter(({ check, noise }) => check === "update-absent" && noise === 0).map((finding) => JSON.stringify(finding))).size).toBeGreaterThan(outdated / 2);
    for (const sound of ["segment-id", "question-id", "session-number", "volume", "time-order", "relation-reverse"]) expect(found(sound)).toEqual([]);
  }, 120_000);
});
