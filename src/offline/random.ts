import { createHash } from "node:crypto";
import type { Random } from "../stage/index.ts";

/** A generator seeded by text: xoshiro128** (Blackman and Vigna 2018) over the SHA-256 of the seed. */
export function seededRandom(seed: string): Random {
  const digest = createHash("sha256").update(seed).digest();
  let a = digest.readUInt32LE(0), b = digest.readUInt32LE(4), c = digest.readUInt32LE(8), d = digest.readUInt32LE(12) | 1;

  const word = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a; d ^= b; b ^= c; a ^= d; c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const next = (): number => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError("cannot pick from an empty list");
    return list[int(0, list.length - 1)] as T;
  };
  const sample = <T>(list: readonly T[], n: number): T[] => {
    const rest = [...list];
    const drawn = Math.max(0, Math.min(n, rest.length));
    for (let i = 0; i < drawn; i++) {
      const j = int(i, rest.length - 1);
      [rest[i], rest[j]] = [rest[j] as T, rest[i] as T];
    }
    return rest.slice(0, drawn);
  };
  return {
    next,
    int,
    chance: (p) => next() < p,
    pick,
    weighted: (list, weight) => {
      if (list.length === 0) throw new RangeError("cannot pick from an empty list");
      const total = list.reduce((sum, element) => sum + weight(element), 0);
      let left = next() * total;
      for (const element of list) {
        left -= weight(element);
        if (left < 0) return element;
      }
      return list[list.length - 1] as (typeof list)[number];
    },
    sample,
    shuffle: (list) => sample(list, list.length),
    // Sum of twelve uniforms less six: no logarithm, so equal on every machine.
    normal: () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
  };
}
