/** Digits after the point that tell two numbers apart: four places in all of what is large, three below ten; more only where the two would look alike. */
export function digitsOf(before: number | null, after: number | null): number {
  const [a, b] = [before ?? 0, after ?? 0];
  const size = Math.max(Math.abs(a), Math.abs(b));
  let digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  while (a !== b && digits < 9 && a.toFixed(digits) === b.toFixed(digits)) digits++;
  return digits;
}

/** Are these counts? A score of 0 or 1 is a mean like any other. */
export const areWhole = (...values: (number | null)[]): boolean => values.every((value) => value === null || Number.isInteger(value)) && values.some((value) => Math.abs(value ?? 0) > 1);

/** `["4", "5"]`, `[".250", "1.000"]`, `["none", "12,346"]`. */
export function bothTexts(before: number | null, after: number | null, whole = areWhole(before, after)): [before: string, after: string] {
  const digits = whole ? 0 : digitsOf(before, after);
  const text = (value: number | null): string => (value === null ? "none" : decimals(value, digits));
  return [text(before), text(after)];
}

/** `+.100`, `-.020`, `.000`. */
export function signed(value: number, digits: number): string {
  const text = decimals(value, digits);
  return /^-?[.0]+$/.test(text) ? text.replace("-", "") : value > 0 ? `+${text}` : text;
}

/** `.031`, `<.001`. */
export const pText = (p: number): string => (p < 0.001 ? "<.001" : decimals(p, 3));

/** Without the zero before the point. */
function decimals(value: number, digits: number): string {
  if (Math.abs(value) >= 1e15) return String(value);
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^(-?)0(?=\.)/, "$1");
}
