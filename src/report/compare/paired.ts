import { pairedTest } from "../../stats/index.ts";
import type { Pair } from "../../stats/index.ts";
import { isGroup, isToldByGroups } from "./fields.ts";
import { holm } from "./holm.ts";
import type { Table } from "./table.ts";
import { partners, partnerless } from "./partners.ts";
import type { FilePair, PairedChange, ScoreChange, Unread } from "./types.ts";

type Group = ScoreChange["group"];
/** Rows of one record before and after. */
export type Rows = readonly [before: number, after: number][];

/** A change whose p is not yet corrected for the number of tests. */
export type Tested = Omit<ScoreChange, "test"> & { test: Omit<PairedChange, "p_holm" | "tests"> | null };

/** One metric in one group, before it is tested. Pairs are made when they are needed: there may be millions. */
interface Question extends Omit<ScoreChange, "test"> {
  rows: Rows;
  clusters: number;
}

/** Sign flips that all tests of a file may make together, and the fewest sampled assignments of one. */
const FLIPS = 1.5e9;
const FEWEST = 1000;

/** Two score files joined by record id. */
class Joined {
  readonly rows: Rows;
  /** Later rows whose partner has another id, by which fields they are paired, and which say that the system is another. */
  private readonly renamed: { rows: ReadonlySet<number>; by: readonly string[]; systems: ReadonlySet<string> };
  private flat: boolean | undefined;

  constructor(
    readonly before: Table,
    readonly after: Table,
  ) {
    const rows = [...after.rows].flatMap(([id, b]): [number, number][] => {
      const a = before.rows.get(id);
      return a === undefined ? [] : [[a, b]];
    });
    const others = partners(before, after, rows);
    this.renamed = { rows: new Set(others.rows.map(([, b]) => b)), by: others.by, systems: new Set(others.systems) };
    this.rows = [...rows, ...others.rows];
  }

  /** What a field names in a pair: `a → b` where one system took another's place. */
  private name(field: string, [a, b]: readonly [number, number]): string | number | boolean | undefined {
    const [old, now] = [this.before.scalars.get(field)?.[a], this.after.scalars.get(field)?.[b]];
    return old === now || old === undefined || now === undefined || !this.isRenamed(field, b) ? now : `${old} → ${now}`;
  }

  private isRenamed(field: string, b: number): boolean {
    return this.renamed.systems.has(field) && this.renamed.rows.has(b);
  }

  /** Fields with few values that are the same on both sides of every pair: what differs is an outcome, and groups by it would be chosen by the result. */
  sharedFields(): string[] {
    return [...this.after.scalars.keys()].filter((field) => this.rows.every(([a, b]) => this.isRenamed(field, b) || this.before.scalars.get(field)?.[a] === this.after.scalars.get(field)?.[b])).sort();
  }

  /** Below the top, beside numbers at the top: of records that have none there, the nested ones are the scores. */
  isNested(metric: string): boolean {
    this.flat ??= !this.metrics().some((one) => !one.includes("."));
    return metric.includes(".") && !this.flat;
  }

  /** Whole numbers that are the same in every pair describe the records (hops, sizes); they are no scores. */
  metrics(): string[] {
    return [...new Set([...this.before.numbers.keys(), ...this.after.numbers.keys()])].sort().filter((metric) => {
      const [a, b] = [this.before.numbers.get(metric) ?? [], this.after.numbers.get(metric) ?? []];
      return this.rows.some(([x, y]) => a[x] !== b[y] || (a[x] !== undefined && !Number.isInteger(a[x])));
    });
  }

  /** Rows by the values of some fields, in the order of first appearance. */
  grouped(rows: Rows, fields: readonly string[]): [Group, Rows][] {
    const groups = new Map<string, [Group, [number, number][]]>();
    for (const row of rows) {
      const values = fields.map((field) => this.name(field, row));
      const key = JSON.stringify(values.map((value) => value ?? null));
      const known = groups.get(key);
      if (known !== undefined) known[1].push(row);
      else groups.set(key, [Object.fromEntries(fields.flatMap((field, i) => (values[i] === undefined ? [] : [[field, values[i]]]))), [row]]);
    }
    return [...groups.values()];
  }

  pairs(metric: string, rows: Rows): Pair[] {
    const [a, b] = [this.before.numbers.get(metric) ?? [], this.after.numbers.get(metric) ?? []];
    return rows.flatMap(([x, y]) => {
      const [old, now] = [a[x], b[y]];
      return old === undefined || now === undefined ? [] : [{ cluster: this.after.people[y] ?? `record ${y}`, a: old, b: now }];
    });
  }

  /** What there is to ask of a metric in a group; nothing where no record has it. */
  question({ cell, file }: FilePair, metric: string, [group, rows]: [Group, Rows], part: boolean): Question[] {
    const [a, b] = [this.before.numbers.get(metric) ?? [], this.after.numbers.get(metric) ?? []];
    const sum = { n: 0, moved: 0, unpaired: 0, lost: 0, before: 0, after: 0 };
    const alone = { before: 0, after: 0 };
    const people = new Set<string | number>();
    for (const [x, y] of rows) {
      const [old, now] = [a[x], b[y]];
      if (old !== undefined && now !== undefined) {
        sum.n++;
        people.add(this.after.people[y] ?? y);
        sum.before += old;
        sum.after += now;
        if (old !== now) sum.moved++;
      } else if (old !== undefined || now !== undefined) {
        sum.unpaired++;
        if (old !== undefined) sum.lost++;
        alone.before += old ?? 0;
        alone.after += now ?? 0;
      }
    }
    if (sum.n + sum.unpaired === 0) return [];
    const gained = sum.unpaired - sum.lost;
    // Without any pair, each side's own mean.
    const means = sum.n > 0 ? { before: sum.before / sum.n, after: sum.after / sum.n } : { before: sum.lost > 0 ? alone.before / sum.lost : null, after: gained > 0 ? alone.after / gained : null };
    const pairs = rows.reduce((total, [, y]) => total + (this.renamed.rows.has(y) ? 1 : 0), 0);
    return [{ cell, file, metric, group, detail: part || this.isNested(metric), ...sum, ...(pairs === 0 ? {} : { renamed: { pairs, by: this.renamed.by } }), ...means, rows, clusters: people.size }];
  }

  /** Tests questions, one of `files` such lists. Where nothing moved there is nothing to test. */
  tested(questions: readonly Question[], files: number): Tested[] {
    const moving = questions.filter(({ moved }) => moved > 0);
    const flips = moving.reduce((total, { moved, clusters }) => total + Math.min(moved, clusters), 0);
    // A sampled p is never below 1 / permutations: enough of them that a correction for all tests can still pass 0.05.
    const permutations = Math.max(FEWEST, Math.min(Math.max(10_000, 40 * moving.length * files), Math.floor(FLIPS / Math.max(1, flips))));
    const people = [...this.after.personFields].sort();
    return questions.map((one) => {
      const { rows, clusters, ...change } = one;
      if (one.n === 0) return { ...change, test: null };
      const result = one.moved > 0 ? pairedTest(this.pairs(one.metric, rows), { permutations, unit: "cluster" }) : null;
      const { mean: difference, low, high, p, exact } = result ?? { mean: 0, low: 0, high: 0, p: 1, exact: true };
      return { ...change, test: { difference, low, high, p, exact, clusters, people } };
    });
  }
}

interface PairedOptions {
  /** Also numbers below the top, and every part of a group. */
  parts: boolean;
  /** How many such files are compared. */
  files: number;
  /** Told of groups that have no partner, or cannot be told apart. */
  tell: (one: Pick<Unread, "why" | "message">) => void;
}

/** Scores of two record files, paired by id: every metric in every group. */
export function pairedChanges(file: FilePair, before: Table, after: Table, { parts, files, tell }: PairedOptions): Tested[] {
  const joined = new Joined(before, after);
  const alone = partnerless(before, after, joined.rows);
  if (alone !== undefined) tell({ why: "no-partner", message: alone });
  const crowded = [...new Set([...before.crowded, ...after.crowded])].sort();
  if (crowded.length > 0) tell({ why: "pooled", message: `more than 1,000 values of ${crowded.join(", ")}: not told apart` });
  const fields = joined.sharedFields();
  const groups = joined.grouped(joined.rows, fields.filter((field) => isGroup(field, new Set(fields))));
  const metrics = joined.metrics();
  const whole = metrics.flatMap((metric) => groups.flatMap((group) => joined.question(file, metric, group, false)));
  const main = joined.tested(whole.filter(({ detail }) => !detail), files);
  if (!parts) return main;
  const splits = fields.filter((field) => !isToldByGroups(field));
  const split = metrics.filter((metric) => !joined.isNested(metric)).flatMap((metric) => groups.flatMap(([group, rows]) => splits.flatMap((field) => joined.grouped(rows, [field]).flatMap(([value, some]) => (some.length === rows.length ? [] : joined.question(file, metric, [{ ...group, ...value }, some], true))))));
  return [...main, ...joined.tested([...whole.filter(({ detail }) => detail), ...split], files)];
}

/** Corrects for the number of tests made, in all files together. Two families: what is shown first does not get weaker by what is looked at afterwards. */
export function corrected(changes: readonly (Tested | ScoreChange)[]): ScoreChange[] {
  const found = new Map<Tested | ScoreChange, { p_holm: number; tests: number }>();
  for (const detail of [false, true]) {
    const family = changes.filter((change) => change.test !== null && change.detail === detail);
    const moving = family.filter(({ moved }) => moved > 0);
    const values = holm(moving.map(({ test }) => test?.p ?? 1));
    for (const change of family) found.set(change, { p_holm: 1, tests: moving.length });
    moving.forEach((change, at) => found.set(change, { p_holm: values[at] ?? 1, tests: moving.length }));
  }
  return changes.map((change) => (change.test === null ? { ...change, test: null } : { ...change, test: { ...change.test, ...(found.get(change) ?? { p_holm: 1, tests: 0 }) } }));
}
