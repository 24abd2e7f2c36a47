/** What `dag watch` prints: exact, short, in 80 columns. */
import { describe, expect } from "vitest";
import { pipeline, test, Watching } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** Questions with scores: which, the prompt says. */
function scored(p: Project): void {
  p.write({
    "prompts/answer.md": "Answer the question.\nBe brief.\n",
    "stages/people.ts": "export default () => Array.from({ length: 40 }, (_, i) => ({ id: `q${String(i).padStart(2, '0')}` }));\n",
    "stages/answer.ts": "export default ({ item, prompts }) => ({ id: item.id, text: prompts.answer.render({}).includes('well') ? 'good' : 'fair' });\n",
    "stages/evaluate.ts": "export default async ({ needs }) => (await needs.answer.all()).map(({ id, text }, i) => ({ id, f1: (text === 'good' ? 0.4 : 0.3) + (i % 7) / 100 }));\n",
    "pipeline.yaml": pipeline({ people: { run: "stages/people.ts" }, answer: { run: "stages/answer.ts", each: "people", prompts: { answer: "prompts/answer.md" } }, evaluate: { run: "stages/evaluate.ts", needs: ["answer"], output: "scores.jsonl" } }),
  });
}

/** Times differ between machines. */
const steady = (text: string): string => text.replaceAll(/\d+\.\d+ s\b/g, "# s");

describe.concurrent("what dag watch prints", () => {
  test("the first build as run does; of each later one what changed, what ran, what it cost, and whether the scores moved", async ({ p }) => {
    scored(p);
    const w = new Watching(p.start("watch"), p);
    await w.running.saw("Ctrl-C ends");
    expect(steady(w.running.stderr)).toBe(`ran       people    # s  never built
ran       answer    40 items  # s  never built
ran       evaluate  # s  never built
done: 3 ran · # s
watching 5 files in 4 directories; Ctrl-C ends
`);
    let from = w.running.stderr.length;
    // What is said on one stream may be heard before what was said on the other.
    const closed = async (): Promise<void> => { while (!/^done: .*\n/m.test(w.running.stderr.slice(from))) await w.running.more(); };
    w.save("prompts/answer.md", "Answer the question well.\nBe brief.\n");
    await w.running.saw("95 % interval");
    await closed();
    expect(steady(w.running.stderr.slice(from))).toBe(`
prompts/answer.md:1
  - Answer the question.
  + Answer the question well.
running   answer
          and if that comes out different: evaluate
ran       answer    40 items  # s
ran       evaluate  # s
done: 2 ran · 1 fresh · # s
`);
    expect(w.running.stdout).toMatch(/^records changed: answer 40 of 40, evaluate 40 of 40\n\nevaluate: 40 records paired by id\n/);
    expect(w.running.stdout).toMatch(/f1 +\.329 → \.429 +\+\.100 \[\+?\.100, \+?\.100\] +up/);
    for (const line of `${w.running.stdout}${w.running.stderr}`.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);

    // Other words, the same answers: nothing below runs, and it says so.
    from = w.running.stderr.length;
    w.save("prompts/answer.md", "Answer the question well.\nBe very brief.\n");
    await w.running.saw("no score can have moved");
    await closed();
    expect(steady(w.running.stderr.slice(from))).toBe(`
prompts/answer.md:2
  - Be brief.
  + Be very brief.
running   answer
          and if that comes out different: evaluate
ran       answer  40 items  # s
done: 1 ran · 2 fresh · # s
`);

    // As it was: restored.
    from = w.running.stderr.length;
    const told = w.running.stdout.length;
    w.save("prompts/answer.md", "Answer the question.\nBe brief.\n");
    while (!w.running.stdout.slice(told).includes("95 % interval")) await w.running.more();
    await closed();
    expect(steady(w.running.stderr.slice(from))).toBe(`
prompts/answer.md:1
  - Answer the question well.
  - Be very brief.
  + Answer the question.
  + Be brief.
restoring answer, evaluate
restored  answer
restored  evaluate
done: 2 restored · 1 fresh · # s
`);
    expect(w.running.stdout.slice(told)).toMatch(/f1 +\.429 → \.329 +-\.100 \[-\.100, -\.100\] +down/);
    await w.stop();
  });

  test("two edits of one save are two places, with the new text of both", async ({ p }) => {
    const rules = (edited: Record<number, string> = {}): string => Array.from({ length: 13 }, (_, i) => `${edited[i + 1] ?? `rule ${i + 1}`}\n`).join("");
    p.write({ "ask.md": rules(), "pipeline.yaml": pipeline({ a: { cmd: "cp {prompts.ask} {output}", prompts: { ask: "ask.md" }, output: "a.txt" } }) });
    const w = new Watching(p.start("watch"), p);
    await w.running.saw("Ctrl-C ends");
    const from = w.running.stderr.length;
    w.save("ask.md", rules({ 2: "be kind", 11: "be brief" }));
    while (!/^done: .*\n/m.test(w.running.stderr.slice(from))) await w.running.more();
    expect(w.running.stderr.slice(from)).toContain("\nask.md:2\n  - rule 2\n  + be kind\nask.md:11\n  - rule 11\n  + be brief\nrunning   a\n");
    await w.stop();
  });

  test("a param old → new, a stage that fails and is mended, a save that changes nothing", async ({ p }) => {
    const stages = { a: { cmd: "grep -v 2 {files.in} > {output}; echo {params.n} >> {output}; test {params.n} != 2", files: { in: "in.txt" }, params: ["n"], output: "a.txt" }, b: { cmd: "cat {needs.a} > {output}", needs: ["a"], output: "b.txt" } };
    const write = (n: number): void => { w.save("pipeline.yaml", JSON.stringify(pipeline(stages, { params: { n } }))); };
    p.write({ "in.txt": "in\n", "pipeline.yaml": pipeline(stages, { params: { n: 1 } }) });
    const w = new Watching(p.start("watch"), p);
    await w.running.saw("Ctrl-C ends");
    const from = w.running.stderr.length;
    const seen = async (text: string): Promise<void> => { while (!w.running.stderr.slice(from).includes(text)) await w.running.more(); };
    write(2);
    await seen("failed: ");
    w.save("in.txt", "in\n");
    await seen("tries it again");
    write(3);
    await seen("done: ");
    w.save("in.txt", "in\n");
    await seen("nothing to do");
    expect(steady(w.running.stderr.slice(from))).toBe(`
params.n: 1 → 2
running   a
          and if that comes out different: b
failed    a  sh exited with 1
failed: 1 failed · 1 skipped · # s
nothing has changed for what failed: Enter tries it again

params.n: 1 → 3
running   a
          and if that comes out different: b
ran       a  # s
ran       b  # s
done: 2 ran · # s
nothing to do: all 2 cells are fresh
`);
    await w.stop();
  });

  test("--quiet says what fails, and the scores", async ({ p }) => {
    scored(p);
    const w = new Watching(p.start("watch", "--quiet"), p);
    while (!p.exists("dag.lock") || p.exists("cache/state/build.lease")) await Promise.race([w.running.result, new Promise((resolve) => setTimeout(resolve, 20))]);
    w.save("prompts/answer.md", "Answer well {{ nobody }}.\n");
    await w.running.saw("failed    answer");
    w.save("prompts/answer.md", "Answer well.\n");
    await w.running.saw("95 % interval");
    const { stderr } = await w.stop();
    expect(stderr).not.toMatch(/running|watching|done/);
  });

  test("with --json the items and scores that differ follow each build that ended well", async ({ p }) => {
    scored(p);
    const w = Watching.start(p);
    await w.idle();
    w.save("prompts/answer.md", "Answer well.\n");
    expect(await w.next("items")).toMatchObject({ cell: "answer", changed: 40, same: 0 });
    expect(await w.next("score")).toMatchObject({ cell: "evaluate", metric: "f1", n: 40, verdict: "up" });
    expect(await w.next("compared")).toMatchObject({ changed: 2, scores: 1, unread: 0 });
    await w.stop();
  });
});
