import { defineStage } from "daguerre";

/** Draws people from the seeds: the same seed gives the same people, anywhere. */
export default defineStage(async ({ files, params, random }) => {
  const seeds = (await files.names.json()) as { names: string[]; jobs: string[] };
  const names = random("names").sample(seeds.names, params.people);
  return names.map((name, i) => ({ id: `person-${i + 1}`, name, job: random("job", i).pick(seeds.jobs), age: random("age", i).int(19, 75) }));
});
