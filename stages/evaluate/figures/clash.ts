export interface Point {
  x: number;
  y: number;
}

/** Centre and size. */
export interface Box extends Point {
  width: number;
  height: number;
}

/** Lines that run behind somebody they do not join, and words that lie on words: what makes a drawing of a graph unreadable, and crossings, which do less. */
export function clash(names: ReadonlyMap<number, Box>, lines: readonly { a: number; b: number; labels: readonly Box[] }[]): number {
  let sum = 0;
  const labels = lines.flatMap((line) => line.labels);
  const ends = ({ a, b }: { a: number; b: number }): [Point, Point] => [names.get(a) ?? { x: 0, y: 0 }, names.get(b) ?? { x: 0, y: 0 }];
  for (const [i, line] of lines.entries()) {
    const [from, to] = ends(line);
    for (const [node, box] of names) if (node !== line.a && node !== line.b && meets(from, to, box)) sum += 10;
    for (const other of lines.slice(i + 1)) {
      if ([other.a, other.b].some((node) => node === line.a || node === line.b)) continue;
      if (cross(from, to, ...ends(other))) sum += 1;
    }
    for (const other of lines) if (other !== line) for (const label of other.labels) if (meets(from, to, label)) sum += 2;
  }
  for (const [i, label] of labels.entries()) {
    for (const other of labels.slice(i + 1)) if (overlap(label, other)) sum += 5;
    for (const box of names.values()) if (overlap(label, box)) sum += 5;
  }
  return sum;
}

function overlap(a: Box, b: Box): boolean {
  return Math.abs(a.x - b.x) * 2 < a.width + b.width && Math.abs(a.y - b.y) * 2 < a.height + b.height;
}

/** Whether the line from one point to another runs through a box. */
function meets(from: Point, to: Point, box: Box): boolean {
  let [enter, leave] = [0, 1];
  for (const axis of ["x", "y"] as const) {
    const half = (axis === "x" ? box.width : box.height) / 2;
    const [start, step] = [from[axis] - box[axis], to[axis] - from[axis]];
    if (step === 0) {
      if (Math.abs(start) > half) return false;
      continue;
    }
    const [one, two] = [(-half - start) / step, (half - start) / step];
    enter = Math.max(enter, Math.min(one, two));
    leave = Math.min(leave, Math.max(one, two));
  }
  return enter < leave;
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point): number => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}
