/** What is compared of two personas. */
export interface Comparable {
  background: string;
  traits: readonly string[];
}

/** When two personas are too much alike; `false` in the params turns the check off. */
export interface SimilarityRule {
  /** Rejected where the backgrounds begin with the same word and more than this many traits are shared (the Persona Bank's rule). */
  shared_traits: number;
  /** Rejected where the Jaccard overlap of the backgrounds' words is larger; 0 to 1. */
  word_overlap: number;
}

/** The first of `others` that is too much like the candidate, or undefined. */
export function tooSimilar<T extends Comparable>(candidate: Comparable, others: readonly T[], rule: SimilarityRule): T | undefined {
  const words = wordSet(candidate.background);
  return others.find((other) => {
    const shared = other.traits.filter((trait) => candidate.traits.includes(trait)).length;
    return (shared > rule.shared_traits && firstWord(other.background) === firstWord(candidate.background)) || jaccard(words, wordSet(other.background)) > rule.word_overlap;
  });
}

function firstWord(text: string): string {
  return text.trim().split(/\s+/)[0]?.toLowerCase() ?? "";
}

/** Words of four letters and more: what a text is about. */
function wordSet(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
}

function jaccard(a: Set<string>, b: Set<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  const all = a.size + b.size - common;
  return all === 0 ? 0 : common / all;
}
