import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { summarise } from "../src/report/index.ts";
import { runEvaluate } from "./evaluate/run.ts";
import { study } from "./evaluate/study.ts";

let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "evaluate-"));
  const out = await runEvaluate(study({ noises: [0, 0.3, 0.5, 0.7] }));
  writeFileSync(join(directory, "metrics.json"), JSON.stringify(out["metrics.json"]));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("the end of a run", () => {
  test("shows retrieval and answers by noise level, and says where the rest lies and that it was simulated", async () => {
    const text = (await summarise(directory, { shown: "artifacts/evaluate/" })) ?? "";
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^Recall@5 at noise +0\.0 +0\.3 +0\.5 +0\.7$/);
    expect(text).toMatch(/^bm25 +\.\d{3} ±\.\d{3} /m);
    expect(text).toMatch(/^Answer F1 at noise/m);
    expect(text).toContain("offline provider, not a language model");
    expect(text).toContain("artifacts/evaluate/");
    expect(text).not.toContain("\u001b");
  });

  test("fits every terminal from 40 columns on", async () => {
    for (const width of [40, 60, 80, 100]) {
      const text = (await summarise(directory, { width, shown: "x/" })) ?? "";
      expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(width);
    }
  });

  test("colours only where asked for", async () => {
    expect(await summarise(directory, { color: true })).toContain("\u001b[1mRecall");
  });

  test("says nothing of a directory without metrics, or with others", async () => {
    const other = mkdtempSync(join(tmpdir(), "other-"));
    expect(await summarise(other)).toBeUndefined();
    writeFileSync(join(other, "metrics.json"), "{");
    expect(await summarise(other)).toBeUndefined();
    writeFileSync(join(other, "metrics.json"), '{"metrics": 3}');
    expect(await summarise(other)).toBeUndefined();
    rmSync(other, { recursive: true });
  });
});
