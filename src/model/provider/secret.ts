/** What could be a key in a server's words: it may quote one we do not know of, or part of ours. */
const KEY_LIKE = /\b(sk|pk|rk|key)-[A-Za-z0-9_*.-]{6,}/g;
const USER_INFO = /(\w+:\/\/)[^/\s@]+@/g;

/** A text without credentials: the given secrets, anything that looks like a key, user and password of a URL. */
export function scrub(text: string, secrets: readonly (string | undefined)[]): string {
  let clean = text;
  for (const secret of secrets) clean = scrubKey(clean, secret);
  return clean.replace(KEY_LIKE, "[key]").replace(USER_INFO, "$1");
}

/** A text in which a server quotes our key, without it: as it is, or escaped in JSON (however deep) or in a URL. */
export function scrubKey(text: string, key: string | undefined): string {
  if (key === undefined || key.length < 4) return text;
  return PLAIN.test(key) ? text.replaceAll(key, "[key]") : text.replace(quoted(key), "[key]");
}

/** Letters that nobody escapes: the keys of most vendors. */
const PLAIN = /^[\w.~-]+$/;

const patterns = new Map<string, RegExp>();

function quoted(key: string): RegExp {
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    const letter = (c: string): string => (PLAIN.test(c) ? c : c === "\\" ? "(?:\\\\+|%5C)" : `\\\\*(?:${c.replace(/[^\w\s]/, "\\$&")}|${encodeURIComponent(c)})`);
    patterns.set(key, (pattern = new RegExp([...key].map(letter).join(""), "gi")));
  }
  return pattern;
}
