import type { Random } from "../../stage/index.ts";

const ANY = "abcdefghijklmnopqrstuvwxyz0123456789";
const CLASSES: Record<string, string> = { d: "0123456789", w: "abcdefghijklmnopqrstuvwxyz0123456789_", s: " ", D: "abcxyz", W: "-. ", S: ANY };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" };

/**
 * A text a regular expression matches: literals, classes, groups, alternation, quantifiers, anchors. Anything else (look-around,
 * back references, property escapes) makes it undefined; the caller validates and draws again.
 */
export function matching(pattern: string, random: Random): string | undefined {
  let at = 0;
  class Unsupported extends Error {}
  const peek = (): string => pattern[at] ?? "";

  function alternatives(): string {
    const start = random.next();
    const options: string[] = [sequence()];
    while (peek() === "|") {
      at++;
      options.push(sequence());
    }
    return options[Math.floor(start * options.length)] as string;
  }
  function sequence(): string {
    let text = "";
    while (at < pattern.length && peek() !== "|" && peek() !== ")") text += quantified();
    return text;
  }
  function quantified(): string {
    const begin = at;
    const first = atom();
    const end = at;
    const [min, max] = quantifier();
    if (min === 1 && max === 1) return first;
    const after = at;
    let text = "";
    for (let i = random.int(min, max); i > 0; i--) {
      at = begin;
      text += atom();
      if (at !== end) throw new Unsupported();
    }
    at = after;
    return text;
  }
  function quantifier(): [number, number] {
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at));
    let range: [number, number] = [1, 1];
    if (braces !== null) {
      at += braces[0].length;
      const min = Number(braces[1]);
      range = [min, braces[2] === undefined ? min : braces[3] ? Number(braces[3]) : min + 4];
    } else if (peek() === "*" || peek() === "+" || peek() === "?") {
      range = { "*": [0, 4], "+": [1, 5], "?": [0, 1] }[pattern[at++] as "*" | "+" | "?"] as [number, number];
    } else return range;
    if (peek() === "?") at++;
    return [range[0], Math.min(range[1], range[0] + 40)];
  }
  function atom(): string {
    const char = pattern[at++] as string;
    if (char === "^" || char === "$") return "";
    if (char === ".") return random.pick([...ANY]);
    if (char === "(") return group();
    if (char === "[") return characterClass();
    if (char !== "\\") return char;
    const escaped = pattern[at++] ?? "";
    if (escaped === "b" || escaped === "B") return "";
    const of = CLASSES[escaped];
    if (of !== undefined) return random.pick([...of]);
    if (/[0-9pPuxkc]/.test(escaped)) throw new Unsupported();
    return ESCAPES[escaped] ?? escaped;
  }
  function group(): string {
    if (peek() === "?") {
      const kind = /^\?(:|<[A-Za-z_]\w*>)/.exec(pattern.slice(at));
      if (kind === null) throw new Unsupported();
      at += kind[0].length;
    }
    const text = alternatives();
    if (peek() !== ")") throw new Unsupported();
    at++;
    return text;
  }
  function characterClass(): string {
    const negated = peek() === "^";
    if (negated) at++;
    let set = "";
    while (at < pattern.length && peek() !== "]") {
      let from = pattern[at++] as string;
      if (from === "\\") {
        from = pattern[at++] ?? "";
        const of = CLASSES[from];
        if (of !== undefined) {
          set += of;
          continue;
        }
        if (/[pPux]/.test(from)) throw new Unsupported();
        from = ESCAPES[from] ?? from;
      }
      if (peek() === "-" && pattern[at + 1] !== "]" && at + 1 < pattern.length) {
        at++;
        const to = pattern[at++] as string;
        const last = Math.min(to.charCodeAt(0), from.charCodeAt(0) + 255);
        for (let code = from.charCodeAt(0); code <= last; code++) set += String.fromCharCode(code);
      } else set += from;
    }
    at++;
    const choices = negated ? [...ANY].filter((char) => !set.includes(char)) : [...set];
    if (choices.length === 0) throw new Unsupported();
    return random.pick(choices);
  }
  try {
    const text = alternatives();
    return at === pattern.length ? text : undefined;
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}
