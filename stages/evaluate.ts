/** Scores every system at every noise level, and leaves numbers, tables, figures and the public release's own result files. */
import { defineStage } from "daguerre";
import { gather } from "./evaluate/gather.ts";
import { measure } from "./evaluate/metrics.ts";
import { scoreRecords } from "./evaluate/records.ts";
import { resultFiles, statisticsFile } from "./evaluate/released.ts";
import { allTables } from "./evaluate/tables/index.ts";
import { csv } from "./evaluate/tables/csv.ts";
import { latex } from "./evaluate/tables/latex.ts";
import { markdown } from "./evaluate/tables/markdown.ts";
import { allFigures } from "./evaluate/figures/index.ts";
import { communities } from "./evaluate/figures/community.ts";

export default defineStage(async ({ needs, params, models, log }) => {
  const study = await gather(needs);
  const simulated = Object.keys(models).filter((role) => models[role]?.provider === "offline");
  const metrics = measure(study, { seed: Object.hasOwn(params, "seed") ? String(params["seed"]) : "0", simulated });
  for (const warning of metrics.warnings) log(warning);
  const tables = allTables(metrics);
  return {
    "metrics.json": metrics,
    "scores.jsonl": scoreRecords(study),
    "statistics.json": statisticsFile(study),
    ...resultFiles(study),
    "tables.md": markdown(tables, metrics),
    "tables.tex": latex(tables, metrics),
    "tables.csv": csv(tables),
    ...(await allFigures(metrics)),
    ...(Object.hasOwn(needs, "graph") && needs["graph"] !== undefined ? await communities(needs["graph"]) : {}),
  };
});
