import { createHash } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { canonicalJson } from "../../store/index.ts";
import type { Json, Random } from "../../stage/index.ts";

/**
 * A stream of xoroshiro128+ (pure-rand) whose 128-bit state is the head of sha256 over the canonical JSON of the labels:
 * equal labels, equal stream; no stream depends on how many others were drawn before.
 */
export function seededRandom(labels: Json[]): Random {
  const digest = createHash("sha256").update(canonicalJson(labels)).digest();
  const generator = xoroshiro128plusFromState([digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)]);
  const bits = (n: number): number => (generator.next() >>> 0) >>> (32 - n);
  const next = (): number => (bits(26) * 2 ** 27 + bits(27)) / 2 ** 53;
  const below = (n: number): number => Math.floor(next() * n);

  const random: Random = {
    next,
    int: (min, max) => min + below(max - min + 1),
    chance: (p) => next() < p,
    pick: (list) => {
      if (list.length === 0) throw new RangeError("random.pick: the list is empty");
      return list[below(list.length)] as (typeof list)[number];
    },
    weighted: (list, weight) => {
      const weights = list.map(weight);
      const total = weights.reduce((sum, w) => sum + w, 0);
      if (!(total > 0) || !Number.isFinite(total) || weights.some((w) => w < 0)) throw new RangeError("random.weighted: weights must be non-negative with a positive, finite sum");
      let rest = next() * total;
      let last = 0;
      for (const [i, w] of weights.entries()) {
        if (w === 0) continue;
        last = i;
        rest -= w;
        if (rest < 0) break;
      }
      return list[last] as (typeof list)[number];
    },
    sample: (list, n) => random.shuffle(list).slice(0, Math.max(0, n)),
    shuffle: (list) => {
      const copy = [...list];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [copy[i], copy[j]] = [copy[j] as (typeof copy)[number], copy[i] as (typeof copy)[number]];
      }
      return copy;
    },
    // Box–Muller; 1 - next() keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
  return random;
}
