import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import schema from "../schemas/pipeline.schema.json" with { type: "json" };
import { bad, brief, good, stageA } from "./pipeline.rig.ts";

const B = "  b: { run: b.ts }\n";

describe("a mistake is printed", () => {
  test("with its place, the line, a marker under the span and the nearest name", async () => {
    expect(await bad("stages:\n  profile: { run: a.ts }\n  b: { run: b.ts, needs: [profle] }\n")).toEqual([
      `pipeline.yaml:3:27: error: unknown stage "profle"
    b: { run: b.ts, needs: [profle] }
                            ~~~~~~
help: did you mean "profile"?`,
    ]);
  });

  test("together with all others, in the order of the file", async () => {
    const found = await brief(`nme: x
params: { noise: [0.5], seed: 3 }
models: { writer: { provider: ofline, model: m } }
stages:
  a: { run: stages/a.ts, needs: [b, profle], timeout: 5 minutes }
  b: { run: stages/b.ts, needs: [a], params: [sead] }
  c: { run: stages/c.ts, cmd: [x], models: [writr], files: { x: params.nose } }
`);
    expect(found).toEqual([
      '1:1 unknown key "nme" | did you mean "name"?',
      '3:31 models.writer.provider: "ofline" is not one of "offline", "openai", "transformers" | did you mean "offline"?',
      "5:34 stages need each other in a circle: a → b → a",
      '5:37 unknown stage "profle" | known stages: a, b, c',
      '5:55 stages.a.timeout: "5 minutes" is not a duration such as 30m, 90s, 2h or 500ms, or a number of seconds',
      '6:47 unknown param "sead" | did you mean "seed"?',
      '7:3 stages.c has both "run" and "cmd" | a stage has exactly one of them',
      '7:45 unknown model "writr" | did you mean "writer"?',
      '7:65 unknown param "params.nose" | did you mean "params.noise"?',
    ]);
  });

  test("once, where an alias brings it twice", async () => {
    expect(await brief("stages:\n  a: &a { run: a.ts, nees: [], output: x.jsonl }\n  b: *a\n")).toEqual(['2:22 unknown key "nees" in stages.a | did you mean "needs"?', '2:22 unknown key "nees" in stages.b | did you mean "needs"?', '2:40 stages "a" and "b" both write "x.jsonl" | give one of them another output']);
  });

  test("up to a hundred times; the rest is counted", async () => {
    const found = await brief(`stages: { a: { run: a.ts } }\n${Array.from({ length: 150 }, (_, i) => `k${String(i)}: 1\n`).join("")}`);
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toBe("101:1 and 50 more mistakes after this one");
  });

  test("without the line where it may hold a key", async () => {
    const found = await bad("models: { w: { provider: openai, model: m, api_key_env: sk-secret-123, modle: x } }\nstages: { a: { run: a.ts } }\n");
    expect(found).toEqual([
      "pipeline.yaml:1:57: error: models.w.api_key_env is not the name of an environment variable (never the key itself)\nhelp: put the key into a variable and write the variable's name here",
      'pipeline.yaml:1:72: error: unknown key "modle" in models.w\nhelp: did you mean "model"?',
    ]);
    expect((await bad("models: { w: { provider: openai, model: m, base_url: 'https://me:secret@x' } }\nstages: { a: { run: a.ts } }\n")).join()).not.toContain("secret");
  });
});

describe("keys and forms", () => {
  test.each([
    ["stages: {}", ["1:9 stages must not be empty"]],
    ["name: x", ['1:1 the pipeline has no "stages" | a pipeline has at least one stage']],
    ["stages:\n", ["1:1 stages must be a map, not empty | give it a value or remove the key"]],
    ["", ["1:1 the pipeline is empty | stages:\n    hello: { run: stages/hello.ts }"]],
    ["# only a comment\n", ["1:1 the pipeline is empty | stages:\n    hello: { run: stages/hello.ts }"]],
    ["[1]", ["1:1 a pipeline is a map of name, params, models, presets and stages | stages:\n    hello: { run: stages/hello.ts }"]],
    ["hello", ["1:1 a pipeline is a map of name, params, models, presets and stages | stages:\n    hello: { run: stages/hello.ts }"]],
    ["stages:\n  a:\n", ["2:3 stages.a must be a map, not empty | give it a value or remove the key"]],
    ["stages: { a: {} }", ['1:11 stages.a has neither "run" nor "cmd" | run: a module of the project; cmd: any program']],
    ["stages: { a: { run: a.ts, cmd: x } }", ['1:11 stages.a has both "run" and "cmd" | a stage has exactly one of them']],
    ["stages: { a: { run: 3 } }", ["1:21 stages.a.run must be a TypeScript or JavaScript module inside the project, such as stages/profile.ts, not the number 3 | quote it if text is meant"]],
    ["stages: { a: { run: a.py } }", ['1:21 stages.a.run: "a.py" is not a TypeScript or JavaScript module inside the project, such as stages/profile.ts']],
    ["stages: { a: { run: ../a.ts } }", ['1:21 stages.a.run: "../a.ts" is not a TypeScript or JavaScript module inside the project, such as stages/profile.ts']],
    ["stages: { a: { run: a.ts, needs: b } }", ["1:34 stages.a.needs must be a list, not text | write [b]"]],
    ["stages: { a: { run: a.ts, needs: [b, b] }, b: { run: b.ts } }", ['1:38 stages.a.needs: "b" is listed twice']],
    ["stages: { a: { run: a.ts, prompts: { p: /etc/passwd } } }", ['1:41 stages.a.prompts.p: "/etc/passwd" is not a path inside the project (relative, "/" between folders, no "..")']],
    ["stages: { a: { run: a.ts, timeout: -1 } }", ["1:36 stages.a.timeout must be more than 0, not -1"]],
    ["stages: { a: { run: a.ts, timeout: 700h } }", ['1:36 the timeout of stage "a" must be between 1ms and 596h']],
    ["stages: { a: { run: a.ts, env: [A-B] } }", ['1:33 stages.a.env[0]: "A-B" is not the name of an environment variable']],
    ["stages: { a: { cmd: [] } }", ["1:21 stages.a.cmd must not be empty"]],
    ["stages: { a: { cmd: [''] } }", ['1:22 the program of stage "a" has no name']],
    ["stages: { a: { cmd: [x, 1] } }", ["1:25 stages.a.cmd[1] must be text, not the number 1 | quote it if text is meant"]],
    ['stages: { "a b": { run: a.ts } }', ['1:11 "a b" is not a name (letters, digits, "_", "." and "-", not starting with "." or "-", at most 100)']],
    ['stages: { ".a": { run: a.ts } }', ['1:11 ".a" is not a name (letters, digits, "_", "." and "-", not starting with "." or "-", at most 100)']],
    ["models: { w: { provider: openai } }\nstages: { a: { run: a.ts } }", ['1:11 models.w has no "model"']],
    ["models: { w: { provider: openai, model: m, limits: { rpm: 0 }, mode: btch, price: { input: -1 } } }\nstages: { a: { run: a.ts } }", ["1:59 models.w.limits.rpm must be more than 0, not 0", '1:70 models.w.mode: "btch" is not one of "online", "batch" | did you mean "batch"?', "1:92 models.w.price.input must be at least 0, not -1"]],
    ["default: []\nstages: { a: { run: a.ts } }", ["1:10 default must not be empty"]],
    ["default: [b]\nstages: { aa: { run: a.ts } }", ['1:11 unknown target "b" | known stages: aa']],
    ["default: [aa@x=1, 'q*']\nstages: { aa: { run: a.ts } }", ['1:11 stage "aa" has no matrix, so "aa@x=1" is no cell of it | the target is "aa"', '1:19 no stage or cell matches "q*" | known stages: aa']],
  ])("%s", async (text, expected) => {
    expect(await brief(text)).toEqual(expected);
  });

  test.each(["../x", "/x", "x/../y", "..", ".", "a//b", "", "a\\\\b", "C:/x", "a\\u0000b", "/", "x/./y"])("the output %j does not lie below artifacts/", async (output) => {
    const found = await brief(`stages: { a: { run: a.ts, output: "${output}" } }`);
    expect(found.join("\n")).toContain('is not a path below artifacts/ (relative, "/" between folders, no "." or "..")');
  });

  test("of a capability that is nearly one the tool goes by is told, also in a preset; fields of the wire are not guessed at", async () => {
    expect(await brief(`models: { w: { provider: openai, model: m, supports: { jsonschema: false, top_k: false, seed: false } } }\npresets: { p: { models: { w: { supports: { sytem: false } } } } }\nstages: { a: { run: a.ts } }\n`)).toEqual([
      '1:56 models.w.supports: no model has the capability "jsonschema" | did you mean "json_schema"?',
      '2:44 models.w.supports: no model has the capability "sytem" | did you mean "system"?',
    ]);
  });

  test("request, params and supports take what they are given", async () => {
    const pipeline = await good("params: { any: { thing: [1, { x: null }] } }\nmodels: { w: { provider: openai, model: m, request: { a: { b: [1] } }, supports: { x: false } } }\nstages: { a: { run: a.ts } }\n");
    expect(pipeline.models["w"]?.request).toEqual({ a: { b: [1] } });
  });

  test("the schema's own examples fit the schema", () => {
    const ajv = new Ajv2020({ allowUnionTypes: true, strictRequired: false });
    ajv.addSchema(schema, "pipeline");
    let count = 0;
    const walk = (node: unknown, pointer: string): void => {
      if (typeof node !== "object" || node === null) return;
      const { examples } = node as { examples?: unknown[] };
      if (Array.isArray(examples)) {
        for (const example of examples) {
          count++;
          expect(ajv.validate({ $ref: `pipeline#${pointer}` }, example), `${pointer} ${JSON.stringify(example)} ${ajv.errorsText()}`).toBe(true);
        }
      }
      for (const [key, value] of Object.entries(node)) if (key !== "examples") walk(value, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    };
    walk(schema, "");
    expect(count).toBeGreaterThan(20);
  });
});

describe("references", () => {
  test("to stages, params and models must exist", async () => {
    expect(await brief(`params: { retrieval: { k: 1 } }\n${stageA("needs: [bb], each: c, params: [retrieval.n, params.retrieval.k, retrieval.k], models: [w]", B)}`)).toEqual([
      '3:27 unknown stage "bb" | did you mean "b"?',
      '3:38 unknown stage "c" | known stages: a, b',
      '3:50 unknown param "retrieval.n" | did you mean "retrieval.k"?',
      '3:63 unknown param "params.retrieval.k" | write "retrieval.k"',
      '3:106 unknown model "w" | there are no models',
    ]);
  });

  test("to a model that only a preset has say so", async () => {
    expect(await brief(`presets: { paper: { models: { judge: { provider: openai, model: m } } } }\n${stageA("models: [judge]")}`)).toEqual(['3:28 unknown model "judge" | only the preset "paper" has it: add it under models']);
  });

  test("of files to params say when the param is not set, or no path", async () => {
    const params = "params: { release: null, n: 3, list: [a, 1], yaml: x }\n";
    expect(await brief(params + stageA("files: { r: params.release }"))).toEqual(['3:31 params.release, the files "r" of stage "a", is not set | give it with -p release=PATH']);
    expect(await brief(params + stageA("files: { r: params.n }"))).toEqual(["3:31 params.n must be a path or a list of paths to serve as files, not the number 3"]);
    expect(await brief(params + stageA("files: { r: [x, params.list] }"))).toEqual(["3:35 params.list must be a path or a list of paths to serve as files, not a list"]);
    expect(await brief(stageA("files: { r: params.yaml }"))).toEqual(['2:31 unknown param "params.yaml" | a file of this name is written "./params.yaml"']);
    expect((await good(stageA("files: { r: ./params.yaml }"))).stages.get("a")?.files).toEqual({ r: ["params.yaml"] });
    expect(await brief(stageA('files: { r: ["!x"] }'))).toEqual(['2:31 the files "r" of stage "a" only leave files out | name what to take, too: ["seeds/**", "!seeds/old/**"]']);
  });

  test("in a circle print the whole path, once per circle", async () => {
    const chain = "stages:\n  d: { run: d.ts, needs: [a] }\n  a: { run: a.ts, needs: [b] }\n  b: { run: b.ts, each: c }\n  c: { run: c.ts, needs: [a] }\n  s: { run: s.ts, needs: [s] }\n";
    expect(await brief(chain)).toEqual(["3:27 stages need each other in a circle: a → b → c → a", '6:27 stage "s" needs itself: s → s']);
  });
});

describe("the matrix", () => {
  test.each([
    ["matrix: { x: params.xs }", ['3:32 unknown param "params.xs" | did you mean "params.x"?']],
    ["matrix: { x: xlist }", ['3:32 axis "x" of stage "a" must be a list of values or params.x, not "xlist" | a list of one value is [xlist]']],
    ["matrix: { x: y }", ['3:32 axis "x" of stage "a" must be a list of values or params.x, not "y" | did you mean "params.y"?']],
    ["matrix: { x: params.x }", [`3:32 axis "x" of stage "a" must be a list, but params.x is the number 3 | a list of one value is -p 'x=[3]'`]],
    ["matrix: { x: params.none }", ['3:32 axis "x" of stage "a" has no values: params.none is empty']],
    ["matrix: { x: params.deep }", ['3:32 a value of axis "x" of stage "a" must be text, a number or true/false, not a list']],
    ["matrix: { x: [[1], null] }", ["3:33 stages.a.matrix.x[0] must be text, a number or true/false, not a list", "3:38 stages.a.matrix.x[1] must be text, a number or true/false, not empty | give it a value or remove the key"]],
    ["matrix: { x: [] }", ["3:32 stages.a.matrix.x must not be empty"]],
    ["matrix: {}", ["3:27 stages.a.matrix must not be empty"]],
    ["matrix: { x: [1, 2, 1.0] }", ['3:39 axis "x" of stage "a" has the value 1 twice']],
    ["matrix: { x: [GPT, é, gpt, É] }", ['3:41 the values "GPT" and "gpt" of axis "x" of stage "a" differ in case only: their artifacts would be one file on macOS and Windows | give one of them another name']],
    ['matrix: { x: [1, "1", true, "true"] }', ['3:36 the values 1 and "1" of axis "x" of stage "a" would both be written x=1', '3:47 the values true and "true" of axis "x" of stage "a" would both be written x=true']],
  ])("%s", async (fields, expected) => {
    expect(await brief(`params: { x: 3, none: [], deep: [[1]], y: [1] }\n${stageA(fields)}`)).toEqual(expected);
  });

  test("may not ask upstream for a value it does not have", async () => {
    expect(await brief('stages:\n  a: { run: a.ts, matrix: { x: [1, 2], y: [k] } }\n  b: { run: b.ts, needs: [a], matrix: { x: [2, 3, "1"] } }\n')).toEqual(['3:44 stage "b" has x=3, x="1", but "a", which it needs, has no such cell | "a" has x 1, 2']);
  });

  test("may not gather what each runs over", async () => {
    expect(await brief("stages:\n  a: { run: a.ts, matrix: { x: [1, 2] } }\n  b: { run: b.ts, each: a }\n")).toEqual(['3:25 stage "b" runs once per record of "a", which has one artifact per "x" | give it the same matrix: x: …']);
  });

  test("has at most 100,000 cells", async () => {
    const list = JSON.stringify(Array.from({ length: 400 }, (_, i) => i));
    expect(await brief(`params: { x: ${list} }\n${stageA("matrix: { x: params.x, y: params.x, z: params.x, w: params.x }")}`)).toEqual(['3:27 the pipeline has more than 100000 cells: stage "a" alone has 25600000000']);
  });
});

describe("outputs", () => {
  const two = (a: string, b: string) => brief(`stages:\n  a: { run: a.ts, ${a} }\n  b: { run: b.ts, ${b} }\n`);

  test("may not be the same, nor lie inside one another, cells included", async () => {
    expect(await two("output: x.txt", "output: ./x.txt")).toEqual(['3:27 stages "a" and "b" both write "x.txt" | give one of them another output']);
    expect(await two("output: x/", "output: x/y/z.txt")).toEqual(['3:27 stage "b" writes "x/y/z.txt" inside "x" of stage "a" | give one of them another output']);
    expect(await two("output: x/y/z.txt", "output: x/")).toEqual(['2:27 stage "a" writes "x/y/z.txt" inside "x" of stage "b" | give one of them another output']);
    expect(await two("output: X.txt", "output: x.txt")).toEqual(['3:27 stages "a" and "b" write "X.txt" and "x.txt", which are one file on macOS and Windows | give one of them another output']);
    expect(await two("matrix: { n: [1] }", "output: a/n=1.jsonl")).toEqual(['3:27 stages "a" and "b" both write "a/n=1.jsonl" | give one of them another output']);
    expect(await two("matrix: { n: [1, 2] }", "output: a/")).toEqual(['2:3 stage "a" writes "a/n=1.jsonl" inside "a" of stage "b" | give one of them another output']);
    expect(await two("matrix: { n: [1] }, output: o/", "matrix: { n: [1], z: [2] }, output: o/")).toHaveLength(1);
    expect(await two("output: a.jsonl/", "output: a.jsonl")).toHaveLength(1);
  });

  test("may be neighbours", async () => {
    expect(await two("output: x/a.txt", "output: x/b.txt")).toEqual([]);
    expect(await two("output: x.txt", "output: x.txt.bak")).toEqual([]);
    expect(await two("matrix: { n: [1] }", "output: a/n=2.jsonl")).toEqual([]);
    expect(await two("output: ev/", "output: ev2/x")).toEqual([]);
  });

  test("fit their schema and each", async () => {
    expect(await two("output: x/, schema: s.json", "output: y.txt, schema: s.json")).toEqual([
      '2:39 the output "x/" of stage "a" is a directory: its schemas are given per file | schema: { scores.jsonl: s.json }',
      '3:42 a schema checks JSON, but stage "b" writes "y.txt" | an output with a schema ends in .json or .jsonl',
    ]);
    expect(await two("output: x/, schema: { a.csv: s.json }", "schema: { a.json: s.json }")).toEqual([
      '2:41 a schema checks JSON, but "a.csv" of stage "a" ends otherwise | a file with a schema ends in .json or .jsonl',
      '3:27 the output "b.jsonl" of stage "b" is one file: it has one schema | schema: schemas/x.schema.json',
    ]);
    expect(await two("output: x.json", "each: a, output: y.json")).toEqual([
      '3:25 stage "b" runs once per record of "a", whose output "x.json" is not a .jsonl',
      '3:36 stage "b" runs once per record, so its output must be a .jsonl, not "y.json"',
    ]);
  });
});

describe("placeholders of a command", () => {
  const cmd = (list: string, fields = "") => brief(`params: { k: 1, deep: { n: 2 } }\nstages:\n  b: { run: b.ts }\n  a:\n    cmd: ${list}\n${fields}`);

  test("name what the stage declares", async () => {
    const fields = "    needs: [b]\n    files: { f: f }\n    prompts: { p: p.md }\n    params: [deep]\n    matrix: { x: [1] }\n";
    expect(await cmd('[p, "{needs.b}", "{files.f}/{prompts.p}", "{params.deep.n}", "{axis.x}", "{output}"]', fields)).toEqual([]);
    expect(await cmd('[p, "{needs.c}", "{files.g}", "{prompts.q}", "{params.k}", "{params.deep.m}", "{axis.y}", "{item}"]', fields)).toEqual([
      '5:15 {needs.c}: stage "a" declares no need "c" | add it to "needs" of the stage',
      '5:28 {files.g}: stage "a" declares no files "g" | add it to "files" of the stage',
      '5:41 {prompts.q}: stage "a" declares no prompt "q" | add it to "prompts" of the stage',
      '5:56 {params.k}: stage "a" declares no param "k" | add it to "params" of the stage',
      '5:70 unknown param "deep.m" | known params: deep.n',
      '5:89 {axis.y}: stage "a" declares no axis "y" | add it to "matrix" of the stage',
      '5:101 {item} needs "each": stage "a" runs once | add "each: <stage>", or name an artifact with {needs.x}',
    ]);
  });

  test("are marked in the middle of a script, too", async () => {
    expect(await cmd("|\n      echo one\n      sort {need.b} > {outptu}\n")).toEqual([
      "5:10 unknown placeholder {need.b} | known: {needs.x} {files.x} {prompts.x} {params.x} {axis.x} {output} {item}; a literal is written {{need.b}}",
      '5:10 unknown placeholder {outptu} | did you mean "output"?',
    ].map((line) => line.replace("5:10 unknown placeholder {need.b}", "7:12 unknown placeholder {need.b}").replace("5:10 unknown placeholder {outptu}", "7:23 unknown placeholder {outptu}")));
  });

  test("are none in JSON, awk, shell variables, brace expansion and doubled braces", async () => {
    expect(await cmd(`[p, '{"a":{"b":1}}', '{print $1}', '{print}', '\${HOME}', '{a,b}', '{}', '{1..3}', '{{output}}', '{{foo.bar}}', '{{ .Name }}']`)).toEqual([]);
  });
});

describe("presets and overrides", () => {
  const text = "params: { seed: 1, retrieval: { k: 2 }, noise: [0.5] }\nmodels: { writer: { provider: offline, model: m } }\npresets: { paper: { params: { seed: 2 } } }\nstages: { a: { run: a.ts } }\n";

  test("point at the argument", async () => {
    expect(await bad(text, { presets: ["papr"], overrides: ["sed=1"] })).toEqual([
      'error: no param "sed"\n  -p sed=1\n     ~~~\nhelp: did you mean "seed"?',
      'error: no preset "papr"\n  --preset papr\n           ~~~~\nhelp: did you mean "paper"?',
    ]);
  });

  test.each([
    ["retreival.k=1", 'no param "retreival.k" | did you mean "retrieval.k"?'],
    ["temperature=1", 'no param "temperature" | known params: seed, retrieval, noise'],
    ["params.seed=1", 'no param "params.seed" | write -p seed=…'],
    ["seed", "an override is written key=value | for example -p seed=7 or -p 'noise=[0.5]'"],
    ["=1", "an override is written key=value | for example -p seed=7 or -p 'noise=[0.5]'"],
    ["a..b=1", "an override is written key=value | for example -p seed=7 or -p 'noise=[0.5]'"],
    ["seed.x=1", '"seed" is not a map: it has no "x"'],
    ["noise.4=1", '"noise" is a list of 1: it has no "4"'],
    ["retrieval.kk=1", 'no param "retrieval.kk" | did you mean "retrieval.k"?'],
    ["retrieval.depth=1", `no param "retrieval.depth" | known params: retrieval.k; -p 'retrieval={…}' gives all of it anew`],
    ["retrieval.__proto__.x=1", 'the key "__proto__" is not allowed'],
    ["seed={__proto__: 1}", 'the key "__proto__" is not allowed | quote the value if text is meant'],
    ["seed=*x", "no anchor &x stands before this alias | quote the value if text is meant"],
  ])("-p %s", async (override, message) => {
    expect(await brief(text, { overrides: [override] })).toEqual([message]);
  });

  test("that are no YAML are marked where it breaks", async () => {
    expect((await bad(text, { overrides: ["seed=[1"] }))[0]).toContain("\n  -p seed=[1\n            ~\n");
  });

  test("of unused presets are checked, too", async () => {
    expect(await brief(text.replace("{ seed: 2 }", "{ sede: 2, other: 3 }, models: { writr: { limits: { rpm: 1 } } }"))).toEqual([
      '3:31 preset "paper" sets the param "sede", which does not exist | did you mean "seed"?',
      '3:62 preset "paper" changes the model "writr", which does not exist | did you mean "writer"?',
    ]);
    const swapped = "models: { w: { provider: offline, model: m } }\npresets: { p: { models: { w: { provider: openai } } } }\nstages: { a: { run: a.ts } }\n";
    expect(await brief(swapped, { presets: ["p"] })).toEqual(['2:27 model "w" has no "model" with these presets | a preset that changes the provider names the model, too']);
  });
});
