import { DIMENSIONS, GOLD_CONTEXT, type Mode } from "daguerre/stats";
import type { Metrics } from "../metrics.ts";
import { noiseText } from "../released.ts";
import { markBest, type Cell, type Table, type Value } from "./table.ts";

/** The six dimensions behind Figures 5 to 7: raw value and z-score of every system without gold context. */
export function dimensionTable({ dimensions }: Metrics, mode: Mode): Table[] {
  const own = dimensions.filter((row) => row.mode === mode);
  const systems = [...new Set(own.map(({ system }) => system))];
  if (systems.length === 0) return [];
  const rows = systems.map((system): Cell[] => [
    system,
    ...DIMENSIONS.flatMap((dimension) => {
      const row = own.find((one) => one.system === system && one.dimension === dimension);
      return [{ value: row?.value ?? null, digits: 3, ...(row === undefined ? {} : { n: row.n }) }, { value: row?.z ?? null, digits: 2, signed: true }];
    }),
  ]);
  markBest(rows);
  const source = mode === "fixed" ? "F1 for social and basic, at the lowest noise level" : "recall for social and basic, from means of three decimals, as released";
  return [
    {
      id: `table5-${mode}`,
      title: "Table 5. Six dimensions",
      mode,
      notes: [`Larger is better everywhere; ${source}. z: standardised over the systems shown (population deviation); – where they do not differ.`],
      columns: [{ head: "System", text: true }, ...DIMENSIONS.flatMap((dimension) => ["value", "z"].map((head) => ({ head, group: dimensionTitle(dimension) })))],
      blocks: [rows],
    },
  ];
}

/** Paired tests between systems that differ in their retriever or their reader. */
export function comparisonTable({ comparisons, noises }: Metrics): Table[] {
  if (comparisons.length === 0) return [];
  const blocks = noises.map((noise) => {
    const own = comparisons.filter((row) => row.noise === noise);
    const pairs = [...new Map(own.map((row) => [`${row.a}\n${row.b}`, row])).values()];
    return pairs.map(({ a, b }): Cell[] => [
      noiseText(noise), a, b,
      ...(["retrieval_recall", "f1"] as const).flatMap((metric): Cell[] => {
        const row = own.find((one) => one.a === a && one.b === b && one.metric === metric);
        if (row === undefined) return [{ value: null, digits: 3 }, { value: null, digits: 4 }];
        return [{ value: row.difference, low: row.low, high: row.high, n: row.n, digits: 3, signed: true }, { value: row.p_holm, digits: 4 }];
      }),
    ]);
  });
  return [
    {
      id: "table6",
      title: "Table 6. Systems compared, question by question",
      mode: "fixed",
      notes: ["Difference B − A of means over the same questions with a 95 % bootstrap interval over people; p: two-sided sign-flip test over questions, after Holm's correction within a noise level. Rankings do not depend on the reader: retrievers are compared once."],
      columns: [
        { head: "Noise", text: true }, { head: "A", text: true }, { head: "B", text: true },
        ...["Retrieval recall", "Answer F1"].flatMap((group) => ["B − A", "p"].map((head) => ({ head, group }))),
      ],
      blocks,
    },
  ];
}

/** How much must be found for an answer, and what that costs. */
export function sizeTable({ by_size, noises }: Metrics): Table[] {
  const sizes = [...new Set(by_size.map(({ size }) => size))].sort((a, b) => a - b);
  if (sizes.length < 2) return [];
  const blocks = noises.map((noise) => {
    const own = by_size.filter((row) => row.noise === noise);
    const systems = [...new Map(own.map((row) => [row.system, row])).values()];
    const rows = systems.map(({ system }) =>
      sizes.flatMap((size) => (["retrieval_recall", "f1"] as const).map((metric): Value => {
        const row = own.find((one) => one.system === system && one.size === size && one.metric === metric);
        return row === undefined ? { value: null, digits: 3 } : { value: row.value, n: row.n, digits: 3 };
      })),
    );
    markBest(rows.filter((_, place) => systems[place]?.retriever !== GOLD_CONTEXT));
    return systems.map(({ system }, place): Cell[] => [noiseText(noise), system, ...(rows[place] ?? [])]);
  });
  const first = by_size.filter((row) => row.noise === noises[0] && row.system === by_size[0]?.system && row.metric === "f1");
  return [
    {
      id: "table7",
      title: "Table 7. Scores by the number of things to find",
      mode: "fixed",
      notes: [`Parts of the answer that have evidence of their own; R: retrieval recall, F1 of the answer. Questions at noise ${noiseText(noises[0] ?? 0)}: ${first.map(({ size, n }) => `${size}: ${n}`).join(", ")}. Bold: best without gold context.`],
      columns: [
        { head: "Noise", text: true }, { head: "System", text: true },
        ...sizes.flatMap((size) => ["R", "F1"].map((head) => ({ head, group: size === 1 ? "1 part" : `${size} parts` }))),
      ],
      blocks,
    },
  ];
}

/** `noise_robustness` → `Noise robustness`. */
export function dimensionTitle(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
