/** Ranks from 1, ties sharing their average rank. */
export function averageRanks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((x, y) => x.value - y.value);
  const ranks = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && order[end]?.value === order[start]?.value) end += 1;
    for (let i = start; i < end; i += 1) ranks[order[i]?.index ?? 0] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Pearson's r; null where a side has no spread or lengths are below 2. Throws RangeError on unequal lengths. */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  check(x, y);
  const mx = x.reduce((sum, value) => sum + value, 0) / x.length;
  const my = y.reduce((sum, value) => sum + value, 0) / y.length;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  x.forEach((value, i) => {
    const dx = value - mx;
    const dy = (y[i] ?? 0) - my;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  });
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

/** Spearman's rho with average ranks: Pearson's r of the ranks. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  check(x, y);
  return pearson(averageRanks(x), averageRanks(y));
}

/** Kendall's tau-b, corrected for ties (Kendall 1945); null where a side is all ties. Quadratic in the length. */
export function kendallTauB(x: readonly number[], y: readonly number[]): number | null {
  check(x, y);
  let difference = 0;
  let pairsX = 0;
  let pairsY = 0;
  for (let i = 0; i < x.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const dx = Math.sign((x[i] ?? 0) - (x[j] ?? 0));
      const dy = Math.sign((y[i] ?? 0) - (y[j] ?? 0));
      difference += dx * dy;
      pairsX += dx * dx;
      pairsY += dy * dy;
    }
  }
  return pairsX > 0 && pairsY > 0 ? difference / Math.sqrt(pairsX * pairsY) : null;
}

function check(x: readonly number[], y: readonly number[]): void {
  if (x.length !== y.length) throw new RangeError(`lists of ${x.length} and ${y.length} values cannot be correlated`);
}
