import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expand, formatDiagnostic, loadPipeline, type Pipeline } from "../src/pipeline/index.ts";
import { good } from "./pipeline.rig.ts";

const FULL = `# yaml-language-server: $schema=./schemas/pipeline.schema.json
name: personabench
default: [evaluate]

params:
  seed: 2024
  noise: [0.0, 0.3, 0.5, 0.7]
  communities: 1
  retrieval: { k: null, lengths: [1, 2] }
  release: ../release

models:
  writer: { provider: offline, model: writer-1, request: { temperature: 0.5 } }
  reader: { provider: openai, model: r, base_url: "http://localhost:1/v1", request: { seed: 1 } }

presets:
  paper:
    params: { communities: 5, retrieval: { k: 3 } }
    models:
      writer:
        provider: openai
        model: gpt-4o-2024-08-06
        request: { top_p: 0.9 }
        api_key_env: OPENAI_API_KEY
        limits: { rpm: 500, tpm: 200000, concurrency: 64 }
        price: { input: 2.5, cached_input: 1.25, output: 10.0 }
        weights: sha256:00
  tiny:
    params: { communities: 2 }
    models: { reader: { request: { seed: 2 } } }

stages:
  profile: { run: ./stages/profile.ts, params: [seed] }
  documents:
    run: stages/documents.ts
    needs: [profile]
    files: { news: [seeds/z.jsonl, seeds/**/*.jsonl, "!seeds/old/**"], release: params.release }
    prompts: { conversation: ./prompts/conversation.md, ask: prompts/ask.md }
    params: [seed, noise, retrieval.k]
    models: [writer, reader]
    env: [HF_HOME, CUDA_VISIBLE_DEVICES]
    each: profile
    matrix: { noise: params.noise }
    schema: schemas/document.schema.json
    timeout: 30m
  evaluate:
    cmd: [python3, tools/evaluate.py, "{needs.documents}", "{output}"]
    needs: [documents]
    output: evaluate/
    schema: { scores.jsonl: schemas/score.schema.json }
    timeout: 1.5
`;

describe("a pipeline file", () => {
  test("becomes stages with everything resolved, defaults filled in and lists sorted", async () => {
    const pipeline = await good(FULL);
    expect([...pipeline.stages.keys()]).toEqual(["profile", "documents", "evaluate"]);
    expect(pipeline.stages.get("documents")).toEqual({
      name: "documents",
      action: { kind: "module", path: "stages/documents.ts" },
      needs: ["profile"],
      files: { news: ["!seeds/old/**", "seeds/**/*.jsonl", "seeds/z.jsonl"], release: ["../release"] },
      prompts: { ask: "prompts/ask.md", conversation: "prompts/conversation.md" },
      params: ["noise", "retrieval.k", "seed"],
      models: ["reader", "writer"],
      modelAxes: [],
      env: ["CUDA_VISIBLE_DEVICES", "HF_HOME"],
      each: "profile",
      matrix: [{ name: "noise", values: [0, 0.3, 0.5, 0.7] }],
      output: { path: "documents.jsonl", kind: "jsonl" },
      schema: "schemas/document.schema.json",
      timeoutMs: 1_800_000,
      position: { line: 34, column: 3 },
    });
    expect(pipeline.stages.get("evaluate")).toMatchObject({ output: { path: "evaluate", kind: "directory" }, schema: { "scores.jsonl": "schemas/score.schema.json" }, timeoutMs: 1500 });
    expect(pipeline.stages.get("profile")?.action).toEqual({ kind: "module", path: "stages/profile.ts" });
    expect({ ...pipeline, stages: 0, params: 0, models: 0 }).toEqual({ name: "personabench", root: "/project", file: "pipeline.yaml", slug: "", default: ["evaluate"], presets: [], stages: 0, params: 0, models: 0 });
  });

  test("gives the same pipeline whatever the order of keys and lists, and with or without comments", async () => {
    const other = `
stages:
  b:
    timeout: 5s
    matrix: { y: [2, 1], x: [a] }
    env: [B, A]   # both
    models: [s, r]
    params: [q, p]
    prompts: { o: o.md, i: i.md }
    files: { g: [z, y], f: f }
    needs: [c, a]
    run: b.ts
  a: { run: a.ts }
  c: { run: c.ts }
params: { q: { b: 2, a: 1 }, p: 1 }
models: { s: { model: m, provider: offline }, r: { provider: offline, model: m } }
`;
    const one = `
models: { r: { model: m, provider: offline }, s: { provider: offline, model: m } }
params: { p: 1, q: { a: 1, b: 2 } }
# a comment
stages:
  b:
    run: b.ts # another
    needs: [a, c]
    files: { f: f, g: [y, z] }
    prompts: { i: i.md, o: o.md }
    params: [p, q]
    models: [r, s]
    env: [A, B]
    matrix: { x: [a], y: [2, 1] }
    timeout: 5s
  a: { run: a.ts }
  c: { run: c.ts }
`;
    const plain = (pipeline: Pipeline) => ({ ...pipeline, stages: [...pipeline.stages.values()].map((stage) => ({ ...stage, position: 0 })) });
    expect(plain(await good(other))).toEqual(plain(await good(one)));
    expect(JSON.stringify(plain(await good(other)).stages)).toBe(JSON.stringify(plain(await good(one)).stages));
  });

  test("without default builds the stages that no other stage needs", async () => {
    const pipeline = await good("stages:\n  b: { run: b.ts, needs: [a] }\n  a: { run: a.ts }\n  c: { run: c.ts, each: a }\n");
    expect(pipeline.default).toEqual(["b", "c"]);
  });

  test("may name cells and globs in default", async () => {
    const pipeline = await good("default: ['a@x=1', 'b*']\nstages:\n  a: { run: a.ts, matrix: { x: [1, 2] } }\n  b1: { run: b.ts }\n");
    expect(pipeline.default).toEqual(["a@x=1", "b*"]);
  });

  test("without a name is called after its file, never after a directory of the machine", async () => {
    expect((await good("stages: { a: { run: a.ts } }")).name).toBe("pipeline");
    expect((await good("stages: { a: { run: a.ts } }", { file: "pipelines/release.yaml" })).name).toBe("release");
  });

  test.each([
    ["pipeline.yaml", ""],
    ["pipelines/x.yaml", "x"],
    ["pipelines/deep/y.yml", "deep/y"],
    ["other.yaml", "other"],
  ])("%s has the part %j of artifacts for itself", async (file, slug) => {
    expect((await good("stages: { a: { run: a.ts } }", { file })).slug).toBe(slug);
  });

  test.each([
    ["90s", 90_000],
    ["500ms", 500],
    ["2h", 7_200_000],
    ["1.5m", 90_000],
    ["600", 600_000],
    ["0.25", 250],
  ])("reads the timeout %s as %d ms", async (written, ms) => {
    expect((await good(`stages: { a: { run: a.ts, timeout: ${written} } }`)).stages.get("a")?.timeoutMs).toBe(ms);
  });

  test.each([
    ["x.json", { path: "x.json", kind: "json" }],
    ["deep/x.jsonl", { path: "deep/x.jsonl", kind: "jsonl" }],
    ["./v.npy", { path: "v.npy", kind: "npy" }],
    ["x.tar.gz", { path: "x.tar.gz", kind: "file" }],
    ["README", { path: "README", kind: "file" }],
    ["a.json/", { path: "a.json", kind: "directory" }],
    [".hidden/x y.csv", { path: ".hidden/x y.csv", kind: "file" }],
  ])("reads the output %s by its ending", async (written, output) => {
    expect((await good(`stages: { a: { run: a.ts, output: "${written}" } }`)).stages.get("a")?.output).toEqual(output);
  });

  test("takes YAML with a byte order mark, CRLF, anchors and a document marker", async () => {
    const text = "\ufeff---\r\nparams:\r\n  x: &x [1, 2]\r\n  y: *x\r\nstages:\r\n  a:\r\n    run: a.ts\r\n    matrix: { x: params.y }\r\n";
    expect((await good(text)).stages.get("a")?.matrix).toEqual([{ name: "x", values: [1, 2] }]);
  });

  test("names stages like the properties of an object without harm", async () => {
    const pipeline = await good("params: { toString: 1 }\nstages:\n  toString: { run: a.ts, params: [toString] }\n  valueOf: { run: b.ts, needs: [toString] }\n  12: { run: c.ts }\n");
    expect([...pipeline.stages.keys()]).toEqual(["toString", "valueOf", "12"]);
  });
});

describe("presets and overrides", () => {
  test("a preset merges maps and replaces lists and values; a changed provider replaces the model", async () => {
    const { params, models, presets } = await good(FULL, { presets: ["paper"] });
    expect(params).toMatchObject({ communities: 5, seed: 2024, retrieval: { k: 3, lengths: [1, 2] } });
    expect(models["writer"]).toEqual({
      provider: "openai",
      model: "gpt-4o-2024-08-06",
      request: { top_p: 0.9 },
      api_key_env: "OPENAI_API_KEY",
      limits: { rpm: 500, tpm: 200000, concurrency: 64 },
      price: { input: 2.5, cached_input: 1.25, output: 10 },
      weights: "sha256:00",
    });
    expect(presets).toEqual(["paper"]);
  });

  test("presets are laid over in the order given, overrides last", async () => {
    expect((await good(FULL, { presets: ["paper", "tiny"] })).params["communities"]).toBe(2);
    expect((await good(FULL, { presets: ["tiny", "paper"] })).params["communities"]).toBe(5);
    expect((await good(FULL, { presets: ["tiny"], overrides: ["communities=7", "communities=8"] })).params["communities"]).toBe(8);
  });

  test("a preset of the same provider changes single fields of a model", async () => {
    expect((await good(FULL, { presets: ["tiny"] })).models["reader"]).toEqual({ provider: "openai", model: "r", base_url: "http://localhost:1/v1", request: { seed: 2 } });
  });

  test("overrides are YAML, reach into maps and lists, and may fill an empty map", async () => {
    const { params } = await good(FULL, { overrides: ["retrieval.k=5", "retrieval.lengths={}", "retrieval.lengths.new.deep=[a, {b: 1}]", "noise.1=0.4", "release=/data/a b=c", "seed="] });
    expect(params).toEqual({ seed: null, noise: [0, 0.4, 0.5, 0.7], communities: 1, retrieval: { k: 5, lengths: { new: { deep: ["a", { b: 1 }] } } }, release: "/data/a b=c" });
  });

  test("overrides change the matrix and the files that take params", async () => {
    const { stages } = await good(FULL, { overrides: ["noise=[0.1]", "release=[a, ./b]"] });
    expect(stages.get("documents")?.matrix).toEqual([{ name: "noise", values: [0.1] }]);
    expect(stages.get("documents")?.files["release"]).toEqual(["a", "b"]);
  });
});

describe("loading a file", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pipeline-"));
    await mkdir(join(root, "pipelines/folder.yaml"), { recursive: true });
    await writeFile(join(root, "pipeline.yaml"), FULL);
    await writeFile(join(root, "pipelines/release.yaml"), "stages: { a: { run: stages/a.ts } }\n");
    await symlink("nowhere", join(root, "dangling.yaml"));
  });
  afterAll(() => rm(root, { recursive: true }));

  async function failure(file: string | undefined, at = root): Promise<string> {
    const result = await loadPipeline({ root: at, file });
    return result.ok ? "ok" : result.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join("\n\n");
  }

  test("reads pipeline.yaml of the root, or the file given", async () => {
    const main = await loadPipeline({ root });
    expect(main.ok && main.pipeline.file).toBe("pipeline.yaml");
    const other = await loadPipeline({ root, file: "./pipelines/release.yaml" });
    expect(other.ok && [other.pipeline.root, other.pipeline.file, other.pipeline.slug]).toEqual([root, "pipelines/release.yaml", "release"]);
    const absolute = await loadPipeline({ root, file: join(root, "pipelines/release.yaml") });
    expect(absolute).toEqual(other);
  });

  test("says what is wrong with a file that is missing, a directory, or elsewhere", async () => {
    expect(await failure("pipelines/relaese.yaml")).toBe("pipelines/relaese.yaml:1:1: error: there is no pipelines/relaese.yaml\nhelp: did you mean -f pipelines/release.yaml?");
    expect(await failure("pipelines/folder.yaml")).toBe("pipelines/folder.yaml:1:1: error: pipelines/folder.yaml is a directory\nhelp: did you mean -f pipelines/release.yaml?");
    expect(await failure("dangling.yaml")).toContain("there is no dangling.yaml");
    expect(await failure("../x.yaml")).toBe("../x.yaml:1:1: error: the pipeline file lies outside the project\nhelp: the project is where pipeline.yaml lies: change to it or give it with -C");
    expect(await failure(undefined, join(root, "pipelines"))).toMatch(/^pipelines?\.yaml:1:1: error: there is no pipeline\.yaml\nhelp: there is one in (.+): dag -C \1 …$/);
    expect(await failure("pipeline.yaml/x.yaml")).toContain("there is no pipeline.yaml/x.yaml");
  });

  test("keeps the artifacts of other pipelines out of the outputs", async () => {
    const other = join(root, "other");
    await mkdir(join(other, "pipelines"), { recursive: true });
    await writeFile(join(other, "pipelines/Release.yaml"), "stages: { a: { run: stages/a.ts, output: release/ } }\n");
    await writeFile(join(other, "pipeline.yaml"), "stages:\n  a: { run: a.ts, output: release/a.json }\n  release: { run: b.ts, matrix: { x: [1] } }\n  c: { run: c.ts, output: release.json }\n");
    expect(await failure(undefined, other)).toBe(`pipeline.yaml:2:3: error: stage "a" writes "release/a.json", but artifacts/release/ belongs to pipelines/Release.yaml
    a: { run: a.ts, output: release/a.json }
    ~
help: give the stage another output, or rename the pipeline

pipeline.yaml:3:3: error: stage "release" writes "release/", but artifacts/release/ belongs to pipelines/Release.yaml
    release: { run: b.ts, matrix: { x: [1] } }
    ~~~~~~~
help: give the stage another output, or rename the pipeline`);
    expect(await failure("pipelines/Release.yaml", other)).toBe("ok");
  });

  test("takes a remembered pipeline for the same content only, and none that is damaged", async () => {
    const kept = new Map<string, string>();
    let reads = 0;
    const memory = {
      read: (key: string) => {
        const text = kept.get(key);
        if (text !== undefined) reads++;
        return text;
      },
      write: (key: string, text: string) => void kept.set(key, text),
    };
    const first = await loadPipeline({ root, memory, presets: ["paper"] });
    const second = await loadPipeline({ root, memory, presets: ["paper"] });
    expect([kept.size, reads]).toEqual([1, 1]);
    expect(second).toEqual(first);
    expect(second.ok && [...expand(second.pipeline).cells.keys()]).toEqual(first.ok && [...expand(first.pipeline).cells.keys()]);
    await loadPipeline({ root, memory });
    await loadPipeline({ root, memory, overrides: ["seed=1"] });
    expect([kept.size, reads]).toEqual([3, 1]);
    for (const [key, text] of kept) kept.set(key, text.replace("2024", "2025"));
    expect(await loadPipeline({ root, memory, presets: ["paper"] })).toEqual(first);
    expect([...kept.values()].some((text) => text.includes(root))).toBe(false);
  });
});
