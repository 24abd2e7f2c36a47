import type { Alias, Document, Node as YamlNode, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Json } from "../stage/index.ts";
import type { Source, Span } from "./source.ts";

/** A value of the file and where it stands. An alias is the very node of its anchor. */
export interface Tree {
  value: Json;
  span: Span;
  /** Of a map, in file order. */
  entries?: Map<string, Entry>;
  /** Of a list. */
  items?: Tree[];
  /** Number of values in it, aliases counted as often as they are used. */
  size: number;
}

export interface Entry {
  /** Of the key. */
  span: Span;
  tree: Tree;
}

/** A text of the file. */
export interface Text {
  text: string;
  span: Span;
}

type Report = (span: Span, message: string, hint?: string) => void;

/** Values that aliases may add: enough to share lists, too few to hurt. */
const MOST_ALIASED = 100_000;
const DEEPEST = 64;
const PREFIX = "tag:yaml.org,2002:";
const KNOWN_TAGS = new Set(["binary", "merge", "omap", "pairs", "set", "timestamp"].map((name) => PREFIX + name));
/** As keys they reach into the prototype of plain objects somewhere, sooner or later. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** Reads one YAML 1.2 document (core schema) as JSON values with their places. Undefined where nothing can be read. */
export async function readTree(source: Source, report: Report): Promise<Tree | undefined> {
  const yaml = await import("yaml");
  let document: Document.Parsed;
  try {
    document = yaml.parseDocument(source.text, {
      version: "1.2",
      schema: "core",
      merge: false,
      strict: true,
      // Checked by the walk, in linear time and with both places.
      uniqueKeys: false,
      prettyErrors: false,
      // "silent" would also silence a second document.
      logLevel: "error",
    });
  } catch (error) {
    report({ start: 0, end: 0 }, error instanceof RangeError ? "the YAML is nested too deeply" : `the YAML cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  for (const problem of [...document.errors, ...document.warnings]) {
    const { message, hint } = wording(problem.code, problem.message);
    report({ start: problem.pos[0], end: problem.pos[1] }, message, hint);
  }
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2") report({ start: 0, end: 0 }, `the file says YAML ${version}; a pipeline is YAML 1.2`, "remove the %YAML line");
  if (document.errors.length > 0) return undefined;
  return new Walk(yaml, source, report).read(document.contents, { start: 0, end: 0 }, 0);
}

function wording(code: string, message: string): { message: string; hint?: string } {
  switch (code) {
    case "MULTIPLE_DOCS":
      return { message: "a second document starts here", hint: 'a pipeline file holds one document: remove the "---"' };
    case "TAB_AS_INDENT":
      return { message: "a tab is used to indent", hint: "YAML indents with spaces" };
    case "TAG_RESOLVE_FAILED":
      return { message: "tags are not used here", hint: "write the plain value" };
    default:
      if (message.includes("call stack")) return { message: "the YAML is nested too deeply" };
      return { message: `YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}` };
  }
}

class Walk {
  readonly #yaml: typeof import("yaml");
  readonly #source: Source;
  readonly #report: Report;
  readonly #anchors = new Map<string, Tree | "open">();
  #aliased = 0;

  constructor(yaml: typeof import("yaml"), source: Source, report: Report) {
    this.#yaml = yaml;
    this.#source = source;
    this.#report = report;
  }

  read(node: YamlNode | null | undefined, place: Span, depth: number): Tree {
    if (!node) return { value: null, span: place, size: 1 };
    const span = node.range ? { start: node.range[0], end: node.range[1] } : place;
    if (depth > DEEPEST) {
      this.#report(span, `nested more than ${String(DEEPEST)} levels deep`);
      return { value: null, span, size: 1 };
    }
    if (this.#yaml.isAlias(node)) return this.#alias(node, span);
    const { anchor, tag } = node as { anchor?: string; tag?: string };
    // Unknown tags are the parser's to report; these it would take.
    if (tag !== undefined && KNOWN_TAGS.has(tag)) this.#report(span, `the tag !!${tag.slice(PREFIX.length)} is not used here`, "write the plain value");
    if (anchor !== undefined) this.#anchors.set(anchor, "open");
    let tree: Tree;
    if (this.#yaml.isMap(node)) tree = this.#map(node, span, depth);
    else if (this.#yaml.isSeq(node)) tree = this.#list(node, span, depth);
    else tree = { value: this.#scalar(node, span), span, size: 1 };
    if (anchor !== undefined) this.#anchors.set(anchor, tree);
    return tree;
  }

  #alias(node: Alias, span: Span): Tree {
    const found = this.#anchors.get(node.source);
    if (found === undefined) this.#report(span, `no anchor &${node.source} stands before this alias`);
    else if (found === "open") this.#report(span, `the alias *${node.source} stands inside its own anchor`);
    else if ((this.#aliased += found.size) > MOST_ALIASED) this.#report(span, `aliases repeat more than ${String(MOST_ALIASED)} values`);
    else return found;
    return { value: null, span, size: 1 };
  }

  #list(node: YAMLSeq, span: Span, depth: number): Tree {
    const items = node.items.map((item) => this.read(item as YamlNode, span, depth + 1));
    return { value: items.map((item) => item.value), span, items, size: total(items) };
  }

  #map(node: YAMLMap, span: Span, depth: number): Tree {
    const entries = new Map<string, Entry>();
    const value: Record<string, Json> = {};
    for (const pair of node.items as Pair<YamlNode | null, YamlNode | null>[]) {
      const at = pair.key?.range ? { start: pair.key.range[0], end: pair.key.range[1] } : span;
      const tree = this.read(pair.value, at, depth + 1);
      const key = this.#key(pair.key, at);
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first !== undefined) {
        this.#report(at, `duplicate key ${JSON.stringify(key)}: it stands at ${this.#placeOf(first.span)} already`, "keys of a map are unique: rename or remove one");
        continue;
      }
      entries.set(key, { span: at, tree });
      value[key] = tree.value;
    }
    return { value, span, entries, size: total([...entries.values()].map((entry) => entry.tree)) };
  }

  #placeOf(span: Span): string {
    const { line, column } = this.#source.locate(span);
    return `${String(line)}:${String(column)}`;
  }

  #key(node: YamlNode | null, span: Span): string | undefined {
    if (!node || !this.#yaml.isScalar(node)) {
      this.#report(span, "a key must be plain text");
      return undefined;
    }
    const key = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    if (key === "<<" && node.type === "PLAIN") this.#report(span, 'merge keys ("<<") are not used here', "share whole values (&name, *name; a key x-… holds what has no other place), or lay entries over with a preset");
    else if (FORBIDDEN_KEYS.has(key)) this.#report(span, `the key ${JSON.stringify(key)} is not allowed`);
    else if (/\p{Surrogate}/u.test(key)) this.#report(span, "the key holds half a character (a lone surrogate)");
    else return key;
    return undefined;
  }

  #scalar(node: Scalar, span: Span): Json {
    const value = node.value;
    if (typeof value === "string") {
      if (/\p{Surrogate}/u.test(value)) this.#report(span, "the text holds half a character (a lone surrogate)");
      return value;
    }
    if (typeof value === "number") {
      if (!Number.isFinite(value)) this.#report(span, `${node.source ?? String(value)} is not a number that JSON can hold`, "quote it if text is meant");
      else if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.eE]/.test(node.source ?? "")) {
        this.#report(span, `${node.source ?? String(value)} is too large to be held exactly`, "quote it to keep every digit");
      } else return Object.is(value, -0) ? 0 : value;
      return 0;
    }
    return typeof value === "boolean" ? value : null;
  }
}

function total(trees: readonly Tree[]): number {
  let sum = 1;
  for (const tree of trees) sum += tree.size;
  return sum;
}

/** The tree as a text, where it is one. */
export function text(tree: Tree | undefined): Text | undefined {
  return tree && typeof tree.value === "string" ? { text: tree.value, span: tree.span } : undefined;
}

/** The texts of a list. */
export function texts(tree: Tree | undefined): Text[] {
  return (tree?.items ?? []).flatMap((item) => text(item) ?? []);
}
