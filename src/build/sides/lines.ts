/** How a text changed: lines added and removed, and the first change of each kind. */
export interface LineChange {
  added: number;
  removed: number;
  /** Of the first change, 1-based, in the new text. */
  line: number;
  old?: string;
  new?: string;
}

/** Texts further apart than this are told by their common beginning and end. */
const MOST_EDITS = 4000;

/** Line differences (Myers 1986) of two texts; undefined where they are equal. */
export async function lineChange(before: string, after: string): Promise<LineChange | undefined> {
  if (before === after) return undefined;
  const [a, b] = [before.split("\n"), after.split("\n")];
  const { diffArrays } = await import("diff");
  const parts = diffArrays(a, b, { maxEditLength: MOST_EDITS });
  if (parts === undefined) return byEnds(a, b);
  let line = 1;
  let added = 0;
  let removed = 0;
  let first: { line: number; old?: string; new?: string } | undefined;
  for (const [at, part] of parts.entries()) {
    if (part.added) added += part.count;
    if (part.removed) removed += part.count;
    if ((part.added || part.removed) && first === undefined) {
      const next = parts[at + 1];
      const pair = part.removed ? { old: part.value[0], new: next?.added === true ? next.value[0] : undefined } : { old: next?.removed === true ? next.value[0] : undefined, new: part.value[0] };
      first = { line, ...(pair.old === undefined ? {} : { old: pair.old }), ...(pair.new === undefined ? {} : { new: pair.new }) };
    }
    if (!part.removed) line += part.count;
  }
  return { added, removed, ...(first ?? { line: 1 }) };
}

function byEnds(a: readonly string[], b: readonly string[]): LineChange {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [old, now] = [a[head], b[head]];
  return { added: b.length - head - tail, removed: a.length - head - tail, line: head + 1, ...(old === undefined ? {} : { old }), ...(now === undefined ? {} : { new: now }) };
}
