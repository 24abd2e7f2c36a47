import { defineStage } from "daguerre";

/** A directory output: path → text, bytes, a JSON value or records. */
export default defineStage(async ({ needs }) => {
  const people = await needs.bios.all();
  const rows = people.map((p) => `| ${String(p["name"])} | ${String(p["age"])} | ${String(p["job"])} | ${String(p["bio"]).replaceAll("|", "\\|")} |`);
  return {
    "summary.md": ["| name | age | job | bio |", "|---|---|---|---|", ...rows, ""].join("\n"),
    "metrics.json": { people: people.length },
  };
});
