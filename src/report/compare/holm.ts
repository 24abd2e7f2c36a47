/** Holm's step-down correction (1979): the i-th smallest of m values times m - i, never below the one before; in the order given. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, place) => place).sort((x, y) => (values[x] ?? 1) - (values[y] ?? 1) || x - y);
  const adjusted: number[] = [];
  let least = 0;
  order.forEach((place, rank) => {
    least = Math.max(least, Math.min(1, (values[place] ?? 1) * (values.length - rank)));
    adjusted[place] = least;
  });
  return adjusted;
}
