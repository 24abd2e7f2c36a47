/** A seeded stream of uniform integers: sfc32 over a 32-bit state mixed from the seed's characters. Equal seeds give equal streams on every machine. */
export interface Stream {
  /** Uniform integer in [0, n), without bias. n is 1..2^32. */
  below(n: number): number;
  /** Fair coin. */
  flip(): boolean;
}

export function stream(seed: string | number): Stream {
  // FNV-1a with an avalanche, once per word of the state.
  const word = (salt: number): number => {
    let hash = 0x811c9dc5 ^ salt;
    for (const char of String(seed)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  let a = word(1);
  let b = word(2);
  let c = word(3);
  let counter = 1;
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i += 1) next();
  return {
    below(n) {
      const limit = 2 ** 32 - (2 ** 32 % n);
      for (;;) {
        const value = next();
        if (value < limit) return value % n;
      }
    },
    flip: () => (next() & 1) === 1,
  };
}
