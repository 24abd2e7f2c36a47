/** dag diff: which two builds, what of them changed, and why. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { commit, git, letters } from "./diff.rig.ts";
import { hasTerminal, pipeline, Terminal, test } from "./rig/index.ts";
import type { DagEvent, Project, Result } from "./rig/index.ts";

const cellsOf = (result: Result): Record<string, DagEvent> => Object.fromEntries(result.events.filter(({ event }) => event === "cell").map((event) => [event.cell, event]));
const labels = (event: DagEvent | undefined): string[] => (event?.["inputs"] as { label: string }[]).map(({ label }) => label);

async function diff(p: Project, ...args: string[]): Promise<Result> {
  const result = await p.dag("diff", ...args);
  expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: "" });
  return result;
}

/** A project with one commit of its build. */
async function published(p: Project): Promise<Project> {
  letters(p);
  await p.built();
  commit(p);
  return p;
}

describe.concurrent("dag diff", () => {
  test("without arguments compares HEAD with now, and says when they are equal", async ({ p }) => {
    await published(p);
    const head = git(p, "rev-parse", "HEAD").slice(0, 12);
    expect((await diff(p)).stdout).toBe(`HEAD (${head}) → now\nequal: all 3 cells are the same\n`);
    expect((await diff(p, "--json")).events).toEqual([
      { event: "side", side: "before", kind: "revision", name: "HEAD", revision: git(p, "rev-parse", "HEAD").trim(), cells: 3 },
      { event: "side", side: "after", kind: "now", name: "now", cells: 3, not_fresh: [] },
      { event: "done", ok: true, equal: true, added: 0, removed: 0, changed: 0, same_bytes: 0, moved: 0, same: 3, unreadable: 0, records: { added: 0, removed: 0, changed: 0, same: 0 }, scores: 0, unread: 0 },
    ]);
    expect((await p.dag("diff", "--exit-code")).code).toBe(0);
  });

  test("tells the edited line of a prompt as the cause and what is built from it as the consequence", async ({ p }) => {
    await published(p);
    p.write({ "prompts/letter.md": "Dear {{ person.name }},\nhow are you today?\nIt rains.\nGoodbye\n" });
    await p.built();
    const { stdout } = await diff(p);
    const shown = stdout.replace(/[0-9a-f]{8}(?:[0-9a-f]{4})?\b/g, "HASH");
    expect(shown).toContain(`HEAD (HASH) → now
3 cells: 2 changed, 1 the same

letters  changed (6 records)
  prompts.letter  HASH → HASH  prompts/letter.md +2 -1
    2 - how are you?
    2 + how are you today?

lengths  changed because of letters (`);
    expect(shown).toContain("\n  2 files differ: metrics.json, scores.jsonl\n");
    expect(shown).toContain("records\n  letters: 6 changed of 6 records\n    fields that differ: text\n    ~ p1: text\n");
    const cells = cellsOf(await diff(p, "--json"));
    expect(Object.keys(cells)).toEqual(["letters", "lengths"]);
    expect(cells["letters"]).toMatchObject({ change: "changed", because: [], roots: [], inputs: [{ label: "prompts.letter", files: [{ path: "prompts/letter.md", added: 2, removed: 1, line: 2, old: "how are you?", new: "how are you today?" }] }] });
    expect(cells["lengths"]).toMatchObject({ change: "changed", because: ["letters"], roots: ["prompts.letter of letters"] });
    expect(labels(cells["lengths"])).toEqual(["needs.letters"]);
    expect((await p.dag("diff", "--exit-code", "--quiet")).code).toBe(3);
  });

  test("gives a param's values, a file's lines and a stage's code, also where the store has been emptied", async ({ p }) => {
    await published(p);
    p.write({
      "pipeline.yaml": p.read("pipeline.yaml").replace('"Yours"', '"Sincerely"'),
      "people.jsonl": `${p.read("people.jsonl")}{"id":"p7","name":"name of p7"}\n`,
      "stages/lengths.ts": p.read("stages/lengths.ts").replace("length / 100", "length / 10"),
    });
    await p.built();
    const kept = await diff(p);
    p.remove("cache/objects");
    const emptied = await diff(p);
    for (const { stdout } of [kept, emptied]) {
      expect(stdout).toMatch(/\nletters {2}changed because of people|\n {2}params\.sign {2}\w{8} → \w{8}\n {4}params\.sign: "Yours" → "Sincerely"\n {2}and because of people\n/);
      expect(stdout).toMatch(/\n {2}files\.in {2}\w{8} → \w{8} {2}people\.jsonl \+1 -0\n {4}7 \+ {"id":"p7","name":"name of p7"}\n/);
      expect(stdout).toMatch(/\n {2}code {2}\w{8} → \w{8} {2}stages\/lengths\.ts \+1 -1\n {4}3 - ….*length \/ 100,.*\n {4}3 \+ ….*length \/ 10,.*\n/);
    }
  });

  test("other inputs that came out equal are no change of the artifact, and what was added or removed is named", async ({ p }) => {
    p.write({ "in.txt": "one\ntwo\n", "pipeline.yaml": pipeline({ a: { cmd: "head -n 1 {files.in} > {output}", files: { in: "in.txt" }, output: "a.txt" }, b: { cmd: "cp {needs.a} {output}", needs: ["a"], output: "b.txt" }, old: { cmd: "echo old > {output}", output: "old.txt" } }) });
    await p.built();
    commit(p);
    p.write({ "in.txt": "one\nthree\n", "pipeline.yaml": p.read("pipeline.yaml").replaceAll("old", "new") });
    await p.built();
    const { stdout } = await diff(p);
    expect(stdout).toContain("4 cells: 1 rebuilt with the same bytes, 1 added, 1 removed, 1 the same\n");
    expect(stdout).toMatch(/\na {2}other inputs, the same bytes\n {2}files\.in {2}\w{8} → \w{8} {2}in\.txt \+1 -1\n {4}2 - two\n {4}2 \+ three\n/);
    expect(stdout).toContain("\nnew  added\n");
    expect(stdout).toContain("\nold  removed\n");
    expect(stdout).not.toContain("\nb ");
  });

  test("a stage that the pipeline lost since is not as built, and a number too small for three digits is shown with more", async ({ p }) => {
    const loss = (n: number): object => pipeline({ a: { cmd: `echo '{"loss":${n},"size":12345678}' > {output}`, output: "a.json" }, b: { cmd: "echo b > {output}", output: "b.txt" } });
    p.write({ "pipeline.yaml": loss(0.00012) });
    await p.built();
    commit(p);
    p.write({ "pipeline.yaml": loss(0.00034) });
    await p.built();
    p.write({ "pipeline.yaml": pipeline({ a: (loss(0.00034) as { stages: Record<string, Record<string, unknown>> }).stages["a"]! }) });
    const { stdout } = await diff(p);
    expect(stdout).toContain("now: 1 of 2 cells is not fresh (dag status)");
    expect(stdout).toContain("\na: 1 number differs (not tested)\n  loss  .0001 → .0003\n");
  });

  test("takes lock files, of another project's directory too, and reads bytes where that project keeps them", async ({ p, q }) => {
    for (const one of [p, q]) await letters(one).built();
    q.write({ "prompts/letter.md": "Hi {{ person.name }}\n" });
    await q.built();
    copyFileSync(p.path("dag.lock"), p.path("first.lock"));
    expect((await diff(p, "first.lock", "dag.lock")).stdout).toBe("first.lock → dag.lock\nequal: all 3 cells are the same\n");
    const { stdout } = await diff(p, "dag.lock", `${q.root}/dag.lock`);
    expect(stdout).toContain("prompts/letter.md +1 -3\n    1 - Dear {{ person.name }},\n    1 + Hi {{ person.name }}\n");
    expect(stdout).toContain("  letters: 6 changed of 6 records\n");
    expect(stdout).not.toContain("not compared");
    // Nothing of the other project is touched.
    expect((await q.dag("status")).stdout).toBe("fresh    people\nfresh    letters\nfresh    lengths\nall 3 cells are fresh\n");
  });

  test("takes a bundle, whose own files tell what changed, and leaves nothing behind", async ({ p, q }) => {
    await letters(p).built();
    expect((await p.dag("bundle", "-o", "paper.dag.tgz")).code).toBe(0);
    p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace('"Yours"', '"Sincerely"'), "prompts/letter.md": "Dear {{ person.name }}!\nhow are you?\nGoodbye\n" });
    await p.built();
    p.remove("cache/objects");
    const { stdout } = await diff(p, "paper.dag.tgz");
    expect(stdout).toContain("paper.dag.tgz → now\n3 cells: 2 changed, 1 the same\n");
    expect(stdout).toContain('params.sign: "Yours" → "Sincerely"\n');
    expect(stdout).toContain("prompts/letter.md +1 -1\n    1 - Dear {{ person.name }},\n    1 + Dear {{ person.name }}!\n");
    expect(stdout).toContain("not compared\n  of paper.dag.tgz these bytes are no longer kept: letters, lengths\n    dag replay paper.dag.tgz --into DIR, then dag diff DIR/dag.lock\n");
    // And that is the way.
    expect((await p.dag("replay", "paper.dag.tgz", "--into", q.root)).code).toBe(0);
    expect((await diff(p, `${q.root}/dag.lock`)).stdout).toContain("  letters: 6 changed of 6 records\n");
    const left = (await p.dag("diff", "paper.dag.tgz", "paper.dag.tgz")).stdout;
    expect(left).toBe("paper.dag.tgz → paper.dag.tgz\nequal: all 3 cells are the same\n");
    expect(Object.keys(p.everything()).filter((path) => path.startsWith("tmp/"))).toEqual([]);
    // A damaged one is refused as replay refuses it.
    const bytes = readFileSync(p.path("paper.dag.tgz"));
    writeFileSync(p.path("half.dag.tgz"), bytes.subarray(0, bytes.length / 2));
    const half = await p.dag("diff", "half.dag.tgz");
    expect(half.code).toBe(3);
    expect(half.stderr).toMatch(/^dag: .*half\.dag\.tgz is not a whole archive/);
  });

  test("takes any name git knows for a revision, in a project that is a part of the repository, and another pipeline's lock", async ({ p }) => {
    const root = p.root;
    git(p, "init", "-q", ".");
    p.root = `${root}/papers/first`;
    letters(p.write({}));
    p.write({ "pipelines/other.yaml": pipeline({ n: { cmd: "echo 1 > {output}", output: "n.txt" } }) });
    await p.built();
    await p.built("-f", "pipelines/other.yaml");
    p.write({ ".gitignore": "artifacts/\ncache/\n" });
    const store = (message: string): void => {
      git(p, "add", "-A");
      git(p, "commit", "-q", "-m", message);
    };
    store("the first");
    git(p, "tag", "v1");
    p.write({ "prompts/letter.md": "Hi {{ person.name }}\n", "pipelines/other.yaml": p.read("pipelines/other.yaml").replace("echo 1", "echo 2") });
    await p.built();
    await p.built("-f", "pipelines/other.yaml");
    store("the second");
    for (const name of ["HEAD~1", "v1", "v1^{commit}", ":/first", git(p, "rev-parse", "v1").trim(), git(p, "rev-parse", "v1").slice(0, 9)]) {
      const { stdout } = await diff(p, name);
      expect({ name, stdout }).toEqual({ name, stdout: expect.stringContaining("3 cells: 2 changed, 1 the same") as unknown });
      expect(stdout).toContain("1 - Dear {{ person.name }},\n");
    }
    expect((await diff(p, "v1", "HEAD")).stdout).toContain("2 changed");
    expect((await diff(p, "HEAD")).stdout).toContain("equal");
    const other = (await diff(p, "v1", "-f", "pipelines/other.yaml")).stdout;
    expect(other).toContain("1 cell: 1 changed, 0 the same");
    expect(other).toContain('\n    command: "echo 1 > {output}" → "echo 2 > {output}"\n');
    p.root = root;
  });

  test("a name that is no build is refused with the nearest one, and never reaches git as an option", async ({ p }) => {
    await published(p);
    git(p, "branch", "camera-ready");
    const refused = async (code: number, ...args: string[]): Promise<string> => {
      const result = await p.dag("diff", ...args);
      expect({ args, code: result.code, stdout: result.stdout }).toEqual({ args, code, stdout: "" });
      return result.stderr;
    };
    expect(await refused(2, "camera-raedy")).toBe('dag: "camera-raedy" is no lock file, bundle or git revision; did you mean "camera-ready"?\n');
    expect(await refused(2, "HAED")).toContain('did you mean "HEAD"?');
    expect(await refused(2, "dag.lokc")).toContain('did you mean "dag.lock"?');
    expect(await refused(2, "HEAD~1..HEAD")).toContain("name two builds: dag diff HEAD~1 HEAD");
    expect(await refused(2, "prompts")).toContain("prompts is a directory");
    expect(await refused(2, "people.jsonl.txt")).toContain("is no lock file");
    expect(await refused(2, "people.jsonl")).toBe("dag: people.jsonl is no lock file; name a dag.lock, what dag bundle made, or a git revision\n");
    expect(await refused(2, "prompts/letter.md")).toContain("is neither a lock file nor a bundle");
    for (const hostile of [`--output=${p.base}/made`, `--upload-pack=touch ${p.base}/made`, "-h", "--", "HEAD\n--output=x", "", "^HEAD", "HEAD:dag.lock", "\u001b[31mred"]) {
      const text = await refused(2, "--", hostile, "now");
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    }
    expect(Object.keys(p.everything()).filter((path) => path.endsWith("made") || path.endsWith("/x"))).toEqual([]);
    git(p, "rm", "-q", "--cached", "dag.lock");
    git(p, "commit", "-q", "-m", "no lock");
    expect(await refused(2, "HEAD")).toMatch(/^dag: "HEAD" \(\w{12}\) has no dag\.lock; name a revision with a build: git log --oneline -- dag\.lock\n$/);
  });

  test("of a repository that is someone else's says what git has to be told", async ({ p }) => {
    await published(p);
    p.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1";
    const { code, stderr } = await p.dag("diff");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^dag: there is no revision to compare with: fatal: .*; if you trust it: git config --global --add safe\.directory \S.*; name two lock files or bundles/);
  });

  test("a file goes before a revision of its name, and now before both, as the help says", async ({ p }) => {
    await published(p);
    for (const name of ["paper", "now"]) git(p, "branch", name);
    p.write({ "prompts/letter.md": "Hi {{ person.name }}\n" });
    await p.built();
    p.write({ paper: p.read("dag.lock"), now: p.read("dag.lock") });
    expect((await diff(p, "paper")).stdout).toContain("paper → now\nequal");
    expect((await diff(p, "refs/heads/paper")).stdout).toContain("2 changed");
    expect((await diff(p, "now", "./now")).stdout).toContain("now → ./now\nequal");
    expect((await diff(p, "refs/heads/now")).stdout).toContain("2 changed");
  });

  test("without git, a repository, a commit or a build it says what to name instead", async ({ p, q }) => {
    await letters(p).built();
    const stderr = async (...args: string[]): Promise<string> => {
      const result = await p.dag("diff", ...args);
      expect(result.code).toBe(2);
      return result.stderr;
    };
    expect(await stderr()).toMatch(/^dag: there is no revision to compare with: fatal: not a git repository.*; name two lock files or bundles: dag diff old\.lock now\n$/);
    git(p, "init", "-q", ".");
    expect(await stderr()).toBe("dag: the git repository has no commit yet; commit dag.lock, or name two lock files or bundles\n");
    const before = p.env["PATH"];
    p.env["PATH"] = "";
    expect(await stderr()).toContain("git is not installed; name two lock files or bundles");
    copyFileSync(p.path("dag.lock"), p.path("old.lock"));
    expect((await diff(p, "old.lock")).stdout).toContain("equal: all 3 cells");
    p.env["PATH"] = before;
    letters(q);
    const none = await q.dag("diff", `${p.root}/dag.lock`);
    expect({ code: none.code, stderr: none.stderr }).toEqual({ code: 2, stderr: "dag: there is no dag.lock yet, so nothing to compare; dag run\n" });
  });

  test("says that now is not what was built: stale inputs, edited artifacts", async ({ p }) => {
    await published(p);
    p.write({ "prompts/letter.md": "Hi {{ person.name }}\n" });
    expect((await diff(p)).stdout).toContain("→ now\nequal: all 3 cells are the same\nnow: 2 of 3 cells are not fresh (dag status); compared is the last build\n");
    await p.built();
    p.append("artifacts/people.jsonl", '{"id":"intruder"}\n');
    const result = await diff(p, "--json");
    expect(result.events[1]?.["not_fresh"]).toContain("people");
    // What is compared is the build, not the edited file.
    expect(cellsOf(result)["people"]).toBeUndefined();
  });

  test("a damaged lock is reported: as a whole with exit code 3, an entry by its name and never as a removed cell", async ({ p }) => {
    await published(p);
    p.write({ "half.lock": p.read("dag.lock").slice(0, 300), "conflict.lock": `<<<<<<< ours\n${p.read("dag.lock")}` });
    const half = await p.dag("diff", "half.lock");
    expect({ code: half.code, stdout: half.stdout, stderr: half.stderr }).toEqual({ code: 3, stdout: "", stderr: "dag: half.lock is not whole JSON; bring it back, or name another build\n" });
    expect((await p.dag("diff", "conflict.lock")).stderr).toContain("conflict.lock has git merge-conflict markers (line 1)");
    const lock = p.lock();
    lock.cells["letters"]!.artifact = "sha256:zz";
    p.write({ "entry.lock": lock });
    const entry = await p.dag("diff", "entry.lock");
    expect(entry.code).toBe(3);
    expect(entry.stderr).toBe('warning: entry.lock: the entry "letters" has no valid artifact hash and is not used\n');
    expect(entry.stdout).toContain("3 cells: 1 unreadable, 2 the same\n\nletters  its entry in the lock is damaged\n");
  });

  test("bytes that came out other from equal inputs point to something undeclared", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: `cat ${p.base}/secret > {output}`, output: "a.txt" } }), "../secret": "one\n" });
    await p.built();
    commit(p);
    p.write({ "../secret": "two\n" });
    await p.built("--force");
    expect((await diff(p)).stdout).toContain("\na  changed (4 B)\n  all its inputs are the same: it depends on something it does not\n  declare, or was edited (dag verify --rebuild)\n");
  });

  test("cells of a matrix that changed alike are one entry, and equal builds give equal bytes of output", async ({ p }) => {
    p.write({
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", matrix: { n: [1, 2, 3] }, prompts: { x: "prompts/x.md" } }, b: { run: "stages/b.ts", needs: ["a"], output: "b.json" }, c: { cmd: "cp {needs.b} {output}", needs: ["b"], output: "c.json" } }),
      "prompts/x.md": "x\n",
      "stages/a.ts": "export default async ({ axis, prompts }) => [{ id: 'r', n: axis.n, text: prompts.x.render({}) }];\n",
      "stages/b.ts": "export default async ({ needs }) => ({ size: (await Promise.all(needs.a.cells().map((cell) => cell.text()))).join('').length });\n",
    });
    await p.built();
    commit(p);
    p.write({ "prompts/x.md": "longer\n" });
    await p.built();
    const { stdout } = await diff(p);
    expect(stdout).toContain("\na (3 cells)  changed\n  prompts.x  ");
    expect(stdout).toMatch(/\nb {2}changed because of a \(.*\)\n\nc {2}changed because of b \(.*\)\n {2}begins with prompts\.x of a\n/);
    expect(stdout).toContain("  a: 3 changed of 3 records in 3 cells\n");
    expect(stdout).toContain('    ~ n=1 r: text "x\\n" → "longer\\n"\n');
    expect(stdout).toContain("\nc: 1 number differs (not tested)\n  size  ");
    for (const args of [[], ["--json"], ["--all", "--items"]]) expect((await diff(p, ...args)).stdout).toBe((await diff(p, ...args)).stdout);
  });

  test("its arguments are completed with what there is to compare", async ({ p }) => {
    await letters(p).built();
    expect((await p.dag("complete", "--", "diff", "")).stdout).toBe("now\tthe lock as it stands\nHEAD\tthe last commit\ndag.lock\n:files\n");
    expect((await p.dag("complete", "--", "diff", "--scores", "le")).stdout).toBe("letters\nlengths\n:none\n");
  });

  test("names in a lock and model text cannot steer the terminal", async ({ p }) => {
    p.write({ "pipeline.yaml": pipeline({ a: { cmd: "cp {files.in} {output}", files: { in: "in.jsonl" }, output: "a.jsonl" } }), "in.jsonl": [{ id: "\u001b[2Jx", "\u001b]0;f\u0007": "one" }] });
    await p.built();
    commit(p);
    p.write({ "in.jsonl": [{ id: "\u001b[2Jx", "\u001b]0;f\u0007": "\u001b[31mtwo" }] });
    await p.built();
    const lock = p.lock();
    p.write({ "evil.lock": { ...lock, cells: { ...lock.cells, "z\u001b[1m": { ...lock.cells["a"], inputs: { "params.\u001b[1m": lock.cells["a"]!.artifact } } } } });
    for (const args of [["HEAD"], ["HEAD", "--items"], ["evil.lock"], ["HEAD", "evil.lock"], ["HEAD", "--json"]]) {
      const { stdout } = await p.dag("diff", ...args);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    expect((await diff(p)).stdout).toContain("~ \\x1b[2Jx: ");
  });

  test.skipIf(!hasTerminal)("stays within the width of a terminal", async ({ p }) => {
    await published(p);
    p.write({ "prompts/letter.md": `Dear {{ person.name }}, ${"word ".repeat(60)}\n`, "people.jsonl": [{ id: "q".repeat(200), name: "x".repeat(300) }] });
    await p.built();
    for (const columns of [80, 50]) {
      const terminal = new Terminal(p, ["diff"], { columns });
      await terminal.result;
      expect(terminal.screen().filter((line) => [...line].length > columns)).toEqual([]);
      expect(terminal.screen().join("\n")).toContain("letters  changed");
    }
  });
});
