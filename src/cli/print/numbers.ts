/** Digits after the point that tell two numbers apart: three, more only where three would not. */
export function digitsOf(before: number | null, after: number | null): number {
  const [a, b] = [before ?? 0, after ?? 0];
  let digits = 3;
  while (a !== b && digits < 9 && a.toFixed(digits) === b.toFixed(digits)) digits++;
  return digits;
}

/** `4 → 5`, `.250 → 1.000`, `none → 12,345.678`. */
export function bothText(before: number | null, after: number | null, whole = [before, after].every((value) => value === null || Number.isInteger(value))): string {
  const digits = whole ? 0 : digitsOf(before, after);
  return [before, after].map((value) => (value === null ? "none" : decimals(value, digits))).join(" → ");
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
