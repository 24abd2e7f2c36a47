/** Dry run, plan, status and why: one plan, told before and after. */
import { describe, expect } from "vitest";
import { chain, failFor, itemStages, kinds, people, pipeline, test, textStage } from "./rig/index.ts";
import type { Result } from "./rig/index.ts";

/** Cells a `--json` dry run announces, by what will be done. */
function announced(result: Result): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const event of result.events) if (event.cell !== undefined) (found[String(event["action"] ?? event.outcome)] ??= []).push(event.cell);
  for (const cells of Object.values(found)) cells.sort();
  return found;
}

describe.concurrent.each(kinds)("a dry run of %s stages", (kind) => {
  test("writes nothing, before any output exists, and lists exactly what run then does", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    const before = p.everything();
    const dry = await p.dag("run", "-n", "--json");
    expect(dry.code).toBe(0);
    expect(p.everything()).toEqual(before);
    expect(p.ran()).toEqual([]);
    const plain = await p.dag("run", "--dry-run");
    for (const cell of ["a", "b", "c"]) expect(plain.stdout).toMatch(new RegExp(`\\b${cell}\\b`));
    expect(p.everything()).toEqual(before);
    const plan = await p.dag("plan", "--json");
    expect(plan.code).toBe(0);
    expect(p.everything()).toEqual(before);
    expect(announced(dry)).toEqual({ run: ["a", "b", "c"] });
    expect((await p.built()).outcomes).toEqual({ ran: ["a", "b", "c"] });
  });

  test("names what to run where all that run builds by itself is fresh", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    p.write({ "pipeline.yaml": { ...(JSON.parse(p.read("pipeline.yaml")) as object), default: ["a"] } });
    await p.built();
    expect((await p.dag("status")).stdout).toMatch(/2 of 3 cells are not fresh: dag run b c\n$/);
    expect((await p.dag("status", "b*")).stdout).toMatch(/1 of 2 cells is not fresh: dag run 'b\*'\n$/);
  });

  test("of a clone without artifacts tells that each is missing, not only the first of the line", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    p.remove("artifacts", "cache");
    const status = await p.dag("status");
    expect(status.stdout.match(/^missing /gm)).toHaveLength(3);
    expect(status.stdout).toContain("missing  b  output missing: b.txt; needs.a: a will be rebuilt\n");
    expect((await p.dag("plan")).stdout).not.toContain("comes out equal"); // its bytes are not kept
    await p.built();
    p.write({ "in.txt": "two\n" });
    p.remove("artifacts/c.txt");
    expect((await p.dag("plan")).stdout).toMatch(/^run +c +output missing: c.txt; needs.b: b will be rebuilt \(nothing, if that comes out equal\)$/m);
  });

  test("tells run from restore from fresh", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    p.write({ "in.txt": "two\n" });
    await p.built();
    p.write({ "in.txt": "one\ntwo\n" });
    const before = p.everything();
    const restore = announced(await p.dag("run", "-n", "--json"));
    expect(p.everything()).toEqual(before);
    expect(restore).toEqual({ restore: ["a", "b", "c"] });
    expect((await p.built()).outcomes).toEqual({ restored: ["a", "b", "c"] });
    expect(announced(await p.dag("run", "-n", "--json"))["run"] ?? []).toEqual([]);
    p.write({ "in.txt": "three\n" });
    const run = announced(await p.dag("run", "-n", "--json"));
    expect(run["run"]).toEqual(["a", "b", "c"]);
  });

  test("a deleted and an edited output are announced as restores", async ({ p }) => {
    chain(p, kind, ["a", "b", "c"]);
    await p.built();
    p.remove("artifacts/a.txt");
    p.write({ "artifacts/b.txt": "edited\n" });
    const dry = announced(await p.dag("run", "-n", "--json"));
    expect(dry["restore"]).toEqual(["a", "b"]);
    expect(dry["run"] ?? []).toEqual([]);
    expect(p.read("artifacts/b.txt")).toBe("edited\n");
    expect((await p.built()).outcomes).toEqual({ restored: ["a", "b"], fresh: ["c"] });
  });

  test("status says fresh and exits 0, or says what is not and exits 3", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    const missing = await p.dag("status");
    expect(missing.code).toBe(3);
    expect(missing.stdout).toMatch(/a\b.*(missing|never built)/);
    await p.built();
    const fresh = await p.dag("status");
    expect(fresh.code).toBe(0);
    expect(fresh.stdout).toMatch(/a\b.*fresh|fresh.*a\b/);
    p.write({ "in.txt": "two\n" });
    const before = p.everything();
    const stale = await p.dag("status");
    expect(stale.code).toBe(3);
    expect(stale.stdout).toMatch(/stale/);
    expect(stale.stdout).toContain("files.in");
    expect(p.everything()).toEqual(before);
    expect((await p.dag("status", "a")).code).toBe(3);
    await p.built();
    expect((await p.dag("status")).code).toBe(0);
  });

  test("why names the changed file, param and upstream artifact", async ({ p }) => {
    const stages = { a: textStage(p, kind, "a", { extra: { params: ["temperature"] } }), b: textStage(p, kind, "b", { need: "a" }) };
    p.write({ "in.txt": "one\n", "pipeline.yaml": pipeline(stages, { params: { temperature: 0.7 } }) });
    await p.built();
    p.write({ "in.txt": "two\n" });
    const file = await p.dag("why", "a");
    expect(file.stdout).toContain("in.txt");
    p.write({ "in.txt": "one\n", "pipeline.yaml": pipeline(stages, { params: { temperature: 0.9 } }) });
    const param = await p.dag("why", "a");
    expect(param.stdout).toContain("temperature");
    expect(param.stdout).toMatch(/0\.7.*0\.9/s);
    p.write({ "in.txt": "two\n" });
    await p.built("a");
    const upstream = await p.dag("why", "b");
    expect(upstream.stdout).toMatch(/\ba\b/);
    await p.built();
    // Fresh now: why it was last rebuilt.
    const fresh = await p.dag("why", "b");
    expect(fresh.code).toBe(0);
    expect(fresh.stdout).toMatch(/\ba\b/);
  });

  test("why names the line of a prompt, old and new", async ({ p }) => {
    p.write({ "in.txt": "x\n", "ask.md": "# Ask\n\nBe kind.\nBe brief.\n", "pipeline.yaml": pipeline({ a: textStage(p, kind, "a", { extra: { prompts: { ask: "ask.md" } } }) }) });
    await p.built();
    p.write({ "ask.md": "# Ask\n\nBe honest.\nBe brief.\n" });
    const why = await p.dag("why", "a");
    expect(why.stdout).toContain("ask.md");
    expect(why.stdout).toContain("Be kind.");
    expect(why.stdout).toContain("Be honest.");
    expect(why.stdout).not.toContain("Be brief.\n+");
    expect(why.stdout).toMatch(/3/);
  });

  test("why shows every place of an edit by itself, each with its line, and no line that stayed", async ({ p }) => {
    const rules = (edited: Record<number, string> = {}): string => Array.from({ length: 13 }, (_, i) => `${edited[i + 1] ?? `rule ${i + 1}`}\n`).join("");
    p.write({ "in.txt": "x\n", "ask.md": rules(), "pipeline.yaml": pipeline({ a: textStage(p, kind, "a", { extra: { prompts: { ask: "ask.md" } } }) }) });
    await p.built();
    const detail = async (text: string): Promise<string> => (p.write({ "ask.md": text }), (await p.dag("why", "a")).stdout.split("\n").slice(2).map((line) => line.slice(4)).join("\n"));
    expect(await detail(rules({ 2: "be kind", 11: "be brief" }))).toBe("ask.md:2\n- rule 2\n+ be kind\nask.md:11\n- rule 11\n+ be brief\n");
    expect(await detail(`first\n${rules().replace("rule 7\n", "")}`)).toBe("ask.md:1\n+ first\nask.md:8\n- rule 7\n");
    // Written anew: as much of the new text as of the old.
    expect(await detail("a\nb\nc\nd\ne\nf\n")).toBe("ask.md:1\n- rule 1\n- rule 2\n- rule 3\n- rule 4\n+ a\n+ b\n+ c\n+ d\n… and 11 more lines\n");
    expect(await detail(rules({ 1: "a", 3: "b", 5: "c", 7: "d", 9: "e" }))).toBe("ask.md:1\n- rule 1\n+ a\nask.md:3\n- rule 3\n+ b\nask.md:5\n- rule 5\n+ c\nask.md:7\n- rule 7\n+ d\n… and 2 more lines\n");
  });

  test("why shows the lines of a partial, of a prompt that renders another, and of files of a glob or a directory", async ({ p }) => {
    p.write({ "in.txt": "x\n", "prompts/ask.md": "# Ask\n{% render 'style' %}\n", "prompts/style.md": "Be kind.\n", "notes/a.md": "one\ntwo\n", "notes/b.md": "same\n", "lore/deep/c.txt": "old\n", "pipeline.yaml": pipeline({ a: textStage(p, kind, "a", { extra: { prompts: { ask: "prompts/ask.md" }, files: { in: "in.txt", notes: "notes/*.md", lore: "lore" } } }) }) });
    await p.built();
    const why = async (): Promise<string> => (await p.dag("why", "a")).stdout.split("\n").slice(1).map((line) => line.trim().replace(/ [0-9a-f]{8} → [0-9a-f]{8}$/, "")).join("\n");
    p.write({ "prompts/style.md": "Be honest.\n" });
    expect(await why()).toBe("prompts.ask changed\nprompts/style.md:1\n- Be kind.\n+ Be honest.\n");
    // Also after it was built, and with the text before it gone from the disk.
    await p.built();
    expect(await why()).toBe("prompts.ask changed\nprompts/style.md:1\n- Be kind.\n+ Be honest.\n");
    p.write({ "prompts/ask.md": "# Ask\n{% render 'style' %}\n{% render 'tone' %}\n", "prompts/tone.md": "softly\n" });
    expect(await why()).toMatch(/^prompts\.ask changed\nprompts\/ask\.md:3\n\+ \{% render 'tone' %\}\nprompts\/tone\.md: added \([0-9a-f]{12}\)\n$/);
    p.write({ "prompts/ask.md": "# Ask\nBriefly.\n" });
    expect(await why()).toMatch(/^prompts\.ask changed\nprompts\/ask\.md:2\n- \{% render 'style' %\}\n\+ Briefly\.\nprompts\/style\.md: removed \(was [0-9a-f]{12}\)\n$/);
    p.write({ "prompts/ask.md": "# Ask\n{% render 'style' %}\n", "notes/a.md": "one\n2\n", "lore/deep/c.txt": "new\n" });
    // What garbage collection keeps is enough to tell.
    expect((await p.dag("cache", "gc")).code).toBe(0);
    expect(await why()).toBe("files.lore changed\nlore/deep/c.txt:1\n- old\n+ new\nfiles.notes changed\nnotes/a.md:2\n- two\n+ 2\n");
    p.write({ "prompts/style.md": "Be brief.\n" });
    expect(await why()).toContain("prompts/style.md:1\n- Be honest.\n+ Be brief.\n");
  });

  test("why names the files of a list that is too large to be kept by their hashes", async ({ p }) => {
    p.write({ "in.txt": "x\n", "data/a.txt": "a".repeat(1 << 20), "data/b.txt": "one\n", "pipeline.yaml": pipeline({ a: textStage(p, kind, "a", { extra: { files: { in: "in.txt", data: "data/*.txt" } } }) }) });
    await p.built();
    p.write({ "data/b.txt": "two\n" });
    expect((await p.dag("why", "a")).stdout).toMatch(/^ {4}data\/b\.txt: [0-9a-f]{12} → [0-9a-f]{12}$/m);
  });

  test("reasons of a run say the same as the dry run before it", async ({ p }) => {
    chain(p, kind, ["a", "b"]);
    await p.built();
    p.write({ "in.txt": "two\n" });
    const dry = await p.dag("run", "-n", "--json");
    const reasons = (result: Result): unknown => result.events.find((event) => event.cell === "a")?.reasons;
    const real = await p.built();
    expect(reasons(real)).toEqual(reasons(dry));
    expect(JSON.stringify(reasons(real))).toContain("files.in");
  });

  test("plan of a partly failed stage of items counts what is left", async ({ p }) => {
    p.write({ "people.jsonl": people(6), "pipeline.yaml": pipeline(itemStages(p, kind)) });
    failFor(p, "p002");
    await p.run();
    const before = p.everything();
    const plan = await p.dag("plan", "--json");
    expect(plan.code).toBe(0);
    expect(p.everything()).toEqual(before);
    const letters = plan.events.find((event) => event.cell === "letters");
    expect(JSON.stringify(letters)).toMatch(/\b1\b/);
    const why = await p.dag("why", "letters", "p002");
    expect(why.stdout).toContain("p002");
    expect(why.stdout).toContain("no letter for p002");
  });
});

describe.concurrent("why of a command", () => {
  test("names the variable without showing its value, and the words of the command old and new", async ({ p }) => {
    const stage = (word: string): Record<string, unknown> => pipeline({ a: { cmd: ["sh", "-c", `echo "$TOKEN ${word}" > "$0"`, "{output}"], env: ["TOKEN"], output: "a.txt" } });
    p.env["TOKEN"] = "sesame-one";
    p.write({ "pipeline.yaml": stage("first") });
    await p.built();
    p.env["TOKEN"] = "sesame-two";
    const variable = await p.dag("why", "a");
    expect(variable.stdout).toContain("TOKEN");
    expect(variable.text).not.toContain("sesame-one");
    p.env["TOKEN"] = "sesame-one";
    p.write({ "pipeline.yaml": stage("second") });
    const command = await p.dag("why", "a");
    expect(command.stdout).toContain("first");
    expect(command.stdout).toContain("second");
    const kept = Object.keys(p.everything()).filter((path) => path.startsWith("project/cache/") && p.bytes(path.slice("project/".length)).includes("sesame"));
    expect(kept.filter((path) => !path.includes("objects"))).toEqual([]);
  });
});
