/** A number written with a point or exponent whose value is whole: Python prints 1.0 where JSON.parse leaves 1. */
export class WholeFloat {
  constructor(readonly value: number) {}
}

/** JSON with the order of keys kept (JavaScript moves keys like "12" to the front) and Python's kinds of numbers. */
export type Ordered = null | boolean | number | bigint | WholeFloat | string | Ordered[] | Map<string, Ordered>;

/** Deeper nesting is refused before it can exhaust the stack. */
const DEPTH = 256;

/** JSON that does not parse; the message gives line and column. */
export class JsonSyntaxError extends SyntaxError {
  override name = "JsonSyntaxError";
}

/** Parses JSON (RFC 8259) keeping key order; a repeated key keeps its first place and last value, as in Python. Throws JsonSyntaxError. */
export function orderedJson(text: string): Ordered {
  const reader = new Reader(text.startsWith("\uFEFF") ? text.slice(1) : text);
  return reader.document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
// Control characters must be escaped in JSON.
// eslint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  document(): Ordered {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail("the end of the file");
    return value;
  }

  private value(depth: number): Ordered {
    this.space();
    if (depth > DEPTH) this.fail(`at most ${DEPTH} levels of nesting`);
    switch (this.text[this.at]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.list(depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private object(depth: number): Map<string, Ordered> {
    const out = new Map<string, Ordered>();
    this.at += 1;
    if (this.take("}")) return out;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail("a key in double quotes");
      const key = this.string();
      if (!this.take(":")) this.fail('":"');
      out.set(key, this.value(depth + 1));
    } while (this.take(","));
    if (!this.take("}")) this.fail('"," or "}"');
    return out;
  }

  private list(depth: number): Ordered[] {
    const out: Ordered[] = [];
    this.at += 1;
    if (this.take("]")) return out;
    do out.push(this.value(depth + 1));
    while (this.take(","));
    if (!this.take("]")) this.fail('"," or "]"');
    return out;
  }

  private string(): string {
    STRING.lastIndex = this.at;
    const found = STRING.exec(this.text);
    if (found === null) return this.fail("a closed string with valid escapes");
    this.at = STRING.lastIndex;
    return JSON.parse(found[0]) as string;
  }

  private number(): Ordered {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (found === null) return this.fail("a value");
    this.at = NUMBER.lastIndex;
    const value = Number(found[0]);
    if (found[1] !== undefined || found[2] !== undefined) return Number.isInteger(value) ? new WholeFloat(value) : value;
    return Number.isSafeInteger(value) ? value + 0 : BigInt(found[0]);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) return this.fail("a value");
    this.at += word.length;
    return value;
  }

  private take(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  private fail(expected: string): never {
    const before = this.text.slice(0, this.at);
    const line = before.split("\n").length;
    const column = this.at - before.lastIndexOf("\n");
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 12)) : "the end of the file";
    throw new JsonSyntaxError(`${line}:${column}: expected ${expected}, found ${found}`);
  }
}

/** The same value as plain JSON: objects for Maps, numbers for every kind of number. Keys that look like numbers lose their place. */
export function plainJson(value: Ordered): unknown {
  if (value instanceof WholeFloat) return value.value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (!(value instanceof Map)) return value;
  const out: { [key: string]: unknown } = {};
  for (const [key, part] of value) Object.defineProperty(out, key, { value: plainJson(part), enumerable: true, writable: true, configurable: true });
  return out;
}
