import { describe, expect, it } from "vitest";
import type { Model } from "../src/stage/index.ts";
import { Bm25, tokens } from "../stages/retrieve/bm25.ts";
import { innerProducts, reciprocalRankFusion } from "../stages/retrieve/fusion.ts";
import { goldContext } from "../stages/retrieve/gold.ts";
import { retrieve } from "../stages/retrieve/index.ts";
import { top } from "../stages/retrieve/ranking.ts";

const chunks = ["red apple pie", "green apple", "blue sky", "apple apple apple tree house"].map((text, i) => ({ id: `s${i}`, text }));
const none = (): Model => {
  throw new Error("no embedder was declared");
};

describe("retrieval", () => {
  it("BM25 gives the scores of its formula, a repeated word of the question counting again", () => {
    const idf = (n: number): number => Math.log(1 + (4 - n + 0.5) / (n + 0.5));
    const part = (f: number, length: number): number => (f * 2.2) / (f + 1.2 * (0.25 + (0.75 * length) / 3));
    const scores = new Bm25(chunks).scores("Apple, apple pie?");
    expect(scores[0]).toBeCloseTo(2 * idf(3) * part(1, 3) + idf(1) * part(1, 3), 12);
    expect(scores[1]).toBeCloseTo(2 * idf(3) * part(1, 2), 12);
    expect(scores[2]).toBe(0);
    expect(scores[3]).toBeCloseTo(2 * idf(3) * part(3, 5), 12);
    expect(tokens("Café u\\u2019t 3-4")).toEqual(["caf", "u", "u2019t", "3", "4"]);
  });

  it("ties keep document order, and a person with fewer sessions gives fewer", () => {
    expect(top(chunks, [1, 2, 2, 1], 3).map(({ id }) => id)).toEqual(["s1", "s2", "s0"]);
    expect(top(chunks.slice(0, 2), [0, 0], 5).map(({ id }) => id)).toEqual(["s0", "s1"]);
  });

  it("fusion adds reciprocal ranks", () => {
    expect([...reciprocalRankFusion([[3, 2, 1], [1, 3, 2]])]).toEqual([1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62]);
  });

  it("inner products refuse vectors of different length", () => {
    expect([...innerProducts(Float32Array.of(1, 2), [Float32Array.of(3, 4), Float32Array.of(0, -1)])]).toEqual([11, -2]);
    expect(() => innerProducts(Float32Array.of(1), [Float32Array.of(1, 2)])).toThrow("1 and 2 dimensions");
  });

  it("the gold context repeats the first alternatives to k, and is empty without evidence", () => {
    const ids = (k: number): string[] => goldContext([{ key: "b", ids: ["x", "y"] }, { key: "1", ids: [] }, { key: "a", ids: ["z"] }], k).map(({ id }) => id);
    expect(ids(5)).toEqual(["x", "z", "x", "z", "x"]);
    expect(ids(1)).toEqual(["x"]);
    expect(goldContext([{ key: "a", ids: [] }], 5)).toEqual([]);
  });

  it("dense and hybrid embed sessions and questions together, once for all who ask; lexical ones ask nobody", async () => {
    const asked: string[][] = [];
    const model = {
      model: "fake",
      embed: (texts: string[], options: { scope?: string }) => {
        asked.push([...texts, `scope=${options.scope ?? "?"}`]);
        return Promise.resolve({ outcome: "ok", value: texts.map((text) => Float32Array.of(text.includes("sky") ? 1 : 0, text.includes("apple") ? 1 : 0)) });
      },
    } as unknown as Model;
    const queries = [{ question: "what is in the sky?", evidence: [] }];
    expect((await retrieve("dense", chunks, queries, 1, () => model))[0]).toEqual([{ id: "s2", score: 1 }]);
    expect((await retrieve("hybrid", chunks, queries, 1, () => model))[0]?.[0]?.id).toBe("s2");
    expect(asked[0]).toEqual([...chunks.map(({ text }) => text), "what is in the sky?", "scope="]);
    expect((await retrieve("bm25", chunks, queries, 1, none))[0]?.[0]?.id).toBe("s2");
    await expect(retrieve("dense", chunks, queries, 1, none)).rejects.toThrow("no embedder");
    expect(await retrieve("dense", [], queries, 1, none)).toEqual([[]]);
  });
});
