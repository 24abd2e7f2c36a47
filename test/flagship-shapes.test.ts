/** The flagship as a reader of the paper would check it: the shapes of its results, from a simulator that does not know the answers it is not shown. */
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { repository, test } from "./rig/index.ts";

interface Row { noise: number; system: string; retriever: string; category: string; metric: string; mode: string; value: number }
interface Size { noise: number; system: string; size: number; metric: string; value: number; n: number }

test("retrieval falls as noise grows, the gold context beats every retriever, and more to find is harder", async ({ p }) => {
  for (const name of ["pipeline.yaml", "stages", "prompts", "schemas", "seeds"]) cpSync(join(repository, name), p.path(name), { recursive: true });
  symlinkSync(join(repository, "node_modules"), p.path("node_modules"));
  const result = await p.dag("run", "evaluate");
  expect(result.code, result.stderr.slice(-2000)).toBe(0);
  const { metrics, by_size } = JSON.parse(p.read("artifacts/evaluate/metrics.json")) as { metrics: Row[]; by_size: Size[] };
  const overall = (metric: string): Row[] => metrics.filter((row) => row.mode === "fixed" && row.category === "Overall" && row.metric === metric);
  const systems = [...new Set(metrics.map(({ system }) => system))];
  expect(systems.length).toBe(8);

  for (const system of systems) {
    const curve = overall("retrieval_recall").filter((row) => row.system === system).map(({ value }) => value);
    const gold = system.endsWith("+gt-context");
    expect(curve.length).toBe(4);
    if (gold) expect(curve).toEqual([1, 1, 1, 1]);
    else {
      // Personal sessions stay and noise only comes on top, so the curve falls at every step, not only in expectation.
      for (const [place, value] of curve.entries()) if (place > 0) expect(value, system).toBeLessThanOrEqual(curve[place - 1] ?? 0);
      expect(curve[3], system).toBeLessThan(0.9 * (curve[0] ?? 0));
    }
    const reader = system.slice(0, system.indexOf("+"));
    for (const row of overall("f1").filter((one) => one.system === system && !gold)) {
      expect(row.value, system).toBeLessThan(0.5 * (overall("f1").find((one) => one.noise === row.noise && one.system === `${reader}+gt-context`)?.value ?? 0));
    }
    if (!gold) {
      const recall = (few: boolean): number => {
        const rows = by_size.filter((row) => row.system === system && row.metric === "retrieval_recall" && (row.size <= 2) === few);
        return rows.reduce((sum, { value, n }) => sum + value * n, 0) / rows.reduce((sum, { n }) => sum + n, 0);
      };
      expect(recall(false), system).toBeLessThan(0.8 * recall(true));
    }
  }
}, 300_000);
