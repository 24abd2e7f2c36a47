import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand, loadPipeline, parsePipeline, type Graph } from "../src/pipeline/index.ts";
import { drawGraph, GRAPH_FORMATS } from "../src/report/index.ts";

const FLAGSHIP = `
name: demo
params: { noise: [0.0, 0.5], retrievers: [bm25, gold] }
models: { writer: { provider: offline, model: w } }
stages:
  seed: { run: stages/seed.ts, files: { names: seeds/names.json }, models: [writer] }
  profile: { run: stages/profile.ts, each: seed, prompts: { profile: prompts/profile.md } }
  documents: { run: stages/documents.ts, needs: [profile], matrix: { noise: params.noise } }
  answer: { run: stages/answer.ts, needs: [documents], matrix: { noise: params.noise, retriever: params.retrievers } }
  evaluate: { run: stages/evaluate.ts, needs: [answer, profile], output: evaluate/ }
  audit: { cmd: [python3, audit.py, "{output}"], needs: [documents], output: audit.json }
`;

async function graphOf(yaml: string): Promise<Graph> {
  const result = await parsePipeline(yaml, { root: "/nowhere", file: "pipeline.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return expand(result.pipeline);
}

describe("dag graph", () => {
  test("the text drawing shows rails, passes, ends and gathered needs", async () => {
    expect(await drawGraph(await graphOf(FLAGSHIP), "text")).toBe(
      [
        "demo  6 stages, 10 cells",
        "",
        "●      seed",
        "│      asks writer · names.json",
        "●      profile    each seed",
        "│      prompt profile",
        "├─●    documents  2 × noise",
        "│ │",
        "│ ├─●  answer     4 × noise, retriever",
        "│ │ │",
        "●═│═╛  evaluate   gathers noise, retriever",
        "  │",
        "  ■    audit      gathers noise",
        "",
      ].join("\n"),
    );
  });

  test("a matrix stage is one node in every format", async () => {
    const graph = await graphOf(FLAGSHIP);
    const json = JSON.parse(await drawGraph(graph, "json")) as { stages: { name: string; cells: string[] }[] };
    expect(json.stages.map(({ name, cells }) => [name, cells.length])).toEqual([["seed", 1], ["profile", 1], ["documents", 2], ["answer", 4], ["evaluate", 1], ["audit", 1]]);
    expect((await drawGraph(graph, "mermaid")).match(/answer/g)).toHaveLength(1);
    expect((await drawGraph(graph, "dot")).match(/label="answer/g)).toHaveLength(1);
    expect((await drawGraph(graph, "svg")).match(/<title>answer<\/title>/g)).toHaveLength(1);
  });

  test("no line is wider than the terminal, at any width from 40 columns", async () => {
    const graph = await graphOf(FLAGSHIP.replace("seeds/names.json", `seeds/${"long-".repeat(40)}.json`));
    for (const width of [40, 60, 80, 120]) {
      const lines = (await drawGraph(graph, "text", { width })).split("\n");
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
    }
  });

  test("states are said in words, and in colour only where asked for", async () => {
    const states = new Map([["answer@noise=0,retriever=bm25", "stale"], ["answer@noise=0,retriever=gold", "fresh"], ["seed", "fresh"]] as const);
    const plain = await drawGraph(await graphOf(FLAGSHIP), "text", { states });
    expect(plain).toContain("seed       fresh");
    expect(plain).toContain("1 stale, 1 fresh  4 × noise, retriever");
    expect(plain).not.toContain("\u001b");
    expect(await drawGraph(await graphOf(FLAGSHIP), "text", { states, color: true })).toContain("\u001b[32m●");
  });

  test("a part of the graph can be drawn alone", async () => {
    const text = await drawGraph(await graphOf(FLAGSHIP), "text", { only: new Set(["documents", "audit"]) });
    expect(text).toContain("2 stages, 3 cells");
    expect(text).not.toContain("seed");
  });

  test("the same graph gives the same bytes", async () => {
    for (const format of GRAPH_FORMATS) expect(await drawGraph(await graphOf(FLAGSHIP), format)).toBe(await drawGraph(await graphOf(FLAGSHIP), format));
  });

  test("the flagship's own DAG has every stage in the paper's order, fits 80 columns, and its picture holds every name", async () => {
    const loaded = await loadPipeline({ root: process.cwd() });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    const graph = expand(loaded.pipeline);
    const text = await drawGraph(graph, "text");
    const names = ["seed", "graph", "profile", "documents", "questions", "embed", "answer", "evaluate"];
    const places = names.map((name) => text.split("\n").findIndex((line) => new RegExp(`[●■][^a-z]*${name}\\b`).test(line)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
    const svg = await drawGraph(graph, "svg");
    for (const name of names) expect(svg).toMatch(new RegExp(`class="name"[^>]*>${name}<`));
  });

  test("hostile names stay text in every format", async () => {
    const hostile = `x"];</text><script>alert(1)</script>\u001b[31m\u202e\n#quot; %% \\N`;
    const graph = await graphOf(FLAGSHIP);
    graph.pipeline.name = hostile;
    for (const cells of graph.byStage.values()) for (const cell of cells) cell.stage.files = { f: [hostile] };
    const [text, mermaid, dot, svg, json] = await Promise.all((["text", "mermaid", "dot", "svg", "json"] as const).map((format) => drawGraph(graph, format)));
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(mermaid).not.toContain("<script>");
    expect(dot).toContain('\\"];</text>');
    expect(dot?.split("\n")[0]).not.toContain("\u001b");
    expect(svg).not.toContain("<script>");
    expect(svg).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
    expect((JSON.parse(json ?? "") as { name: string }).name).toBe(hostile);
  });

  test("every need of a random graph is a tap on its rail, and every drawing is well formed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat({ max: 6 }), { maxLength: 3 }), { minLength: 1, maxLength: 9 }), async (needs) => {
        const yaml = needs.map((list, i) => `  s${i}: { run: s.ts, needs: [${[...new Set(list.filter((n) => n < i))].map((n) => `s${n}`).join(", ")}] }`).join("\n");
        const graph = await graphOf(`name: r\nstages:\n${yaml}\n`);
        const text = await drawGraph(graph, "text");
        expect(readNeeds(text)).toEqual(Object.fromEntries([...graph.byStage].map(([name, cells]) => [name, [...(cells[0]?.stage.needs ?? [])].sort()])));
      }),
      { numRuns: 200 },
    );
  });
});

/** Reads the needs back from a drawing without gathered edges: the oracle for the rails. */
function readNeeds(text: string): Record<string, string[]> {
  const rails: (string | undefined)[] = [];
  const out: Record<string, string[]> = {};
  for (const line of text.split("\n").slice(2)) {
    const name = /s\d+$/.exec(line)?.[0];
    if (name === undefined) {
      // A line between two nodes shows which rails go on.
      rails.forEach((_, place) => line[2 * place] !== "│" && (rails[place] = undefined));
      continue;
    }
    const taps: string[] = [];
    let column = 0;
    for (let place = 0; 2 * place < line.length - name.length; place += 1) {
      const glyph = line[2 * place] ?? " ";
      const owner = rails[place];
      if (glyph === "●") column = place;
      if (owner !== undefined && "●├┼┤╰┴╯".includes(glyph)) taps.push(owner);
      if ("╰┴╯".includes(glyph)) rails[place] = undefined;
    }
    rails[column] = name;
    out[name] = taps.sort();
  }
  return out;
}
