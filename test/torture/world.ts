import { pipeline } from "../rig/index.ts";
import type { StageYaml } from "../rig/index.ts";
import type { Dice } from "./dice.ts";

/** A random project: what its files say, before they are written. */
export interface World {
  words: Record<string, string>;
  texts: Record<string, string>;
  people: { id: string; n: number }[];
  noise: number[];
  seed: number;
  stages: TortureStage[];
}

export interface TortureStage {
  name: string;
  kind: "command" | "module" | "items" | "letters" | "copies" | "folder";
  needs: string[];
  file?: string;
  matrix: boolean;
  /** Only a little of what goes in comes out: early cut-off has something to do. */
  narrow: boolean;
  comment: number;
}

/** A DAG of 6 to 10 stages over text, with a list of people, a stage of items that asks a model, one that runs a command, a directory, and a matrix. */
export function makeWorld(dice: Dice): World {
  const stages: TortureStage[] = [
    { name: "people", kind: "items", needs: [], matrix: false, narrow: false, comment: 0 },
    { name: "letters", kind: "letters", needs: ["people"], matrix: dice.chance(0.3), narrow: false, comment: 0 },
  ];
  // Nobody needs these two.
  const ends: TortureStage[] = [
    { name: "copies", kind: "copies", needs: ["people"], matrix: dice.chance(0.3), narrow: false, comment: 0 },
    { name: "folder", kind: "folder", needs: ["letters"], matrix: false, narrow: false, comment: 0 },
  ];
  const texts: Record<string, string> = {};
  for (let i = 0; i < 3; i++) texts[`data/f${String(i)}.txt`] = `text ${String(i)}\n`;
  const count = dice.int(2, 6);
  for (let i = 0; i < count; i++) {
    const needs = stages.map(({ name }) => name).filter(() => dice.chance(0.4)).slice(-3);
    const gathers = needs.some((need) => stages.find(({ name }) => name === need)?.matrix);
    const matrix = dice.chance(0.35);
    stages.push({
      name: `s${String(i)}`,
      kind: dice.chance(0.5) && (!gathers || matrix) ? "command" : "module",
      needs,
      ...(dice.chance(0.6) || needs.length === 0 ? { file: dice.pick(Object.keys(texts)) } : {}),
      matrix,
      narrow: dice.chance(0.3),
      comment: 0,
    });
  }
  stages.push(...ends);
  return { words: Object.fromEntries(stages.map(({ name }) => [name, "w0"])), texts, people: [1, 2, 3, 4].map((n) => ({ id: `p${String(n)}`, n })), noise: [0, 0.5], seed: 1, stages };
}

/** All files of the project by path. */
export function render(world: World, server: string): Record<string, string> {
  const files: Record<string, string> = { ...world.texts, "people.jsonl": world.people.map((person) => `${JSON.stringify(person)}\n`).join("") };
  const stages: Record<string, StageYaml> = {};
  for (const stage of world.stages) {
    stages[stage.name] = yaml(world, stage);
    if (stage.kind === "module" || stage.kind === "letters" || stage.kind === "folder") files[`stages/${stage.name}.ts`] = code(world, stage);
  }
  const models = { writer: { provider: "openai", model: "m-1", base_url: server, api_key_env: "TORTURE_KEY" } };
  files["pipeline.yaml"] = JSON.stringify(pipeline(stages, { params: { seed: world.seed, noise: world.noise }, models }), null, 1);
  return files;
}

function yaml(world: World, stage: TortureStage): StageYaml {
  const word = world.words[stage.name] ?? "";
  const common = {
    ...(stage.needs.length > 0 ? { needs: stage.needs } : {}),
    ...(stage.file === undefined ? {} : { files: { text: stage.file } }),
    ...(stage.matrix ? { matrix: { noise: "params.noise" } } : {}),
  };
  switch (stage.kind) {
    case "items":
      return { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } };
    case "letters":
      return { run: "stages/letters.ts", ...common, each: "people", models: ["writer"], params: ["seed"] };
    case "copies":
      return { cmd: `sed 's/"n"/"${word}"/' {item} > {output}`, ...common, each: "people" };
    case "folder":
      return { run: "stages/folder.ts", ...common, params: ["seed"], output: "folder/" };
    case "module":
      return { run: `stages/${stage.name}.ts`, ...common, params: ["seed"], output: `${stage.name}.txt` };
    case "command": {
      const sources = [...(stage.file === undefined ? [] : ["{files.text}"]), ...stage.needs.map((need) => `{needs.${need}}`)].join(" ");
      return { cmd: `(echo ${word}${stage.matrix ? " {axis.noise}" : ""}; cat ${sources} /dev/null) | ${stage.narrow ? "wc -l" : "cksum"} > {output}`, ...common, output: `${stage.name}.txt` };
    }
  }
}

function code(world: World, stage: TortureStage): string {
  const word = JSON.stringify(world.words[stage.name] ?? "");
  const remarks = "// a remark\n".repeat(stage.comment);
  const axis = stage.matrix ? "axis.noise" : '""';
  if (stage.kind === "letters") {
    return `${remarks}export default async ({ item, models, random, axis }) => {
  const { value } = await models.writer.chat({ prompt: ${word} + " " + item.id + " " + item.n + " " + ${axis} });
  return { id: item.id, value, lot: random("lot").int(0, 999) };
};
`;
  }
  if (stage.kind === "folder") {
    return `${remarks}export default async ({ needs, params }) => {
  const made = { "about.json": { word: ${word}, seed: params.seed } };
  for (const cell of needs.letters.cells()) for await (const { id, value } of cell.records()) made["of/" + id + ".txt"] = ${stage.narrow ? '"a letter\\n"' : "value"};
  return made;
};
`;
  }
  return `${remarks}import { createHash } from "node:crypto";
export default async ({ needs, files, params, axis }) => {
  let text = ${word} + params.seed + ${axis};
  ${stage.file === undefined ? "" : "text += await files.text.text();"}
  for (const name of ${JSON.stringify(stage.needs)}) for (const cell of needs[name].cells()) text += cell.cell + (await cell.text());
  return ${stage.narrow ? "text.length % 2" : 'createHash("sha256").update(text).digest("hex")'} + "\\n";
};
`;
}

/** One random edit of the sources; says what it did. Values come from small sets, so that earlier states come back. */
export function edit(world: World, dice: Dice): string {
  const stage = dice.pick(world.stages);
  const choice = dice.int(0, 8);
  switch (choice) {
    case 0: {
      const name = dice.pick(Object.keys(world.texts));
      world.texts[name] = `text ${String(dice.int(0, 3))}\n`;
      return `${name} = ${String(world.texts[name]).trim()}`;
    }
    case 1:
      world.words[stage.name] = `w${String(dice.int(0, 2))}`;
      return `${stage.name} says ${String(world.words[stage.name])}`;
    case 2:
      stage.comment = dice.int(0, 2);
      return `${stage.name} has ${String(stage.comment)} remarks`;
    case 3:
      world.seed = dice.int(1, 3);
      return `seed ${String(world.seed)}`;
    case 4:
      world.noise = dice.pick([[0], [0, 0.5], [0, 0.5, 0.7], [0.5]]);
      return `noise ${JSON.stringify(world.noise)}`;
    case 5: {
      const n = dice.int(1, 9);
      world.people = world.people.some(({ id }) => id === `p${String(n)}`) ? world.people.filter(({ id }) => id !== `p${String(n)}`) : [...world.people, { id: `p${String(n)}`, n }];
      return `people ${world.people.map(({ id }) => id).join(" ")}`;
    }
    case 6: {
      const person = world.people.at(dice.int(0, 8) % Math.max(1, world.people.length));
      if (person !== undefined) person.n = dice.int(1, 12);
      return "a person changed";
    }
    case 7:
      world.people.reverse();
      return "people reversed";
    default: {
      stage.narrow = !stage.narrow;
      return `${stage.name} narrow ${String(stage.narrow)}`;
    }
  }
}
