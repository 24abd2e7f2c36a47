import type { Diagnostic } from "./types.ts";
import type { Source, Span } from "./source.ts";

/** More are counted, not listed: nobody reads them, and junk has hundreds of thousands. */
const MOST = 100;

type Hint = string | undefined | (() => string | undefined);

interface Mistake {
  source: Source;
  span: Span;
  message: string;
  hint: Hint;
  secret: boolean;
}

/** Gathers every mistake of a pipeline file and its overrides, so that all are reported at once. */
export class Mistakes {
  readonly #source: Source;
  readonly #list: Mistake[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  get count(): number {
    return this.#list.length;
  }

  /** A mistake in the pipeline file. The hint may be a function: names are compared only for mistakes that are shown. */
  at(span: Span, message: string, hint?: Hint): void {
    this.#list.push({ source: this.#source, span, message, hint, secret: false });
  }

  /** A mistake on a line that may hold a key: the line is not shown. */
  atSecret(span: Span, message: string, hint?: Hint): void {
    this.#list.push({ source: this.#source, span, message, hint, secret: true });
  }

  /** A mistake in another source, such as an argument. */
  in(source: Source, span: Span, message: string, hint?: Hint): void {
    this.#list.push({ source, span, message, hint, secret: false });
  }

  /** In the order of the file (arguments first), each once. */
  diagnostics(): Diagnostic[] {
    const sorted = this.#list
      .map((mistake, index) => ({ mistake, index }))
      .sort((a, b) => rank(a.mistake) - rank(b.mistake) || a.mistake.span.start - b.mistake.span.start || a.index - b.index)
      .map(({ mistake }) => mistake);
    const seen = new Set<string>();
    const distinct = sorted.filter((mistake) => {
      const key = `${String(rank(mistake))} ${String(mistake.span.start)} ${mistake.message}`;
      return !seen.has(key) && seen.add(key);
    });
    const secret = new Set(distinct.filter((mistake) => mistake.secret).map((mistake) => mistake.source.locate(mistake.span).line));
    const shown: Diagnostic[] = distinct.slice(0, MOST).map((mistake) => {
      const { source: line, ...place } = mistake.source.locate(mistake.span);
      const hint = typeof mistake.hint === "function" ? mistake.hint() : mistake.hint;
      const hidden = !mistake.source.argument && secret.has(place.line);
      return { ...place, message: mistake.message, ...(hidden ? {} : { source: line }), ...(hint === undefined ? {} : { hint }) };
    });
    const more = distinct.length - shown.length;
    const last = shown.at(-1);
    if (more > 0 && last) shown.push({ file: last.file, line: last.line, column: last.column, length: 1, message: `and ${String(more)} more mistakes after this one` });
    return shown;
  }
}

function rank(mistake: Mistake): number {
  return mistake.source.argument ? 0 : 1;
}
