import type { Random } from "daguerre";

/** Deals the values of a pool like cards: nobody of a community gets what another was dealt until the pool is through, then it is shuffled again. */
export class Deck<T> {
  readonly #pool: readonly T[];
  readonly #random: Random;
  #left: T[] = [];

  constructor(pool: readonly T[], random: Random) {
    this.#pool = pool;
    this.#random = random;
  }

  /** Up to `count` different values that fit, in the order dealt; fewer where the pool has fewer. */
  deal(count: number, fits: (value: T) => boolean = () => true): T[] {
    const dealt: T[] = [];
    for (let round = 0; round < 2 && dealt.length < count; round++) {
      const passed: T[] = [];
      while (dealt.length < count && this.#left.length > 0) {
        const value = this.#left.pop() as T;
        if (fits(value) && !dealt.includes(value)) dealt.push(value);
        else passed.push(value);
      }
      this.#left.push(...passed.reverse());
      if (dealt.length < count) this.#left = [...this.#random.shuffle(this.#pool.filter((value) => !this.#left.includes(value))), ...this.#left];
    }
    return dealt;
  }

  one(fits?: (value: T) => boolean): T | undefined {
    return this.deal(1, fits)[0];
  }
}
