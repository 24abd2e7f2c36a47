import { JsonSyntaxError, orderedJson, type Ordered } from "../json.ts";
import { ReleaseError } from "./layout.ts";

/** Parses a file of a release; a mistake names file, line and column. */
export function parseReleaseFile(text: string, file: string): Ordered {
  try {
    return orderedJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ReleaseError(`${file}:${error.message}`);
    throw error;
  }
}

/** A place in a parsed file, for messages: `eval_info_all.json[2].Name`. */
export class Node {
  constructor(
    readonly value: Ordered | undefined,
    readonly where: string,
  ) {}

  /** The elements of a list. */
  list(): Node[] {
    if (!Array.isArray(this.value)) return this.fail("a list");
    return this.value.map((part, i) => new Node(part, `${this.where}[${i}]`));
  }

  map(): Map<string, Ordered> {
    return this.value instanceof Map ? this.value : this.fail("an object");
  }

  get(key: string): Node {
    return new Node(this.map().get(key), `${this.where}.${key}`);
  }

  string(): string {
    return typeof this.value === "string" ? this.value : this.fail("a string");
  }

  present(): Ordered {
    return this.value === undefined ? this.fail("a value") : this.value;
  }

  private fail(expected: string): never {
    throw new ReleaseError(`${this.where}: expected ${expected}, found ${kind(this.value)}`);
  }
}

function kind(value: Ordered | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return typeof value === "string" ? "a string" : typeof value === "boolean" ? String(value) : "a number";
}
