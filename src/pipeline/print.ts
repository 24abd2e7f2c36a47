import type { Diagnostic } from "./types.ts";

/** Widest part of a source line that is shown. */
const WIDEST = 120;

/**
 * A diagnostic for a terminal or log: place, message, the source line with a marker under the span, the hint. Control,
 * bidirectional and invisible characters of the file are shown, not sent. No newline at the end.
 */
export function formatDiagnostic(diagnostic: Diagnostic, color = false): string {
  const paint = (code: string, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { file, line, column, source } = diagnostic;
  const place = file === "" ? "" : `${printable(file)}:${String(line)}:${String(column)}: `;
  const lines = [`${paint("1", place)}${paint("1;31", "error:")} ${paint("1", printable(diagnostic.message))}`];
  if (source !== undefined && source.trim() !== "") {
    const { shown, before, marked } = clip(source, column - 1, diagnostic.length);
    lines.push(`  ${shown}`, `  ${" ".repeat(before)}${paint("1;31", "~".repeat(Math.max(1, marked)))}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`${paint("1;36", "help:")} ${printable(diagnostic.hint, true)}`);
  return lines.join("\n");
}

/** The line around the span, safe to print, and the columns before and under the marker. */
function clip(source: string, at: number, length: number): { shown: string; before: number; marked: number } {
  let start = 0;
  let end = source.length;
  if (end > WIDEST) {
    start = Math.max(0, Math.min(at - 30, end - WIDEST));
    end = Math.min(end, start + WIDEST);
    // Never between the halves of a character.
    if (/^[\udc00-\udfff]/.test(source.slice(start))) start--;
  }
  const head = `${start > 0 ? "…" : ""}${printable(source.slice(start, at))}`;
  const middle = printable(source.slice(at, Math.min(end, at + length)));
  const tail = `${printable(source.slice(Math.min(end, at + length), end))}${end < source.length ? "…" : ""}`;
  return { shown: head + middle + tail, before: width(head), marked: width(middle) };
}

/** Text that cannot steer a terminal or hide: control and format characters as `\\x1b` or `\\u{202e}`, tabs as spaces. */
export function printable(text: string, keepNewlines = false): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (letter) => {
    if (letter === "\t") return "    ";
    if (letter === "\n" && keepNewlines) return letter;
    const code = letter.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** Columns a printable text takes: two for wide East Asian characters and emoji, none for combining marks. */
function width(text: string): number {
  let columns = 0;
  for (const letter of text) columns += /^[\p{Mn}\p{Me}]$/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return columns;
}
