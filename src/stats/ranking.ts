import type { Evidence } from "./types.ts";

/** Most combinations of alternatives that are searched one by one, where keys share sessions. */
const LIMIT = 2 ** 20;

/** Best recall and nDCG of one ranking. */
export interface Ranking {
  recall: number;
  ndcg: number;
}

/** One way to satisfy a group of keys: distinct sessions needed, how many are ranked, and the positions they hold. */
interface Choice {
  size: number;
  hits: number;
  dcg: number;
  positions: readonly number[];
}

/**
 * Released definition (PersonaBench eval): k is the length of the list, repeats count again in DCG, recall and nDCG are maximised
 * independently over the combinations that take one alternative of each key. A key without alternatives gives 0.
 */
export function compatRanking(retrieved: readonly string[], evidence: readonly Evidence[]): Ranking {
  return best(retrieved, evidence, retrieved.length);
}

/**
 * Honest definition: the first `k` distinct ids count, IDCG is of k places, keys without any evidence are left out.
 * Undefined where no key has evidence.
 */
export function fixedRanking(retrieved: readonly string[], evidence: readonly Evidence[], k: number): Ranking | undefined {
  const keys = evidence.filter((key) => key.ids.length > 0);
  return keys.length === 0 ? undefined : best([...new Set(retrieved)].slice(0, k), keys, k);
}

/** The gain of place i, counted from 0. */
function gain(place: number): number {
  return 1 / Math.log2(place + 2);
}

function best(ranked: readonly string[], evidence: readonly Evidence[], k: number): Ranking {
  const places = new Map<string, number[]>();
  ranked.forEach((id, place) => places.set(id, [...(places.get(id) ?? []), place]));
  // Groups share no session, so their sizes, hits and gains add: the product over all keys is never expanded.
  let total: Map<number, Totals> = new Map([[0, { hits: 0, dcg: 0, positions: [] }]]);
  for (const group of groups(evidence)) total = combine(total, bySize(choices(group, places)));
  let recall = 0;
  let ndcg = 0;
  for (const [size, { hits, positions }] of total) {
    if (size === 0) continue;
    recall = Math.max(recall, hits / size);
    const ideal = sum(Array.from({ length: Math.min(size, k) }, (_, place) => place));
    if (ideal > 0) ndcg = Math.max(ndcg, sum([...positions].sort((a, b) => a - b)) / ideal);
  }
  return { recall, ndcg };
}

/** Gains in place order, so that the sum is the one a loop over the list makes. */
function sum(places: readonly number[]): number {
  return places.reduce((total, place) => total + gain(place), 0);
}

/** For one number of distinct sessions: most hits, and, apart from it, the best gain and the places it comes from. */
interface Totals {
  hits: number;
  dcg: number;
  positions: readonly number[];
}

function bySize(all: Iterable<Choice>): Map<number, Totals> {
  const sizes = new Map<number, Totals>();
  for (const choice of all) add(sizes, choice.size, choice);
  return sizes;
}

function add(sizes: Map<number, Totals>, size: number, one: Totals): void {
  const known = sizes.get(size);
  if (known === undefined) {
    sizes.set(size, { hits: one.hits, dcg: one.dcg, positions: one.positions });
    return;
  }
  known.hits = Math.max(known.hits, one.hits);
  if (one.dcg > known.dcg) Object.assign(known, { dcg: one.dcg, positions: one.positions });
}

function combine(left: Map<number, Totals>, right: Map<number, Totals>): Map<number, Totals> {
  const out = new Map<number, Totals>();
  for (const [a, x] of left) {
    for (const [b, y] of right) add(out, a + b, { hits: x.hits + y.hits, dcg: x.dcg + y.dcg, positions: [...x.positions, ...y.positions] });
  }
  return out;
}

/** Keys that share sessions, directly or through others, belong together. */
function groups(evidence: readonly Evidence[]): Evidence[][] {
  let out: { keys: Evidence[]; ids: Set<string> }[] = [];
  for (const key of evidence) {
    const touching = out.filter((group) => key.ids.some((id) => group.ids.has(id)));
    out = out.filter((group) => !touching.includes(group));
    out.push({ keys: [...touching.flatMap((group) => group.keys), key], ids: new Set([...touching.flatMap((group) => [...group.ids]), ...key.ids]) });
  }
  return out.map((group) => group.keys);
}

/** All combinations of one group; of alternatives that are neither ranked nor shared one stands for all. */
function choices(group: readonly Evidence[], places: ReadonlyMap<string, readonly number[]>): Choice[] {
  const uses = new Map<string, number>();
  for (const key of group) for (const id of new Set(key.ids)) uses.set(id, (uses.get(id) ?? 0) + 1);
  const options = group.map((key) => {
    const distinct = [...new Set(key.ids)];
    const plain = distinct.find((id) => uses.get(id) === 1 && !places.has(id));
    return distinct.filter((id) => id === plain || places.has(id) || uses.get(id) !== 1);
  });
  const product = options.reduce((total, list) => total * list.length, 1);
  if (product > LIMIT) throw new RangeError(`${group.length} evidence keys share sessions in ${product} combinations, more than ${LIMIT} can be searched`);
  let sets: Set<string>[] = [new Set()];
  for (const list of options) sets = sets.flatMap((set) => list.map((id) => new Set(set).add(id)));
  return sets.map((set) => {
    const hit = [...set].filter((id) => places.has(id));
    const positions = hit.flatMap((id) => places.get(id) ?? []).sort((a, b) => a - b);
    return { size: set.size, hits: hit.length, dcg: sum(positions), positions };
  });
}
