/** Shell completion: what is offered, and that a real bash, zsh and fish offer it without running anything. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { hasTerminal, repository, test } from "./rig/index.ts";
import type { Project, Running } from "./rig/index.ts";

const noises = [0, 0.3, 0.5];

function project(p: Project): Project {
  return p.write({
    "pipeline.yaml": `name: completed
params: { seed: 7, retrieve: { k: 5 }, noise: [${noises.join(", ")}] }
presets: { paper: { params: { seed: 8 } } }
stages:
  people: { cmd: 'echo "{}" > {output}', output: people.json }
  embed: { cmd: 'echo "{}" > {output}', output: embed.json, matrix: { noise: params.noise, retriever: [bm25, dense] } }
  rank: { cmd: 'echo "{}" > {output}', output: rank.json, matrix: { way: [one, "t wo"] } }
`,
    "pipelines/release.yaml": "name: release\nstages: {}\n",
    "pipelines/$(touch pwned-name).yaml": "",
    "notes dir/one.txt": "",
  });
}

/** Values offered after `dag …`, and what names of the disk fit. */
async function offered(p: Project, ...words: string[]): Promise<{ values: string[]; also: string | undefined }> {
  const { code, stdout, stderr } = await p.dag("complete", "--", ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  return { also: lines.pop(), values: lines.map((line) => line.split("\t")[0] ?? "") };
}

describe.concurrent("dag complete", () => {
  test("offers verbs, subverbs and flags as they are written", async ({ p }) => {
    project(p);
    expect((await offered(p, "st")).values).toEqual(["status"]);
    expect((await offered(p, "")).values).toEqual(expect.arrayContaining(["run", "cache", "score", "completion"]));
    expect((await offered(p, "")).values).not.toContain("complete");
    expect((await offered(p, "cache", "")).values).toEqual(["ls", "stats", "verify", "gc", "export", "import", "migrate", "batches"]);
    expect((await offered(p, "cache", "gc", "--")).values).toEqual(expect.arrayContaining(["--dry-run", "--revisions", "--json"]));
    const flags = (await offered(p, "run", "-")).values;
    for (const flag of ["-C", "-f", "-p", "-n", "-j", "-k", "--preset", "--dry-run", "--force"]) expect(flags).toContain(flag);
    for (const flag of ["--C", "--f", "--p"]) expect(flags).not.toContain(flag);
    expect((await offered(p, "run", "--", "-")).values).toEqual([]);
  });

  test("offers stages, and cells axis by axis", async ({ p }) => {
    project(p);
    expect((await offered(p, "run", "")).values).toEqual(["people", "embed", "rank"]);
    expect((await offered(p, "run", "em")).values).toEqual(["embed", "embed@"]);
    expect((await offered(p, "run", "people", "embed@")).values).toEqual(["embed@noise=", "embed@retriever="]);
    expect((await offered(p, "why", "embed@noise=0")).values).toEqual(["embed@noise=0", "embed@noise=0.3", "embed@noise=0.5"]);
    expect((await offered(p, "trace", "q1", "--cell", "embed@noise=0")).values).toEqual(["embed@noise=0", "embed@noise=0.3", "embed@noise=0.5"]);
    expect((await offered(p, "trace", "")).values).toEqual([]);
    expect((await offered(p, "run", "embed@noise=0.3")).values).toEqual(["embed@noise=0.3", "embed@noise=0.3,"]);
    expect((await offered(p, "run", "embed@noise=0.3,")).values).toEqual(["embed@noise=0.3,retriever="]);
    expect((await offered(p, "run", "embed@noise=0.3,retriever=d")).values).toEqual(["embed@noise=0.3,retriever=dense"]);
    expect((await offered(p, "run", "--force", "pe")).values).toEqual(["people"]);
  });

  test("offers presets, params, pipelines, formats, and says where a file or directory belongs", async ({ p, q }) => {
    project(p);
    expect((await offered(p, "run", "--preset", "p")).values).toEqual(["paper"]);
    expect((await offered(p, "run", "--preset=p")).values).toEqual(["--preset=paper"]);
    expect((await offered(p, "run", "-p", "")).values).toEqual(["seed=", "retrieve.k=", "noise="]);
    expect((await offered(p, "run", "-p", "retrieve.k=")).values).toEqual(["retrieve.k=5"]);
    expect((await offered(p, "run", "--preset", "paper", "-p", "seed=")).values).toEqual(["seed=8"]);
    expect(await offered(p, "run", "-f", "")).toEqual({ values: ["pipeline.yaml", "pipelines/$(touch pwned-name).yaml", "pipelines/release.yaml"], also: ":files" });
    expect((await offered(p, "graph", "--format", "")).values).toEqual(["text", "mermaid", "dot", "svg", "json"]);
    expect((await offered(p, "cite", "--format", "")).values).toEqual(["latex", "bibtex", "markdown", "json"]);
    expect((await offered(p, "--color", "a")).values).toEqual(["auto", "always"]);
    expect((await offered(p, "completion", "")).values).toEqual(["bash", "zsh", "fish"]);
    expect((await offered(p, "export", "p")).values).toEqual(["personabench"]);
    expect(await offered(p, "run", "-C", "")).toEqual({ values: [], also: ":directories" });
    expect(await offered(p, "replay", "")).toEqual({ values: [], also: ":files" });
    expect(await offered(p, "run", "-j", "")).toEqual({ values: [], also: ":none" });
    // From elsewhere, of the project that -C names.
    expect((await offered(q, "-C", p.root, "run", "peo")).values).toEqual(["people"]);
    expect(await offered(q, "run", "")).toEqual({ values: [], also: ":none" });
  });

  test("says nothing and offers no names where the pipeline has mistakes", async ({ p }) => {
    p.write({ "pipeline.yaml": "stages: [" });
    expect(await offered(p, "run", "")).toEqual({ values: [], also: ":none" });
    expect((await offered(p, "run", "--fro")).values).toEqual(["--frozen"]);
  });
});

/** How each shell is started bare, and how the line it holds is shown at Ctrl-G. */
const SHELLS = {
  bash: { start: ["bash", "--norc", "--noprofile", "-i"], show: String.raw`show() { printf "<%s>" "$READLINE_LINE"; }; bind -x '"\C-g": show'`, source: "source <(dag completion bash)" },
  zsh: { start: ["zsh", "-f", "-i"], show: `show() { print -rn -- "<$BUFFER>" }; zle -N show; bindkey '^G' show`, source: "source <(dag completion zsh)" },
  fish: { start: ["fish", "--no-config", "-i"], show: String.raw`bind \cg 'printf "<%s>" (commandline)'`, source: "dag completion fish | source" },
};

class Shell {
  private constructor(private readonly running: Running) {}

  static async open(p: Project, name: keyof typeof SHELLS): Promise<Shell> {
    const bin = join(p.base, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "dag"), `#!/bin/sh\nexec "${process.execPath}" "${p.binary}" "$@"\n`);
    chmodSync(join(bin, "dag"), 0o755);
    const { start, show, source } = SHELLS[name];
    const running = p.startWith({
      command: ["python3", join(repository, "test/rig/terminal.py"), "200", "50", ...start],
      env: { PATH: `${bin}:${p.env["PATH"] ?? ""}`, TERM: "xterm", SHELL: name, PS1: "$ " },
    });
    // Twice: sourcing again must be harmless.
    for (const line of [source, source, show, "echo rea''dy"]) running.child.stdin?.write(`${line}\r`);
    await running.saw(/ready\r?\n/);
    return new Shell(running);
  }

  /** The line as it stands after these keys; it is thrown away then. */
  async line(keys: string): Promise<string> {
    this.running.stdout = "";
    this.running.child.stdin?.write(`${keys}\u0007`);
    const shown = /<(dag [^>]*)>/;
    await this.running.saw(shown);
    this.running.child.stdin?.write("\u0005\u0015");
    return shown.exec(this.running.stdout)?.[1] ?? "";
  }

  async close(): Promise<string> {
    this.running.child.stdin?.write("exit\r");
    const { stdout } = await this.running.result;
    return stdout;
  }
}

for (const name of ["bash", "zsh", "fish"] as const) {
  const there = hasTerminal && spawnSync(name, ["-c", "true"]).status === 0;
  test.skipIf(!there)(`a real ${name} completes, and runs nothing of what was typed`, { timeout: 60_000 }, async ({ p }) => {
    project(p);
    const shell = await Shell.open(p, name);
    expect(await shell.line("dag stat\t")).toBe("dag status ");
    expect(await shell.line("dag cache mig\t")).toBe("dag cache migrate ");
    expect(await shell.line("dag run --keep\t")).toBe("dag run --keep-going ");
    expect(await shell.line("dag run people rank@\t")).toBe("dag run people rank@way=");
    expect(await shell.line("dag run rank@way=o\t")).toBe("dag run rank@way=one ");
    expect(await shell.line("dag run embed@noise=0.3,\t")).toBe("dag run embed@noise=0.3,retriever=");
    expect(await shell.line("dag run embed@noise=0.3,retriever=d\t")).toBe("dag run embed@noise=0.3,retriever=dense ");
    expect(await shell.line("dag run --preset pa\t")).toBe("dag run --preset paper ");
    expect(await shell.line("dag run -p retr\t")).toBe("dag run -p retrieve.k=");
    expect(await shell.line("dag run -f pipelines/r\t")).toBe("dag run -f pipelines/release.yaml ");
    expect(await shell.line("dag replay notes\t")).toMatch(/^dag replay notes\\ dir\//);
    for (const evil of ["$(touch pwned) ", "`touch pwned` ", "; touch pwned; dag run ", "'; touch pwned; ' ", "x@$(touch pwned)= ", "-C $(touch pwned) ", "\"$(touch pwned)\" ", "-f <(touch pwned) "]) {
      await shell.line(`dag run ${evil}\t`);
      expect(existsSync(p.path("pwned"))).toBe(false);
    }
    // A name from the disk stands on the line as text.
    expect(await shell.line("dag run -f pipelines/\\$\t")).toMatch(/^dag run -f pipelines\/(\\\$\\\(touch\\ pwned-name\\\)|'\$\(touch pwned-name\)).*\.yaml/);
    const shown = await shell.close();
    expect(shown).not.toMatch(/readonly|not found|rror/);
    expect(existsSync(p.path("pwned")) || existsSync(p.path("pwned-name"))).toBe(false);
  });
}
