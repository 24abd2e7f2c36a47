/** Lines of a text that stand where others stood; either may be none. */
export interface Hunk {
  /** 1-based, in the new text. */
  line: number;
  old: readonly string[];
  new: readonly string[];
}

/** Texts further apart than this are told by their common beginning and end. */
const MOST_EDITS = 4000;

/** Line differences (Myers 1986) of two texts, from top to bottom. */
export async function hunksOf(before: string, after: string): Promise<Hunk[]> {
  if (before === after) return [];
  const [a, b] = [before.split("\n"), after.split("\n")];
  const { diffArrays } = await import("diff");
  const parts = diffArrays(a, b, { maxEditLength: MOST_EDITS });
  if (parts === undefined) return [byEnds(a, b)];
  const hunks: Hunk[] = [];
  let line = 1;
  let open: { line: number; old: string[]; new: string[] } | undefined;
  for (const { added, removed, value, count } of parts) {
    if (!added && !removed) open = undefined;
    else {
      if (open === undefined) hunks.push((open = { line, old: [], new: [] }));
      open[added ? "new" : "old"].push(...value);
    }
    if (!removed) line += count;
  }
  return hunks;
}

function byEnds(a: readonly string[], b: readonly string[]): Hunk {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { line: head + 1, old: a.slice(head, a.length - tail), new: b.slice(head, b.length - tail) };
}

/** Of all hunks of a text together, so many lines of each kind are shown. */
export const MOST_LINES = 4;

/** The first hunks in words, `path:line`, then `- old` and `+ new`: both of each, however long the other is. What is left out is counted. */
export function hunkWords(path: string, hunks: readonly Hunk[], most = MOST_LINES): string[] {
  const first = hunks.slice(0, most);
  const each = Math.max(1, Math.floor(most / first.length));
  const lines: string[] = [];
  let left = hunks.reduce((sum, hunk) => sum + hunk.old.length + hunk.new.length, 0);
  for (const hunk of first) {
    // What one of the two does not need, the other may have.
    const room = (other: readonly string[]): number => Math.max(each, 2 * each - other.length);
    const changed = [...hunk.old.slice(0, room(hunk.new)).map((line) => `- ${line}`), ...hunk.new.slice(0, room(hunk.old)).map((line) => `+ ${line}`)];
    left -= changed.length;
    lines.push(`${path}:${hunk.line}`, ...changed);
  }
  return left === 0 ? lines : [...lines, `… and ${left.toLocaleString("en-US")} more ${left === 1 ? "line" : "lines"}`];
}
