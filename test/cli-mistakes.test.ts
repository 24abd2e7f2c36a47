/** Mistakes in pipeline.yaml: where, what, and the nearest name; all at once; exit 2. */
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** Runs a pipeline that is wrong: exit 2, nothing run, nothing written. */
async function mistakes(p: Project, yaml: string, ...args: string[]): Promise<string> {
  p.write({ "pipeline.yaml": yaml, "in.txt": "x\n" });
  // That the file itself was found good may be noted in the cache.
  const sources = (): string[] => Object.entries(p.everything()).map((entry) => entry.join(" ")).filter((entry) => !entry.startsWith("project/cache/"));
  const before = sources();
  const result = await p.dag("run", ...args);
  expect(result.code, result.stdout + result.stderr).toBe(2);
  expect(result.stdout).toBe("");
  expect(result.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(sources()).toEqual(before);
  return result.stderr;
}

const stage = (body: string): string => `name: test
default: [a]
stages:
  a:
    cmd: [touch, "{output}"]
    output: a.txt
${body}`;

describe.concurrent("a mistake in pipeline.yaml", () => {
  test("is shown with file, line, column, the line itself and a marker under the span", async ({ p }) => {
    const text = await mistakes(p, stage("    nedes: [x]\n"));
    expect(text).toMatch(/pipeline\.yaml:7:5/);
    const lines = text.split("\n");
    const at = lines.findIndex((line) => line.includes("nedes: [x]"));
    expect(at).toBeGreaterThan(-1);
    const source = lines[at] ?? "";
    const marker = lines[at + 1] ?? "";
    expect(marker.replaceAll(/[^\^~─]/g, "").length).toBe("nedes".length);
    expect(marker.search(/[\^~─]/)).toBe(source.indexOf("nedes"));
    expect(text).toContain('"needs"');
  });

  test("a cycle prints its whole path", async ({ p }) => {
    const text = await mistakes(p, `name: t
default: [a]
stages:
  a: { cmd: [x, "{output}"], needs: [b], output: a.txt }
  b: { cmd: [x, "{output}"], needs: [c], output: b.txt }
  c: { cmd: [x, "{output}"], needs: [a], output: c.txt }
  d: { cmd: [x, "{output}"], needs: [a], output: d.txt }
`);
    expect(text).toMatch(/a → b → c → a|b → c → a → b|c → a → b → c|a -> b -> c -> a|a ← /);
    expect(text).not.toMatch(/→ d/);
  });

  test("a stage that needs itself is a cycle", async ({ p }) => {
    expect(await mistakes(p, stage("    needs: [a]\n"))).toMatch(/a → a|a -> a/);
  });

  test("an unknown stage in needs, each, default and as target gets the nearest name", async ({ p }) => {
    expect(await mistakes(p, stage("    needs: [profle]\n  profile: { cmd: [x, \"{output}\"] }\n"))).toMatch(/profle[\s\S]*profile/);
    expect(await mistakes(p, stage("    each: profle\n  profile: { cmd: [x, \"{output}\"] }\n"))).toMatch(/profle[\s\S]*profile/);
    expect(await mistakes(p, stage("").replace("[a]", "[profle]") + "  profile: { cmd: [x, \"{output}\"] }\n")).toMatch(/profle[\s\S]*profile/);
    expect(await mistakes(p, stage("") + "  profile: { cmd: [x, \"{output}\"] }\n", "profle")).toMatch(/profle[\s\S]*profile/);
  });

  test("an unknown param, model role, axis source and placeholder get the nearest name", async ({ p }) => {
    const head = "params: { temperature: 1, deep: { inner: 1 } }\nmodels: { writer: { provider: offline, model: writer-1 } }\n";
    expect(await mistakes(p, head + stage("    params: [temprature]\n"))).toMatch(/temprature[\s\S]*temperature/);
    expect(await mistakes(p, head + stage("    params: [deep.iner]\n"))).toMatch(/deep\.iner[\s\S]*deep\.inner/);
    expect(await mistakes(p, head + stage("    models: [writr]\n"))).toMatch(/writr[\s\S]*writer/);
    expect(await mistakes(p, head + stage("    matrix: { n: params.nose }\n"))).toMatch(/nose/);
    expect(await mistakes(p, head + stage("").replace("{output}", "{outputt}"))).toMatch(/outputt[\s\S]*output/);
  });

  test("all mistakes are reported at once, in the order of the file", async ({ p }) => {
    const text = await mistakes(p, `name: t
default: [nothing]
stages:
  a: { cmd: [x, "{output}"], needs: [nowhere], output: same.txt }
  b: { cmd: [x, "{output}"], run: stages/b.ts, output: b.txt }
  c: { timeout: soon, cmd: [x, "{output}"], output: same.txt }
  d: { colour: red, output: d.txt }
`);
    for (const word of ["nothing", "nowhere", "same.txt", "timeout", "colour"]) expect(text).toContain(word);
    const lines = [...text.matchAll(/pipeline\.yaml:(\d+):/g)].map((match) => Number(match[1]));
    expect(lines.length).toBeGreaterThanOrEqual(6);
    expect(lines).toEqual([...lines].sort((x, y) => x - y));
  });

  test("overlapping outputs name both stages", async ({ p }) => {
    const overlap = async (one: string, two: string): Promise<void> => {
      const text = await mistakes(p, `name: t\ndefault: [first]\nstages:\n  first: { cmd: [x, "{output}"], output: ${one} }\n  second: { cmd: [x, "{output}"], output: ${two} }\n`);
      expect(text).toContain("first");
      expect(text).toContain("second");
    };
    await overlap("x.txt", "x.txt");
    await overlap("x/", "x/y.txt");
    await overlap("x/y/", "x/");
    await overlap("./x.txt", "x.txt");
    await overlap("X.txt", "x.txt");
  });

  test("matrix cells that would overlap with another stage's output are found", async ({ p }) => {
    const text = await mistakes(p, `name: t\ndefault: [first]\nstages:\n  first: { cmd: [x, "{output}"], matrix: { n: [1] }, output: x.txt }\n  second: { cmd: [x, "{output}"], output: x/n=1.txt }\n`);
    expect(text).toContain("first");
    expect(text).toContain("second");
  });

  test.for(["../out.txt", "/tmp/out.txt", "a/../../b.txt", "", ".", "a\\u0000b"])("the output %j outside of artifacts/ is refused", async (path, { p }) => {
    await mistakes(p, `name: t\ndefault: [a]\nstages:\n  a: { cmd: [x, "{output}"], output: "${path}" }\n`);
  });

  test("bad YAML is shown with line and column", async ({ p }) => {
    expect(await mistakes(p, "name: t\nstages:\n  a: { cmd: [x\n")).toMatch(/pipeline\.yaml:\d+:\d+/);
    expect(await mistakes(p, "name: t\n\tstages: {}\n")).toMatch(/pipeline\.yaml:2:/);
    expect(await mistakes(p, "")).toMatch(/pipeline\.yaml/);
    expect(await mistakes(p, "- a\n- b\n")).toMatch(/pipeline\.yaml:1:1/);
  });

  test("a key given twice is a mistake, not a choice", async ({ p }) => {
    const text = await mistakes(p, stage("  a: { cmd: [touch, \"{output}\"] }\n"));
    expect(text).toMatch(/pipeline\.yaml:7:3/);
    expect(text).toContain("it stands at 4:3 already");
  });

  test("a key given twice hides no other mistake", async ({ p }) => {
    const text = await mistakes(p, stage("    ouput: b.txt\n    timeout: 1s\n    timeout: 2s\n    nedes: [x]\n"));
    for (const word of ["7:5", '"ouput"', "9:5", "it stands at 8:5 already", '"nedes"', "3 mistakes"]) expect(text).toContain(word);
  });

  test("top-level keys that begin with x- are a place for anchors, and nothing else is", async ({ p }) => {
    p.write({ "pipeline.yaml": 'x-shared:\n  files: &files { in: in.txt }\n  anything: [1, { goes: null }]\nstages:\n  a: { cmd: "cat {files.in} > {output}", files: *files, output: a.txt }\n', "in.txt": "x\n" });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("x\n");
    expect(Object.keys(p.lock().cells)).toEqual(["a"]);
    expect(await mistakes(p, `${stage("    x-note: y\n")}y-shared: 1\n`)).toMatch(/"x-note"[\s\S]*"y-shared"/);
    const merge = await mistakes(p, `x-base: &base { output: a.txt }\nstages:\n  a: { <<: *base, cmd: [x, "{output}"] }\n`);
    expect(merge).toContain("pipeline.yaml:3:8");
    expect(merge).toMatch(/merge keys.*not used here[\s\S]*x-/);
  });

  test("aliases that explode end quickly and in words", async ({ p }) => {
    let yaml = "name: t\ndefault: [a]\nparams:\n  l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (let i = 1; i < 10; i++) yaml += `  l${String(i)}: &l${String(i)} [${Array.from({ length: 10 }, () => `*l${String(i - 1)}`).join(", ")}]\n`;
    const started = performance.now();
    const text = await mistakes(p, `${yaml}stages:\n  a: { cmd: [touch, "{output}"] }\n`);
    expect(text).toMatch(/alias/i);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("plain aliases and merge keys mean what YAML says, or are refused in words; never anything between", async ({ p }) => {
    p.write({ "in.txt": "x\n", "pipeline.yaml": 'name: t\ndefault: [a]\nparams:\n  base: &base { x: 1 }\n  more: { <<: *base, y: 2 }\n  same: *base\nstages:\n  a: { cmd: "echo {params.more} {params.same} > {output}", params: [more, same], output: a.txt }\n' });
    const result = await p.dag("run");
    if (result.code === 0) expect(p.read("artifacts/a.txt")).toBe('{"x":1,"y":2} {"x":1}\n');
    else {
      expect(result.code).toBe(2);
      expect(result.stderr).toMatch(/merge|<</);
    }
  });

  test.for(["__proto__", "constructor", "toString", "hasOwnProperty"])("the name %s is a name like any other, or refused; it changes no object", async (name, { p }) => {
    p.write({
      "pipeline.yaml": `name: t\ndefault: ["${name}"]\nparams: { "${name}": { x: 1 }, y: 2 }\nstages:\n  "${name}": { cmd: "echo {params.y} > {output}", params: [y], output: a.txt }\n`,
    });
    const result = await p.run();
    expect([0, 2]).toContain(result.code);
    if (result.code === 0) expect(p.read("artifacts/a.txt")).toBe("2\n");
    expect(result.stderr).not.toMatch(/TypeError|\n\s+at /);
    const inherited = await p.dag("run", "toString");
    if (name !== "toString") expect(inherited.code).toBe(2);
  });

  test("neither run nor cmd, and both, are mistakes", async ({ p }) => {
    expect(await mistakes(p, "name: t\ndefault: [a]\nstages:\n  a: { output: a.txt }\n")).toMatch(/run.*cmd|cmd.*run/s);
    expect(await mistakes(p, stage("    run: stages/a.ts\n"))).toMatch(/run.*cmd|cmd.*run/s);
  });

  test("each over an artifact that has no records is a mistake", async ({ p }) => {
    expect(await mistakes(p, stage("  b: { cmd: [x, \"{item}\", \"{output}\"], each: a }\n"))).toMatch(/each|jsonl/);
  });

  test("{item} without each is a mistake", async ({ p }) => {
    expect(await mistakes(p, stage("").replace('"{output}"', '"{output}", "{item}"'))).toMatch(/item/);
  });

  test("an invalid timeout, matrix or type names its place", async ({ p }) => {
    expect(await mistakes(p, stage("    timeout: soon\n"))).toMatch(/pipeline\.yaml:7:\d+/);
    expect(await mistakes(p, stage("    matrix: { n: [] }\n"))).toMatch(/pipeline\.yaml:7:\d+/);
    expect(await mistakes(p, stage("    matrix: { n: [[1], [2]] }\n"))).toMatch(/pipeline\.yaml:7:\d+/);
    expect(await mistakes(p, stage("    params: seed\n"))).toMatch(/pipeline\.yaml:7:\d+/);
    expect(await mistakes(p, stage("    output: b.txt\n"))).toMatch(/pipeline\.yaml:7:\d+/);
  });

  test("control characters of the file are shown, not executed", async ({ p }) => {
    const text = await mistakes(p, stage('    "\\e[31mred\\a": 1\n'));
    expect(text).not.toContain("\u001b[31m");
    expect(text).not.toContain("\u0007");
  });

  test("a missing pipeline file says where it looked and what to type", async ({ p }) => {
    const result = await p.dag("run");
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("pipeline.yaml");
    expect(result.stderr).toContain("dag init");
    const other = await p.dag("run", "-f", "pipelines/none.yaml");
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("pipelines/none.yaml");
  });

  test("a directory that is not there is what is missing; below a project the way up is shown", async ({ p }) => {
    const nowhere = await p.dag("run", "-C", "nowhere");
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain("there is no directory nowhere");
    expect(nowhere.stderr).not.toContain("dag init");
    p.write({ "pipeline.yaml": stage(""), "seeds/deep/x.txt": "" });
    const below = await p.with({ cwd: p.path("seeds/deep") }, "status");
    expect(below.code).toBe(2);
    expect(below.stderr).toContain("there is one in ../..: dag -C ../.. …");
    expect((await p.with({ cwd: p.path("seeds/deep") }, "run", "-C", "../..")).code).toBe(0);
  });

  test("a preset that is not there gets the nearest name", async ({ p }) => {
    const text = await mistakes(p, `presets: { paper: { params: { n: 2 } } }\nparams: { n: 1 }\n${stage("")}`, "--preset", "papr");
    expect(text).toMatch(/papr[\s\S]*paper/);
  });

  test("-p of an unknown param, and -p that is not YAML, are mistakes", async ({ p }) => {
    const yaml = `params: { seed: 1 }\n${stage("")}`;
    expect(await mistakes(p, yaml, "-p", "sed=1")).toMatch(/sed[\s\S]*seed/);
    expect(await mistakes(p, yaml, "-p", "seed=[1")).toContain("seed");
    expect(await mistakes(p, yaml, "-p", "seed")).toContain("seed");
  });

  test("-p of an unknown key in a map of params is a mistake; an empty map takes any", async ({ p }) => {
    const yaml = `params: { o: { alpha: 1 }, free: {} }\n${stage("    params: [o, free]\n")}`;
    expect(await mistakes(p, yaml, "-p", "o.alhpa=1")).toMatch(/no param "o\.alhpa"[\s\S]*did you mean "o\.alpha"/);
    expect(await mistakes(p, yaml, "-p", "o.b=1")).toMatch(/no param "o\.b"[\s\S]*known params: o\.alpha/);
    p.write({ "pipeline.yaml": yaml });
    await p.built("-p", "free.b.c=1", "-p", "o={b: 2}", "-p", "o.b=3");
  });
});

describe.concurrent("presets and -p", () => {
  test("are laid over params and models, in order, -p last; nested params are merged", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline(
        { a: { cmd: "echo {params.n} {params.deep} {params.list} > {output}", params: ["n", "deep", "list"], output: "a.txt" } },
        { params: { n: 1, deep: { x: 1, y: 1 }, list: [1, 2] }, presets: { small: { params: { n: 2, deep: { x: 2 }, list: [3] } }, big: { params: { n: 3 } } } },
      ),
    });
    await p.built("--preset", "small");
    expect(p.read("artifacts/a.txt")).toBe('2 {"x":2,"y":1} [3]\n');
    await p.built("--preset", "small", "--preset", "big");
    expect(p.read("artifacts/a.txt")).toBe('3 {"x":2,"y":1} [3]\n');
    await p.built("--preset", "small", "-p", "deep.y=5", "-p", "n: 4".replace(": ", "="));
    expect(p.read("artifacts/a.txt")).toBe('4 {"x":2,"y":5} [3]\n');
    await p.built("-p", 'list=["a", {b: 1}]');
    expect(p.read("artifacts/a.txt")).toBe('1 {"x":1,"y":1} ["a",{"b":1}]\n');
  });
});
