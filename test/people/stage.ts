// Calls a stage function of the flagship without the build: real seeds and prompts, and a writer that the test supplies.
import { readFileSync } from "node:fs";
import { Liquid } from "liquidjs";
import type { Json, JsonRecord, Random, StageContext, StageFunction } from "../../src/stage/index.ts";
import { factsOf } from "../../src/offline/facts.ts";
import { seededRandom } from "../../src/offline/random.ts";
import { skills } from "../../src/offline/skills/index.ts";

const engine = new Liquid({ strictVariables: true, ownPropertyOnly: true });

/** Answers a request; `undefined` stands for an answer that is no use. */
export type Writer = (request: { schema: string; prompt: string; facts: Json[]; sample: number; random: Random }) => Json | undefined | Promise<Json | undefined>;

/** The offline writer's skill of that schema. */
export const offline: Writer = ({ schema, prompt, facts, random }) => {
  const skill = skills[schema];
  if (skill === undefined) throw new Error(`no skill ${schema}`);
  return skill({ model: "writer-1", schemaName: schema, schema: {}, prompt, facts, random });
};

export interface Setup {
  seed?: number;
  files: Record<string, string>;
  prompts: Record<string, string>;
  params: Record<string, Json>;
  needs?: Record<string, JsonRecord[]>;
  item?: JsonRecord;
  writer?: Writer;
}

/** Runs the stage and returns its records, with the number of calls it made. */
export async function runStage(stage: StageFunction, setup: Setup): Promise<{ records: JsonRecord[]; calls: number }> {
  const { seed = 2024, writer = offline, item } = setup;
  let calls = 0;
  const model = {
    provider: "offline", model: "writer-1",
    chat: async ({ prompt, schema, sample = 0 }: { prompt: string; schema: string; sample?: number }) => {
      calls++;
      const name = schema.replace(/^.*\/|\.schema\.json$/g, "");
      const value = await writer({ schema: name, prompt, facts: factsOf(prompt), sample, random: seededRandom(`${sample}:${prompt}`) });
      return { value: value === undefined ? undefined : structuredClone(value), outcome: value === undefined ? "refusal" : "ok", usage: { input: 0, cached_input: 0, output: 0 }, cached: false, model: "writer-1", key: "" };
    },
  };
  const context = {
    item, params: setup.params, axis: {}, models: { writer: model },
    needs: Object.fromEntries(Object.entries(setup.needs ?? {}).map(([name, records]) => [name, { all: () => Promise.resolve(structuredClone(records)) }])),
    files: Object.fromEntries(Object.entries(setup.files).map(([name, path]) => [name, { json: () => Promise.resolve(JSON.parse(readFileSync(path, "utf8")) as Json) }])),
    prompts: Object.fromEntries(Object.entries(setup.prompts).map(([name, path]) => {
      const template = engine.parse(readFileSync(path, "utf8"));
      return [name, { path, text: "", render: (variables: object) => engine.renderSync(template, variables) as string }];
    })),
    random: (...labels: (string | number)[]) => seededRandom(JSON.stringify([seed, item?.id ?? null, labels])),
    log: () => undefined,
    signal: new AbortController().signal,
    output: "",
  } as unknown as StageContext;
  const result = await stage(context);
  return { records: result as JsonRecord[], calls };
}

export const bankParams = { round: 20, references: 3, look_back: 20, reset: 50, similarity: { shared_traits: 2, word_overlap: 0.6 } };

export const seedSetup = (personas: number): Setup => ({
  files: { components: "seeds/components.json", names: "seeds/names.json" },
  prompts: { persona: "prompts/persona.md" },
  params: { seed: 2024, personas, bank: bankParams },
});

export const graphSetup = (bank: JsonRecord[], communities: number, people: number): Setup => ({
  files: { components: "seeds/components.json", names: "seeds/names.json", relations: "seeds/relations.json" },
  prompts: { graph: "prompts/graph.md", expand: "prompts/expand.md" },
  params: { seed: 2024, communities, people, tested: 3 },
  needs: { seed: bank },
});

export const profileSetup = (community: JsonRecord): Setup => ({
  item: community,
  files: { taxonomy: "seeds/taxonomy.json", places: "seeds/places.json", work: "seeds/work.json", relations: "seeds/relations.json", components: "seeds/components.json" },
  prompts: { social: "prompts/profile-social.md", profile: "prompts/profile.md" },
  params: { seed: 2024, tested: 3, profile: { categories: 48 } },
});
