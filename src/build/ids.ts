import { hash } from "node:crypto";

/** Words of 32 bits that stand for one id: 127 bits of its SHA-256, so that two ids that agree in them are the same id. */
const WORDS = 4;

/**
 * Ids seen so far; throws on a second one. Records without an id pass where ids are not asked for. At most 46 bytes an id (twice that for a moment, while
 * it grows): an artifact may have tens of millions of records, and a Set of their ids would need more memory than there is, or than a Set can hold.
 */
export class Ids {
  /** Open addressing with linear probing; a slot whose last word is 0 is empty. */
  private slots = new Uint32Array(WORDS * 1024);
  private count = 0;

  check(id: unknown, required: boolean, what: string, more: () => string = () => ""): void {
    if (id === undefined && !required) return;
    if (typeof id !== "string") {
      if (!required) return;
      throw new Error(`${what} has no string "id": return { id: item.id, … }`);
    }
    if (!this.add(id)) throw new Error(`two records have the id ${JSON.stringify(id)}: ids are unique in an artifact${more()}`);
  }

  /** False where the id was there. */
  private add(id: string): boolean {
    const digest = hash("sha256", id, "buffer");
    const mark = Uint32Array.of(digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12) | 1);
    const at = place(this.slots, mark, 0);
    if (this.slots[at + 3] !== 0) return false;
    this.slots.set(mark, at);
    this.count++;
    if (this.count * WORDS > this.slots.length * 0.7) this.grow();
    return true;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Uint32Array(old.length * 2);
    for (let from = 0; from < old.length; from += WORDS) if (old[from + 3] !== 0) this.slots.set(old.subarray(from, from + WORDS), place(this.slots, old, from));
  }
}

/** Where the four words at `from` of `words` lie in a table, or the empty slot where they belong. */
function place(slots: Uint32Array, words: Uint32Array, from: number): number {
  const last = slots.length / WORDS - 1;
  for (let slot = (words[from] ?? 0) & last; ; slot = (slot + 1) & last) {
    const at = slot * WORDS;
    if (slots[at + 3] === 0 || (slots[at] === words[from] && slots[at + 1] === words[from + 1] && slots[at + 2] === words[from + 2] && slots[at + 3] === words[from + 3])) return at;
  }
}
