/** True where the text is a pattern rather than a name. */
export function isGlob(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

/** A glob over names (no folders): `*` any text, `?` one character, `[ab]` `[!a-c]` one of a set, `{a,b}` either. */
export function globToRegExp(glob: string): RegExp | undefined {
  let pattern = "";
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const letter = glob.charAt(at);
    const set = letter === "[" ? /^\[(!|\^)?(\]?[^\]]*)\]/.exec(glob.slice(at)) : null;
    if (letter === "*") {
      while (glob[at + 1] === "*") at++;
      pattern += ".*";
    } else if (letter === "?") pattern += ".";
    else if (set) {
      pattern += `[${set[1] === undefined ? "" : "^"}${(set[2] ?? "").replace(/[\\\][^]/g, "\\$&")}]`;
      at += set[0].length - 1;
    } else if (letter === "{") {
      depth++;
      pattern += "(?:";
    } else if (letter === "}" && depth > 0) {
      depth--;
      pattern += ")";
    } else if (letter === "," && depth > 0) pattern += "|";
    else pattern += letter.replace(/[.*+?^${}()|[\]\\]/, "\\$&");
  }
  try {
    return new RegExp(`^${pattern}$`, "su");
  } catch {
    return undefined;
  }
}
