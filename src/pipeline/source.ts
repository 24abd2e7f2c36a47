import type { Diagnostic } from "./types.ts";

/** Offsets into the text, in UTF-16 code units; `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** A text that mistakes point into: the pipeline file, or an argument of the command line. */
export class Source {
  readonly text: string;
  /** Project-relative; "" for an argument. */
  readonly file: string;
  readonly argument: boolean;
  #starts: number[] | undefined;

  constructor(text: string, file: string, argument = false) {
    this.text = text;
    this.file = file;
    this.argument = argument;
  }

  /** Line and column (1-based, UTF-16 code units) of a span, cut at the end of its first line. */
  locate(span: Span): Pick<Diagnostic, "file" | "line" | "column" | "length"> & { source: string } {
    const starts = this.#lineStarts();
    const at = Math.min(Math.max(span.start, 0), this.text.length);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] ?? 0;
    let end = (starts[low + 1] ?? this.text.length + 1) - 1;
    if (this.text[end - 1] === "\r") end--;
    const source = this.text.slice(start, Math.max(start, end));
    const column = Math.min(at - start, source.length);
    const length = Math.max(1, Math.min(span.end, start + source.trimEnd().length) - at);
    return { file: this.file, line: low + 1, column: column + 1, length, source };
  }

  /** The text of a line, 1-based, without its end. */
  line(number: number): string {
    return this.locate({ start: this.#lineStarts()[number - 1] ?? 0, end: 0 }).source;
  }

  #lineStarts(): number[] {
    if (this.#starts) return this.#starts;
    const starts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
    return (this.#starts = starts);
  }
}

/** Far more than 10,000 stages need; a larger file is not a pipeline. */
const LARGEST = 2 * 1024 * 1024;

/** Bytes of a pipeline file as text, or why they are none. A byte order mark is dropped. */
export function decode(bytes: Uint8Array, file: string): Source | Diagnostic {
  if (bytes.length > LARGEST) {
    return whole(file, `${file} is ${(bytes.length / 1024 / 1024).toFixed(1)} MiB; a pipeline file has at most 2 MiB`, "is it the right file? keep data in files and name them under `files`");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return badByte(bytes, file);
  }
  const source = new Source(text, file);
  // YAML allows tab, LF and CR of the control characters; a file with others is no text.
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0");
    return { ...source.locate({ start: control.index, end: control.index + 1 }), message: `control character U+${code.toUpperCase()} in a text file`, hint: "remove it, or write it as an escape in a quoted text" };
  }
  return source;
}

function badByte(bytes: Uint8Array, file: string): Diagnostic {
  // The decoder does not say where: replacement characters do, up to the first that is not in the file itself.
  const text = new TextDecoder("utf-8").decode(bytes);
  let at = -1;
  const encoder = new TextEncoder();
  for (let from = text.indexOf("\ufffd"); from >= 0; from = text.indexOf("\ufffd", from + 1)) {
    const offset = encoder.encode(text.slice(0, from)).length + (bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0);
    if (bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd) continue;
    at = from;
    break;
  }
  return { ...new Source(text, file).locate({ start: at, end: at + 1 }), message: "the file is not valid UTF-8", hint: "save it as UTF-8" };
}

/** A mistake of the whole file. */
export function whole(file: string, message: string, hint?: string): Diagnostic {
  return { file, line: 1, column: 1, length: 1, message, ...(hint === undefined ? {} : { hint }) };
}
