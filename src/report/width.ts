/** Advance widths of U+0020..U+007E in thousandths of an em, from the `hmtx` tables of DejaVu Sans 2.37; Verdana's differ by a hair, other faces are narrower. */
const REGULAR = advances(
  "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 337 838 838 838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 611 732 684 989 685 611 685 390 337 390 838 500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592 525 636 337 636 838",
);
const BOLD = advances(
  "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 696 400 400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 837 850 733 850 770 720 682 812 774 1103 771 724 725 457 365 457 838 500 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 478 712 652 924 645 652 582 712 365 712 838",
);
/** Punctuation our labels use. */
const OTHER: Record<string, number> = { "·": 318, "…": 1000, "–": 500 };
/** The families those widths hold for, widest first: where none is there, text only gets narrower. */
export const FONT_FAMILY = "'DejaVu Sans', Verdana, Arial, Helvetica, sans-serif";

/** Width of one line of text in user units at a font size; the same on every machine, as no font is asked. */
export function textWidth(text: string, size: number, weight: "regular" | "bold" = "regular"): number {
  const table = weight === "bold" ? BOLD : REGULAR;
  let sum = 0;
  for (const letter of text) sum += table[letter.codePointAt(0) ?? 0] ?? OTHER[letter] ?? (isWide(letter) ? 1000 : 838);
  return (sum * size) / 1000;
}

/** The longest beginning of the text that fits, closed with an ellipsis where something was cut. */
export function fitted(text: string, width: number, size: number, weight: "regular" | "bold" = "regular"): string {
  if (textWidth(text, size, weight) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size, weight) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** Terminal columns of a text: two for wide East Asian letters and emoji, none for combining marks. */
export function columns(text: string): number {
  let sum = 0;
  for (const letter of text) sum += columnsOf(letter);
  return sum;
}

const columnsOf = (letter: string): number => (/\p{Mn}|\p{Me}|\p{Cf}/u.test(letter) ? 0 : isWide(letter) ? 2 : 1);

/** The text cut to a number of terminal columns, with an ellipsis in the last one where something was cut. */
export function cut(text: string, width: number): string {
  let sum = 0;
  let at = 0;
  let end = 0;
  // No further than the cut: the text may be a whole file on one line.
  for (const letter of text) {
    sum += columnsOf(letter);
    if (sum > width) return width < 1 ? "" : `${text.slice(0, end)}…`;
    at += letter.length;
    if (sum < width) end = at;
  }
  return text;
}

/** The text cut in its middle: what tells names apart is often at their ends. */
export function cutMiddle(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const end: string[] = [];
  const letters = [...text];
  for (let letter = letters.pop(); letter !== undefined && columns(`${letter}${end.join("")}`) <= (width - 1) >> 1; letter = letters.pop()) end.unshift(letter);
  return `${cut(text, width - columns(end.join("")))}${end.join("")}`;
}

function isWide(letter: string): boolean {
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(letter);
}

function advances(list: string): number[] {
  const table = new Array<number>(32).fill(0);
  return [...table, ...list.split(" ").map(Number)];
}
