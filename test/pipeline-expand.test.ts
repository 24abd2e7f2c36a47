import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { axisText, type Cell, cellId, type CellId, expand, type Graph, selectCells } from "../src/pipeline/index.ts";
import { good, graphOf, stageA } from "./pipeline.rig.ts";

const FLAGSHIP = `
default: [evaluate]
params: { noise: [0.0, 0.3], retrievers: [bm25, dense] }
stages:
  evaluate: { run: e.ts, needs: [embed, documents, profile], output: evaluate/ }
  embed: { run: m.ts, needs: [documents], matrix: { retriever: params.retrievers, noise: params.noise } }
  profile: { run: p.ts }
  documents: { run: d.ts, each: profile, matrix: { noise: params.noise } }
  plot: { run: x.ts, needs: [embed], matrix: { retriever: [dense], size: [1, 2] }, output: figures/plot.svg }
`;

/** `cell -> path <- needs`, one line per cell. */
function lines(graph: Graph): string[] {
  return [...graph.cells.values()].map((cell) => `${cell.id} -> ${cell.path} <- ${cell.needs.map((need) => need.cells.join("+")).join(" | ")}`);
}

describe("a graph", () => {
  test("has the cells in topological order, matched by the names of their axes", async () => {
    expect(lines(await graphOf(FLAGSHIP))).toEqual([
      "profile -> profile.jsonl <- ",
      "documents@noise=0 -> documents/noise=0.jsonl <- profile",
      "documents@noise=0.3 -> documents/noise=0.3.jsonl <- profile",
      "embed@noise=0,retriever=bm25 -> embed/noise=0/retriever=bm25.jsonl <- documents@noise=0",
      "embed@noise=0,retriever=dense -> embed/noise=0/retriever=dense.jsonl <- documents@noise=0",
      "embed@noise=0.3,retriever=bm25 -> embed/noise=0.3/retriever=bm25.jsonl <- documents@noise=0.3",
      "embed@noise=0.3,retriever=dense -> embed/noise=0.3/retriever=dense.jsonl <- documents@noise=0.3",
      "evaluate -> evaluate <- documents@noise=0+documents@noise=0.3 | embed@noise=0,retriever=bm25+embed@noise=0,retriever=dense+embed@noise=0.3,retriever=bm25+embed@noise=0.3,retriever=dense | profile",
      "plot@retriever=dense,size=1 -> figures/plot/retriever=dense/size=1.svg <- embed@noise=0,retriever=dense+embed@noise=0.3,retriever=dense",
      "plot@retriever=dense,size=2 -> figures/plot/retriever=dense/size=2.svg <- embed@noise=0,retriever=dense+embed@noise=0.3,retriever=dense",
    ]);
  });

  test("says which axes a cell gathers", async () => {
    const graph = await graphOf(FLAGSHIP);
    const gathered = (id: string) => graph.cells.get(id as CellId)?.needs.map(({ stage, gathered }) => [stage, gathered]);
    expect(gathered("evaluate")).toEqual([["documents", ["noise"]], ["embed", ["noise", "retriever"]], ["profile", []]]);
    expect(gathered("plot@retriever=dense,size=1")).toEqual([["embed", ["noise"]]]);
    expect(gathered("embed@noise=0,retriever=bm25")).toEqual([["documents", []]]);
  });

  test("keeps the order of the file among stages that are ready, and the order of the matrix among cells", async () => {
    const graph = await graphOf("stages:\n  z: { run: z.ts, matrix: { x: [b, a, c] } }\n  y: { run: y.ts, needs: [w] }\n  x: { run: x.ts }\n  w: { run: w.ts, needs: [z] }\n");
    expect([...graph.cells.keys()]).toEqual(["z@x=b", "z@x=a", "z@x=c", "x", "w", "y"]);
    expect(graph.cells.get("w" as CellId)?.needs).toEqual([{ stage: "z", cells: ["z@x=b", "z@x=a", "z@x=c"], gathered: ["x"] }]);
  });

  test.each([
    ["documents.jsonl", "documents/n=0.5.jsonl"],
    ["evaluate/", "evaluate/n=0.5"],
    ["deep/er/x.json", "deep/er/x/n=0.5.json"],
    ["x.tar.gz", "x/n=0.5.tar.gz"],
    ["v1.2/README", "v1.2/README/n=0.5"],
    [".hidden", ".hidden/n=0.5"],
    ["a.b.csv", "a.b/n=0.5.csv"],
  ])("puts the cell of the output %s at %s", async (output, path) => {
    const graph = await graphOf(stageA(`output: ${output}, matrix: { n: [0.5] }`));
    expect([...graph.cells.values()].map((cell) => cell.path)).toEqual([path]);
  });

  test("takes a chain of 10,000 stages and 10,000 cells without deep recursion or quadratic steps", async () => {
    const chain = await graphOf(`stages:\n${Array.from({ length: 10_000 }, (_, i) => `  s${String(9999 - i)}: { run: x.ts${i < 9999 ? `, needs: [s${String(9998 - i)}]` : ""} }\n`).join("")}`);
    expect([...chain.cells.keys()].slice(0, 3)).toEqual(["s0", "s1", "s2"]);
    const hundred = JSON.stringify(Array.from({ length: 100 }, (_, i) => i));
    const pipeline = await good(`params: { x: ${hundred}, y: ${hundred} }\nstages:\n  a: { run: a.ts, matrix: { x: params.x, y: params.y } }\n  b: { run: b.ts, needs: [a], matrix: { x: params.x, y: params.y } }\n  c: { run: c.ts, needs: [b] }\n  d: { run: d.ts, needs: [b], matrix: { z: params.x, w: params.x } }\n`);
    const graph = expand(pipeline);
    // Ten thousand cells that gather ten thousand each hold one list between them.
    const gathering = graph.byStage.get("d") ?? [];
    expect(new Set(gathering.map((cell) => cell.needs[0]?.cells)).size).toBe(1);
    expect([gathering.length, gathering[0]?.needs[0]?.cells.length]).toEqual([10_000, 10_000]);
    const picked = selectCells(graph, ["c", "d"]);
    expect(picked.ok && picked.cells.length).toBe(30_001);
  });
});

describe("the text of an axis value", () => {
  test.each([
    [0.5, "0.5"],
    [-0, "0"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
    [true, "true"],
    ["bm25", "bm25"],
    ["a/b c,=@%", "a%2Fb%20c%2C%3D%40%25"],
    ["../..", "..%2F.."],
    ["é~!*'()", "%C3%A9%7E%21%2A%27%28%29"],
    ["\u0000\n", "%00%0A"],
    ["😀", "%F0%9F%98%80"],
    ["", ""],
  ])("of %j is %s", (value, text) => {
    expect(axisText(value)).toBe(text);
  });

  test("is cut and closed with a hash where it is long, so that paths hold and differ", () => {
    const long = `${"x".repeat(300)}é`;
    const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);
    expect(axisText(long)).toBe(`${"x".repeat(63)}~${hash(long)}`);
    const wide = "é".repeat(100);
    expect(axisText(wide)).toBe(`${"%C3%A9".repeat(10)}%C3~${hash(wide)}`);
    expect(axisText("x".repeat(80))).toBe("x".repeat(80));
  });

  test("differs for different texts and is safe in a path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), fc.string({ unit: "binary", maxLength: 120 }), (a, b) => {
        fc.pre(!/\p{Surrogate}/u.test(a + b));
        expect(axisText(a)).toMatch(/^[A-Za-z0-9._+~%-]{0,80}$/);
        expect(axisText(a) === axisText(b)).toBe(a === b);
      }),
    );
  });

  test("stands in ids with the axes in order of their names", () => {
    expect(cellId("embed", { retriever: "bm25", noise: 0.5 })).toBe("embed@noise=0.5,retriever=bm25");
    expect(cellId("embed", {})).toBe("embed");
  });
});

/** Random pipelines: stages that need earlier ones, over some of three axes. */
const axes = { x: [1, 2, 3], y: ["a", "b"], z: [true, false] };
const stageArb = fc.record({ own: fc.subarray(["x", "y", "z"] as const), needs: fc.array(fc.nat(20), { maxLength: 4 }) });

function textOf(stages: { own: ("x" | "y" | "z")[]; needs: number[] }[], order: number[]): string {
  const entries = stages.map(({ own, needs }, at) => {
    const names = [...new Set(needs.filter(() => at > 0).map((need) => `s${String(need % Math.max(1, at))}`))];
    return `  s${String(at)}: { run: s.ts, needs: ${JSON.stringify(names)}${own.length > 0 ? `, matrix: { ${own.map((axis) => `${axis}: ${JSON.stringify(axes[axis])}`).join(", ")} }` : ""} }\n`;
  });
  return `stages:\n${order.map((at) => entries[at] ?? "").join("")}`;
}

describe("any pipeline", () => {
  test("expands to what the definition of axes says, every cell after what it needs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stageArb, { minLength: 1, maxLength: 8 }).chain((stages) => fc.tuple(fc.constant(stages), fc.shuffledSubarray(stages.map((_, at) => at), { minLength: stages.length }))), async ([stages, order]) => {
        const graph = await graphOf(textOf(stages, order));
        const seen = new Set<CellId>();
        for (const cell of graph.cells.values()) {
          for (const need of cell.needs) {
            for (const id of need.cells) expect(seen.has(id)).toBe(true);
            // The definition, cell by cell: same value on every axis both have.
            const all = graph.byStage.get(need.stage) ?? [];
            const matching = all.filter((upstream) => Object.keys(upstream.axis).every((axis) => !(axis in cell.axis) || cell.axis[axis] === upstream.axis[axis]));
            expect(need.cells).toEqual(matching.map((upstream) => upstream.id));
            expect(need.gathered).toEqual(Object.keys(matching[0]?.axis ?? {}).filter((axis) => !(axis in cell.axis)));
            if (need.gathered.length === 0) expect(need.cells).toHaveLength(1);
          }
          seen.add(cell.id);
        }
        expect(new Set([...graph.cells.values()].map((cell) => cell.path)).size).toBe(graph.cells.size);
      }),
      { numRuns: 100 },
    );
  });
});

describe("targets", () => {
  async function pick(targets: string[], text = FLAGSHIP): Promise<string[] | string> {
    const result = selectCells(await graphOf(text), targets);
    return result.ok ? [...result.asked] : result.failures.map(({ target, message, hint }) => `${target}: ${message}${hint === undefined ? "" : ` | ${hint}`}`).join("\n");
  }

  test("are stages, cells, cells with some axes, or globs; with all they need in topological order", async () => {
    const result = selectCells(await graphOf(FLAGSHIP), ["embed@noise=0.3,retriever=bm25"]);
    expect(result.ok && result.cells.map((cell: Cell) => cell.id)).toEqual(["profile", "documents@noise=0.3", "embed@noise=0.3,retriever=bm25"]);
    expect(await pick(["embed"])).toHaveLength(4);
    expect(await pick(["embed@retriever=bm25"])).toEqual(["embed@noise=0,retriever=bm25", "embed@noise=0.3,retriever=bm25"]);
    expect(await pick(["embed@retriever=dense,noise=0.30"])).toEqual(["embed@noise=0.3,retriever=dense"]);
    expect(await pick(["documents@noise=0.0", "documents@noise=3e-1"])).toEqual(["documents@noise=0", "documents@noise=0.3"]);
    expect(await pick(["embed@*bm25"])).toEqual(["embed@noise=0,retriever=bm25", "embed@noise=0.3,retriever=bm25"]);
    expect(await pick(["pro*", "{plot,evaluate}"])).toEqual(["profile", "evaluate", "plot@retriever=dense,size=1", "plot@retriever=dense,size=2"]);
    expect(await pick(["embed@noise=[!3-9],retriever=d????"])).toEqual(["embed@noise=0,retriever=dense"]);
  });

  test("are the pipeline's default where none is given", async () => {
    expect(await pick([])).toEqual(["evaluate"]);
    expect(await pick([], stageA(""))).toEqual(["a"]);
  });

  test("may be written with the plain text of a value, even one that looks like a glob", async () => {
    const text = stageA('matrix: { x: ["a b", "[1]*", "5"] }');
    expect(await pick(["a@x=a b"], text)).toEqual(["a@x=a%20b"]);
    expect(await pick(["a@x=a%20b"], text)).toEqual(["a@x=a%20b"]);
    expect(await pick(["a@x=[1]*"], text)).toEqual(["a@x=%5B1%5D%2A"]);
    expect(await pick(["a@x=5.0"], text)).toBe('a@x=5.0: stage "a" has no cell with x=5.0 | known values of x: a%20b, %5B1%5D%2A, 5');
  });

  test.each([
    ["evalute", 'evalute: unknown target "evalute" | did you mean "evaluate"?'],
    ["nothing", 'nothing: unknown target "nothing" | known stages: profile, documents, embed, evaluate, plot'],
    ["embd@noise=0", 'embd@noise=0: unknown target "embd@noise=0" | did you mean "embed"?'],
    ["embed@niose=0", 'embed@niose=0: stage "embed" has no axis "niose" | did you mean "noise"?'],
    ["embed@retriever=bm52", 'embed@retriever=bm52: stage "embed" has no cell with retriever=bm52 | did you mean "bm25"?'],
    ["embed@noise=0.9", 'embed@noise=0.9: stage "embed" has no cell with noise=0.9 | did you mean "0.3"?'],
    ["embed@noise", 'embed@noise: "embed@noise" is not a cell | a cell of "embed" is written "embed@noise=0,retriever=bm25"'],
    ["profile@x=1", 'profile@x=1: stage "profile" has no matrix, so "profile@x=1" is no cell of it | the target is "profile"'],
    ["x*", 'x*: no stage or cell matches "x*" | known stages: profile, documents, embed, evaluate, plot'],
    ["[", '[: no stage or cell matches "[" | known stages: profile, documents, embed, evaluate, plot'],
    ["artifacts/documents/noise=0.3.jsonl", 'artifacts/documents/noise=0.3.jsonl: unknown target "artifacts/documents/noise=0.3.jsonl" | stage "documents" writes it: the target is "documents@noise=0.3"'],
    ["__proto__", '__proto__: unknown target "__proto__" | known stages: profile, documents, embed, evaluate, plot'],
    ["", ': unknown target "" | known stages: profile, documents, embed, evaluate, plot'],
  ])("%j is no target", async (target, message) => {
    expect(await pick(["profile", target])).toBe(message);
  });
});
