import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aggregate, asciiWords, averageRanks, bootstrapMean, category, compatDimensions, compatRanking, dimensions, fixedRanking, kendallTauB, orderedJson, overlap,
  pairedTest, pythonJson, pythonRepr, pythonRound, pythonStr, quantile, releasedStatistics, scoreQuestion, scoreRun, spearman, splitModel, standardise, textWords, plainJson,
  type Answer, type Dimensions, type Evidence, type ScoredQuestion,
} from "../src/stats/index.ts";

function question(answer: Answer, more: Partial<ScoredQuestion> = {}): ScoredQuestion {
  return { id: "q", type: "Basic information", difficulty: "easy", answer, evidence: [{ key: "x", ids: ["a"] }], ...more };
}
const fixed = (answer: Answer, prediction: Answer, more: Partial<ScoredQuestion> = {}) => scoreQuestion(question(answer, more), prediction, ["a"], 5, "fixed");
const compat = (answer: Answer, prediction: Answer, more: Partial<ScoredQuestion> = {}) => scoreQuestion(question(answer, more), prediction, ["a"], 5, "compat");

describe("Python's view of JSON", () => {
  it.each([
    ["it's", `"it's"`],
    [`say "it's"`, `'say "it\\'s"'`],
    ["a\\b\n\u0000\u00a0\u200b\u{e0001}é", "'a\\\\b\\n\\x00\\xa0\\u200b\\U000e0001é'"],
  ])("quotes the string %j", (text, repr) => expect(pythonRepr(text)).toBe(repr));

  it("prints numbers, constants and containers as str() does", () => {
    expect(pythonStr(orderedJson('{"b":[1,1.0,1e16,0.00001,true,null,-0.0],"a":{"2":"x","1":12345678901234567890}}') as Answer)).toBe(
      "{'b': [1, 1.0, 1e+16, 1e-05, True, None, -0.0], 'a': {'2': 'x', '1': 12345678901234567890}}",
    );
  });

  it("dumps JSON byte for byte", () => {
    const value = orderedJson('{"z":[],"10":{"a":"\\u2019\\u007f/\\b"},"9":1.0}') as Answer;
    expect(pythonJson(value, { compact: true })).toBe('{"z":[],"10":{"a":"\\u2019\\u007f/\\b"},"9":1.0}');
    expect(pythonJson(value, { indent: 4 })).toBe('{\n    "z": [],\n    "10": {\n        "a": "\\u2019\\u007f/\\b"\n    },\n    "9": 1.0\n}');
  });

  it.each([
    [0.0625, 0.062],
    [0.1875, 0.188],
    [-0.0625, -0.062],
    [2.5 / 1000, 0.003],
    [0.0005, 0.001],
    [1.0005, 1],
    [0.4445, 0.445],
    [1, 1],
  ])("rounds %d to %d, exact ties to even", (value, rounded) => expect(pythonRound(value, 3)).toBe(rounded));

  it("splits words at Python's white space and deletes the rest", () => {
    expect(asciiWords("A,b c\u001cd\u0085e\ufefff\u3000Amélie-N.Y./USA")).toEqual(["ab", "c", "d", "ef", "amlienyusa"]);
  });

  it("reads what JSON.parse reads, for any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.stringify(plainJson(orderedJson(text)))).toBe(text === undefined ? undefined : JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it.each([
    ['{"a":1,}', "1:8: expected a key in double quotes"],
    ["[1,\n NaN]", "2:2: expected a value"],
    ['{"a" 1}', '1:6: expected ":"'],
    ['["a\nb"]', "1:2: expected a closed string"],
    ["[1] 2", "1:5: expected the end of the file"],
    ["[01]", '1:3: expected "," or "]"'],
    ["[".repeat(100_000), "1:258: expected at most 256 levels"],
    ["", "1:1: expected a value"],
  ])("says where %j is wrong", (text, message) => expect(() => orderedJson(text)).toThrow(message));

  it("keeps the first place and the last value of a repeated key, and number-like keys where they stand", () => {
    expect([...(orderedJson('{"b":1,"2":2,"1":3,"b":4}') as Map<string, unknown>)]).toEqual([["b", 4], ["2", 2], ["1", 3]]);
    expect(Object.getPrototypeOf(plainJson(orderedJson('{"__proto__":{"x":1}}')))).toBe(Object.prototype);
  });
});

describe("answers, fixed mode", () => {
  it.each<[string, Answer, Answer, number, number]>([
    ["an integer like a string", 39, "39", 1, 1],
    ["punctuation as a space", ["sushi", "dark-chocolate"], "Sushi,dark/chocolate", 1, 1],
    ["an object by its values", [{ Eye: "blue" }, { Height: "5'6\"" }], "blue 5'6", 1, 1],
    ["slot names as neither asked nor wrong", [{ "Eye color": "blue" }], "Eye color blue", 1, 1],
    ["accents and other scripts", "Amélie 寿司", "amélie 司", 1, 2 / 3],
    ["wrong words against precision", "green", "dark green", 1 / 2, 1],
    ["a number as a prediction", "39", 39, 1, 1],
    ["a list as a prediction", ["a b", "c"], ["c", "a"], 1, 2 / 3],
    ["an answer without words by equality", "?!", "?!", 1, 1],
  ])("takes %s", (_, gold, prediction, precision, recall) => {
    const score = fixed(gold, prediction);
    expect([score.precision, score.recall]).toEqual([precision, recall]);
  });

  it("flags an empty prediction", () => {
    expect(fixed("x", null)).toMatchObject({ f1: 0, flags: ["empty_prediction", "short"] });
    expect(fixed("x", "?!").flags).toContain("empty_prediction");
  });

  it("counts only outdated words that are not in the current answer, and has no score without any", () => {
    expect(fixed("forest green", "forest green", { outdated_value: ["green"] }).outdated_recall).toBeNull();
    expect(fixed("forest green", "green blue", { outdated_value: ["green", "navy blue"] }).outdated_recall).toBe(1 / 2);
    expect(fixed("x", "x", { outdated_value: null }).outdated_recall).toBeNull();
  });

  it("scores a perfect echo of any answer 1", () => {
    const leaf = fc.oneof(fc.string({ unit: "grapheme", minLength: 1 }), fc.integer());
    fc.assert(
      fc.property(fc.oneof(leaf, fc.array(leaf, { minLength: 1 }), fc.array(fc.dictionary(fc.string(), leaf, { minKeys: 1, maxKeys: 1 }), { minLength: 1 })), (answer) => {
        expect(fixed(answer as Answer, answer as Answer).f1).toBe(1);
      }),
    );
  });
});

describe("answers, compat mode", () => {
  it("scores a number against the question before it, as the released scorer does", () => {
    const rows = scoreRun(
      [
        { question: question("Paris France"), prediction: "Paris", retrieved: [] },
        { question: question("B", { type: "Subjective" }), prediction: "B", retrieved: [] },
        { question: question(39), prediction: "Paris 39", retrieved: [] },
        { question: question(40), prediction: "France", retrieved: [] },
      ],
      5,
      "compat",
    );
    expect(rows.map((row) => row?.recall)).toEqual([1 / 2, undefined, 1 / 2, 1 / 2]);
    expect(rows[2]?.flags).toEqual(["stale_gold"]);
  });

  it("says where the released scorer would stop", () => {
    expect(compat(39, "39").flags).toContain("released_scorer_stops");
    expect(compat("x", 39).flags).toContain("released_scorer_stops");
    expect(compat("x", null).flags).toContain("released_scorer_stops");
    expect(compat({ a: 1 }, "x").flags).toContain("released_scorer_stops");
    expect(compat("x", "y").flags).toEqual([]);
  });

  it("glues what punctuation joined, counts slot names, and charges outdated words that are current", () => {
    expect(compat(["a", "b"], "a,b").recall).toBe(0);
    expect(compat([{ "Eye color": "Blue" }], "blue").recall).toBe(1 / 3);
    expect(compat("forest green", "forest green", { outdated_value: ["green"] }).outdated_recall).toBe(1);
    expect(compat("x", { x: "y" }).recall).toBe(1);
  });

  it("is 0, never NaN, on empty sides", () => {
    expect(overlap(new Set(), new Set(["a"]))).toEqual({ precision: 0, recall: 0, f1: 0 });
    expect(overlap(new Set(["a"]), new Set())).toEqual({ precision: 0, recall: 0, f1: 0 });
  });
});

describe("rankings", () => {
  const one: Evidence[] = [{ key: "k", ids: ["a"] }];
  const gain = (place: number): number => 1 / Math.log2(place + 2);

  it("compat takes the list's length for k and counts repeats again", () => {
    expect(compatRanking(["a", "a", "a", "a", "a"], one)).toEqual({ recall: 1, ndcg: 2.9484591188793923 });
    expect(compatRanking(["a"], [...one, { key: "l", ids: ["b"] }])).toEqual({ recall: 0.5, ndcg: 1 });
    expect(compatRanking(["a"], [...one, { key: "l", ids: [] }])).toEqual({ recall: 0, ndcg: 0 });
    expect(compatRanking([], one)).toEqual({ recall: 0, ndcg: 0 });
    expect(compatRanking(["a"], [])).toEqual({ recall: 0, ndcg: 0 });
  });

  it("fixed takes the k that was asked for, an id once, and leaves keys without evidence out", () => {
    expect(fixedRanking(["a", "a", "a"], one, 5)).toEqual({ recall: 1, ndcg: 1 });
    const two = [...one, { key: "l", ids: ["b", "c"] }];
    expect(fixedRanking(["a"], two, 5)).toEqual({ recall: 0.5, ndcg: 1 / (1 + gain(1)) });
    expect(fixedRanking(["x", "x", "c", "a"], two, 2)).toEqual({ recall: 0.5, ndcg: gain(1) / (1 + gain(1)) });
    expect(fixedRanking(["a"], [...one, { key: "l", ids: [] }], 5)).toEqual({ recall: 1, ndcg: 1 });
    expect(fixedRanking(["a"], [{ key: "l", ids: [] }], 5)).toBeUndefined();
  });

  it("equals the product over all alternatives, however keys share sessions", () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const keys = fc.array(fc.array(id, { maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 8 }), keys, (retrieved, lists) => {
        const ours = compatRanking(retrieved, lists.map((ids, i) => ({ key: String(i), ids })));
        const theirs = expanded(retrieved, lists);
        expect(ours.recall).toBe(theirs.recall);
        expect(Math.abs(ours.ndcg - theirs.ndcg)).toBeLessThan(1e-12);
      }),
      { numRuns: 2000 },
    );
  });

  it("does not expand the product: forty keys of thirty alternatives take no time", () => {
    const evidence = Array.from({ length: 40 }, (_, key) => ({ key: String(key), ids: Array.from({ length: 30 }, (__, i) => `${key}-${i}`) }));
    expect(compatRanking(["3-7", "0-0", "zzz"], evidence).recall).toBe(2 / 40);
  });

  /** The definition, by brute force. */
  function expanded(retrieved: string[], lists: string[][]): { recall: number; ndcg: number } {
    let combinations: string[][] = [[]];
    for (const list of lists) combinations = combinations.flatMap((head) => list.map((id) => [...head, id]));
    let [recall, ndcg] = [0, 0];
    for (const combination of combinations) {
      const gold = new Set(combination);
      if (gold.size > 0) recall = Math.max(recall, new Set(retrieved.filter((id) => gold.has(id))).size / gold.size);
      const dcg = retrieved.reduce((sum, id, place) => sum + (gold.has(id) ? gain(place) : 0), 0);
      const ideal = Array.from({ length: Math.min(gold.size, retrieved.length) }, (_, place) => gain(place)).reduce((sum, value) => sum + value, 0);
      if (ideal > 0) ndcg = Math.max(ndcg, dcg / ideal);
    }
    return { recall, ndcg };
  }
});

describe("means", () => {
  const score = (f1: number, outdated: number | null = null) => ({ precision: f1, recall: f1, f1, retrieval_recall: f1, retrieval_ndcg: f1, outdated_recall: outdated, flags: [] });

  it("keeps Social easy and hard apart in fixed mode only", () => {
    expect(category({ type: "Social", difficulty: "hard" }, "fixed")).toBe("Social_hard");
    expect(category({ type: "Social", difficulty: "hard" }, "compat")).toBe("Social_easy");
    expect(category({ type: "Preference", difficulty: "hard" }, "compat")).toBe("Preference_hard");
    expect(category({ type: "Basic information", difficulty: "easy" }, "fixed")).toBe("Basic_information_easy");
  });

  it("gives micro and macro means, and null where nobody has a metric", () => {
    const { micro, macro, categories } = aggregate([
      { category: "A", score: score(1) },
      { category: "A", score: score(1) },
      { category: "B", score: score(0, 0.5) },
    ]);
    expect([...categories.keys()]).toEqual(["A", "B"]);
    expect(micro).toMatchObject({ n: 3, f1: 2 / 3, outdated_recall: 0.5, n_outdated: 1 });
    expect(macro).toMatchObject({ n: 3, f1: 1 / 2 });
    expect(categories.get("A")?.outdated_recall).toBeNull();
    expect(aggregate([]).micro).toMatchObject({ n: 0, f1: null });
  });

  it("writes the released structure: order of first appearance, gold context unscored, first model per retriever", () => {
    const q = (id: string, type: string) => ({ id, type, difficulty: "easy" });
    const run = (model: string, f1: number) => ({ model, results: [{ question: q("1", "Social"), score: score(f1, 0) }, { question: q("2", "Subjective"), score: undefined }, { question: q("3", "Preference"), score: score(1) }] });
    const [level] = releasedStatistics([{ noise: 0.5, runs: [run("r+bm25", 0), run("s+bm25", 1), run("r+gt-context", 1)] }], "compat");
    expect(JSON.stringify(level)).toBe(
      JSON.stringify({
        Noise: 0.5,
        Statistics: {
          end2end_eval: Object.fromEntries(
            [["r+bm25", 0, 0.5], ["s+bm25", 1, 1], ["r+gt-context", 1, 1]].map(([model, f, all]) => [
              model,
              {
                Overall: { ave_precision: all, ave_recall: all, ave_f1: all },
                outdated_information: { ave_recall: 0 },
                Social_easy: { ave_precision: f, ave_recall: f, ave_f1: f },
                Preference_easy: { ave_precision: 1, ave_recall: 1, ave_f1: 1 },
              },
            ]),
          ),
          retrieval_eval: { bm25: { Overall: { ave_recall: 0.5, ave_ndcg: 0.5 }, Social_easy: { ave_recall: 0, ave_ndcg: 0 }, Preference_easy: { ave_recall: 1, ave_ndcg: 1 } } },
        },
      }),
    );
    const [honest] = releasedStatistics([{ noise: 0.5, runs: [run("r+bm25", 0), run("s+bm25", 1), run("r+gt-context", 1)] }], "fixed");
    expect(Object.keys(honest?.Statistics.retrieval_eval ?? {})).toEqual(["r+bm25", "s+bm25", "gt-context"]);
    expect(honest?.Statistics.end2end_eval["r+bm25"]?.["Overall_macro"]).toMatchObject({ ave_f1: 0.5, n: 2 });
  });

  it("splits a model's name at its last plus sign", () => {
    expect(splitModel("a+b+bm25")).toEqual({ reader: "a+b", retriever: "bm25" });
    expect(splitModel("alone")).toEqual({ reader: "alone", retriever: "" });
  });
});

describe("intervals and tests", () => {
  const values = Array.from({ length: 60 }, (_, i) => ({ cluster: `p${i % 6}`, value: ((i * 7) % 10) / 10 + (i % 6) / 20 }));

  it("gives equal intervals for equal seeds and others for others", () => {
    expect(bootstrapMean(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }));
    expect(bootstrapMean(values, { seed: 1 })).not.toEqual(bootstrapMean(values, { seed: 2 }));
    expect(bootstrapMean([])).toBeNull();
    expect(bootstrapMean([{ cluster: "a", value: 0.25 }])).toEqual({ mean: 0.25, low: 0.25, high: 0.25, n: 1, clusters: 1 });
  });

  it("is wider when clusters differ than when values are shuffled over them", () => {
    const clustered = Array.from({ length: 100 }, (_, i) => ({ cluster: String(i % 10), value: i % 10 < 5 ? 0 : 1 }));
    const spread = clustered.map((one, i) => ({ ...one, cluster: String(Math.floor(i / 10)) }));
    const width = (list: typeof clustered): number => (bootstrapMean(list)?.high ?? 0) - (bootstrapMean(list)?.low ?? 0);
    expect(width(clustered)).toBeGreaterThan(4 * width(spread) + 0.2);
  });

  it("covers the true mean about as often as it says", () => {
    // 200 data sets of 40 clusters with a known mean of 0.5, from a plain generator.
    let state = 12345;
    const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    let inside = 0;
    for (let i = 0; i < 200; i += 1) {
      const data = Array.from({ length: 40 }, (_, c) => ({ cluster: String(c), value: uniform() }));
      const interval = bootstrapMean(data, { seed: i, resamples: 400 });
      if (interval !== null && interval.low <= 0.5 && 0.5 <= interval.high) inside += 1;
    }
    expect(inside).toBeGreaterThan(175);
    expect(inside).toBeLessThan(200);
  });

  it("counts all sign assignments where it can, and says so", () => {
    const pairs = [1, 2, 3, 4, 5].map((b) => ({ cluster: String(b), a: 0, b }));
    // Only the observed signs and their mirror reach the observed sum: 2 of 32.
    expect(pairedTest(pairs)).toMatchObject({ mean: 3, p: 2 / 32, exact: true, n: 5, units: 5 });
    expect(pairedTest(pairs.map(({ cluster, b }) => ({ cluster, a: b, b })))).toMatchObject({ mean: 0, p: 1 });
    expect(pairedTest([])).toBeNull();
  });

  it("samples sign assignments of many questions close to the normal p, and never says 0", () => {
    const pairs = Array.from({ length: 100 }, (_, i) => ({ cluster: String(i % 5), a: 0, b: i % 5 < 3 ? 1 : -1 }));
    // Sum 20 of 100 signs: P(|sum| >= 20) = 0.0569 (binomial).
    const test = pairedTest(pairs);
    expect(test?.exact).toBe(false);
    expect(Math.abs((test?.p ?? 0) - 0.0569)).toBeLessThan(0.01);
    expect(pairedTest(pairs.map((pair) => ({ ...pair, b: 1 })))?.p).toBe(1 / 10_001);
    expect(pairedTest(pairs, { unit: "cluster" })).toMatchObject({ units: 5, exact: true });
  });

  it("interpolates quantiles as numpy does", () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
  });
});

describe("agreement", () => {
  const [x, y] = [[5, 4, 4, 3, 2, 5, 1, 3], [4, 4, 5, 3, 1, 5, 2, 2]];

  it("gives the known rho and tau-b of a vector with ties", () => {
    expect(spearman(x, y)).toBeCloseTo(0.845679, 6);
    expect(kendallTauB(x, y)).toBeCloseTo(0.72, 12);
    expect(averageRanks([10, 20, 20, 30])).toEqual([1, 2.5, 2.5, 4]);
  });

  it("is null without spread and refuses unequal lengths", () => {
    expect(spearman([1, 1], [1, 2])).toBeNull();
    expect(kendallTauB([1, 1], [1, 2])).toBeNull();
    expect(() => spearman([1], [1, 2])).toThrow(RangeError);
  });
});

describe("the six dimensions", () => {
  it("fixed mode uses F1, compat recall and rounded means, and leaves models named gt out", () => {
    const rows = (recall: number, f1: number) => ({ ave_precision: 0.5, ave_recall: recall, ave_f1: f1 });
    const level = (Noise: number, f1: number) => ({
      Noise,
      Statistics: {
        retrieval_eval: {},
        end2end_eval: Object.fromEntries(
          ["m+bm25", "o+gt-context", "m+thenlper/GTE-base"].map((model) => [
            model,
            { Overall: rows(0.1, f1), outdated_information: { ave_recall: 0.25 }, Basic_information_easy: rows(0.6, 0), Social_easy: rows(0.3, 0), Preference_easy: rows(0.2, 0), Preference_hard: rows(0.4, 0) },
          ]),
        ),
      },
    });
    const found = compatDimensions([level(0.7, 0.3), level(0, 0.5)]);
    expect([...found.keys()]).toEqual(["m+bm25"]);
    const one = found.get("m+bm25");
    expect(one?.noise_robustness).toBeCloseTo(0.8, 12);
    expect(one).toMatchObject({ social: 0.3, basic: 0.6, info_updating: 0.75, preference_precision: 0.5 });
    expect(one?.preference_completeness).toBeCloseTo(0.3, 12);

    const s = (f1: number) => ({ precision: f1, recall: 0, f1, retrieval_recall: null, retrieval_ndcg: null, outdated_recall: null, flags: [] });
    const low = aggregate([{ category: "Social_easy", score: s(1) }, { category: "Social_hard", score: s(0) }, { category: "Social_hard", score: s(0.5) }]);
    expect(dimensions(low, undefined)).toEqual({ noise_robustness: null, social: 0.5, basic: null, info_updating: null, preference_completeness: null, preference_precision: null });
  });

  it("standardises with the population deviation and leaves an axis without spread null", () => {
    const of = (social: number, basic: number | null): Dimensions => ({ noise_robustness: 1, social, basic, info_updating: null, preference_completeness: 0, preference_precision: 0 });
    const { scores, flat } = standardise(new Map([["a", of(1, 2)], ["b", of(3, null)], ["c", of(2, 4)]]));
    expect(scores.get("b")?.social).toBeCloseTo(Math.sqrt(1.5), 12);
    expect(scores.get("a")?.basic).toBe(-1);
    expect(scores.get("b")?.basic).toBeNull();
    expect(flat).toEqual(["noise_robustness", "info_updating", "preference_completeness", "preference_precision"]);
  });
});

it("words of every script are found, unspaced scripts by character", () => {
  expect(textWords("Crème brûlée, 東京タワー! ﬁne naïve-x_y")).toEqual(["crème", "brûlée", "東", "京", "タ", "ワ", "ー", "fine", "naïve", "x", "y"]);
});
