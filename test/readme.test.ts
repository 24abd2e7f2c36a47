/** README.md under test: its commands run, its flags and files exist, its picture and numbers are this checkout's. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect } from "vitest";
import { repository, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { blocksOf, commandsOf, inlineCode, page } from "./readme/page.ts";
import type { Block } from "./readme/page.ts";

const blocks = blocksOf(page);

/** Blocks of a language marked with a word. */
const marked = (language: string, word: string): Block[] => blocks.filter((block) => block.language === language && block.words.includes(word));

/** Times differ between machines; progress lines come and go with them. Hashes do not. */
function steady(output: string): string {
  return output
    .split("\n")
    .filter((line) => !/^ +\[\d+\/\d+\] · /.test(line))
    .join("\n")
    .replaceAll(/\b\d[\d,]*(\.\d+)? m?s\b/g, "# s")
    .trim();
}

/** Runs shell blocks one after the other as a user pastes them: each goes on in the directory where the one before ended. */
async function paste(p: Project, shell: readonly Block[], check: (block: Block, output: string, code: number | null) => void): Promise<void> {
  const bin = join(p.base, "bin");
  mkdirSync(bin);
  symlinkSync(p.binary, join(bin, "dag"));
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, PLACE: join(p.base, "place") };
  let cwd = p.root;
  for (const block of shell) {
    const script = `exec 2>&1\ntrap 'pwd > "$PLACE"' EXIT\n${block.text}`;
    const { stdout, code } = await p.with({ cwd, env, command: ["bash", "-eu", "-c", script] });
    check(block, stdout, code);
    cwd = readFileSync(env.PLACE, "utf8").trimEnd();
  }
}

describe.concurrent("README.md", () => {
  test("begins with the two commands that install, build and test", () => {
    const [first, second] = blocks;
    expect([first?.text, second?.text]).toEqual(["npm ci\nnpx dag run evaluate\n", "npm ci && npm test\n"]);
    expect(second?.line).toBeLessThan(30);
  });

  test("its walk through a project of one's own runs as printed", async ({ p }) => {
    const shell = marked("sh", "walk");
    expect(shell.length).toBeGreaterThan(5);
    await paste(p, shell, (block, output, code) => {
      const where = `README.md:${String(block.line)}\n${output}`;
      const wanted = block.words.find((word) => word.startsWith("exit="))?.slice("exit=".length) ?? "0";
      expect(String(code), where).toBe(wanted);
      const next = blocks[blocks.indexOf(block) + 1];
      if (next?.language === "text" && page.split("\n").slice(block.line, next.line - 1).join("\n").endsWith("```\n")) expect(steady(output), where).toBe(steady(next.text));
    });
    // What the reviewer was shown: the same lock, and nothing bought.
    expect(readFileSync(join(p.base, "project/review/dag.lock"), "utf8")).toBe(p.read("my-benchmark/dag.lock"));
  });

  test("the pipeline it shows is the one `dag init` writes", () => {
    const [shown] = marked("yaml", "walk");
    const written = parse(readFileSync(join(repository, "templates/init/pipeline.yaml"), "utf8")) as { stages: unknown };
    expect((parse(shown?.text ?? "") as { stages: unknown }).stages).toEqual(written.stages);
  });

  test("the models it shows are a pipeline's, under each preset", async ({ p }) => {
    const [shown] = marked("yaml", "models");
    p.write({ "pipeline.yaml": `${shown?.text ?? ""}\nstages:\n  a: { run: a.ts, models: [writer] }\n`, "a.ts": "export default () => [];\n" });
    const { presets } = parse(shown?.text ?? "") as { presets: Record<string, unknown> };
    expect(Object.keys(presets)).toEqual(["paper", "local"]);
    for (const preset of Object.keys(presets)) expect(await p.dag("graph", "--preset", preset), preset).toMatchObject({ code: 0, stderr: "" });
  });

  test("every verb and flag it mentions is in that verb's help", async ({ p }) => {
    const commands = commandsOf(page);
    const used = new Map<string, Set<string>>();
    for (const words of commands) {
      const verb = verbOf(words);
      const flags = used.get(verb) ?? new Set();
      for (const word of words) if (/^-{1,2}[A-Za-z]/.test(word)) flags.add(word.replace(/=.*$/, ""));
      used.set(verb, flags);
    }
    expect(used.size).toBeGreaterThan(12);
    const top = (await p.dag("--help")).stdout;
    await Promise.all(
      [...used].map(async ([verb, flags]) => {
        const { code, stdout } = verb === "" ? { code: 0, stdout: top } : await p.dag(...verb.split(" "), "--help");
        expect(code, `dag ${verb} --help`).toBe(0);
        expect(stdout, `dag ${verb} --help`).toMatch(new RegExp(`^Usage: dag ${verb}`));
        for (const flag of flags) expect(stdout, `dag ${verb} ${flag}`).toMatch(new RegExp(`^ .*(^|\\s)${flag}[ ,\\n]`, "m"));
      }),
    );
    // Flags named alone, of `run` or of what the sentence is about.
    const alone = [...new Set(inlineCode(page).filter((code) => /^--?[A-Za-z]/.test(code)).map((code) => code.split(/[ =]/)[0] ?? ""))];
    const helps = (await Promise.all([[], ...[...used.keys()].filter((verb) => verb !== "").map((verb) => verb.split(" "))].map(async (verb) => (await p.dag(...verb, "--help")).stdout))).join("\n");
    for (const flag of alone) expect(helps, flag).toMatch(new RegExp(`(^|\\s)${flag}[ ,\\n]`, "m"));
  });

  test("every file it names exists", () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? "");
    const own = new Set(readdirSync(repository).filter((name) => !["artifacts", "cache", "node_modules"].includes(name)));
    const examples = /^(pipelines\/x\.|schemas\/person\.schema)|^(artifacts|cache|imports|tools)\/|<|\*/;
    const paths = inlineCode(page).flatMap((code) => code.split(/\s+/)).filter((word) => own.has(word.split("/")[0] ?? "") && !examples.test(word));
    expect(paths.length).toBeGreaterThan(25);
    expect([...links, ...paths].filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  test("docs/pipeline.svg is what `dag graph --format svg` prints (else: node .ci/readme.mjs)", async ({ p }) => {
    const { code, stdout } = await p.dag("-C", repository, "graph", "--format", "svg");
    expect(code).toBe(0);
    expect(readFileSync(join(repository, "docs/pipeline.svg"), "utf8") === stdout).toBe(true);
  });

  test("its tables come from the build that dag.lock records (else: node .ci/readme.mjs)", () => {
    const { cells } = JSON.parse(readFileSync(join(repository, "dag.lock"), "utf8")) as { cells: Record<string, { artifact: string }> };
    const hashes = /<!-- hashes: [^\n]*-->\n```text\n(.*) {2}evaluate\n```/.exec(page)?.[1];
    expect(hashes).toBe(cells["evaluate"]?.artifact);
    const table = /<!-- numbers: [^\n]*-->\n```text\n([^]*?)```/.exec(page)?.[1] ?? "";
    expect(table).toMatch(/^Recall@\d+ at noise/);
    expect(table).toContain("Simulated: embedder, reader, skimmer, writer are the offline provider, not");
  });
});

/** The verb a command line means: the first words that are no flag or a flag's value. */
function verbOf(words: readonly string[]): string {
  const takesValue = new Set(["-C", "-f", "-p", "--preset"]);
  let at = 0;
  while (words[at]?.startsWith("-") === true) at += takesValue.has(words[at] ?? "") ? 2 : 1;
  const [verb = "", next = ""] = words.slice(at);
  return verb === "cache" && /^[a-z]+$/.test(next) ? `cache ${next}` : verb.startsWith("<") || verb === "…" ? "" : verb;
}
