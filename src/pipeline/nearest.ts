import { quote } from "./words.ts";

/** Longest text worth comparing: names are short, and the table is quadratic. */
const LONGEST = 100;

/** Damerau-Levenshtein distance (optimal string alignment: a swap of neighbours counts as one edit). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The known name that was probably meant: at most a third of its letters differ. The first of equally near ones. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > LONGEST) return undefined;
  const wanted = name.toLowerCase();
  let found: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    if (candidate === name) continue;
    const limit = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3));
    if (candidate.length > LONGEST || Math.abs(candidate.length - name.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    // "a" for "b" is one edit of one letter: not a likeness.
    if (distance <= limit && distance < Math.max(name.length, candidate.length) && distance < least) {
      least = distance;
      found = candidate;
    }
  }
  return found;
}

/** The hint that goes with an unknown name, where one is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const found = nearest(name, known);
  return found === undefined ? undefined : `did you mean ${quote(found)}?`;
}

/** The known names, for a hint where none is near. */
export function listing(noun: string, names: Iterable<string>): string {
  const list = [...names];
  if (list.length === 0) return `there are no ${noun}`;
  return `known ${noun}: ${list.slice(0, 12).join(", ")}${list.length > 12 ? ", …" : ""}`;
}

/** The hint for an unknown name: the nearest known one, or all of them. */
export function unknownHint(name: string, noun: string, all: Iterable<string>): string {
  const list = [...all];
  const near = nearest(name, list);
  return near === undefined ? listing(noun, list) : `did you mean ${quote(near)}?`;
}
