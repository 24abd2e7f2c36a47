/** What could be a key in a server's words: it may quote one we do not know of, or part of ours. */
const KEY_LIKE = /\b(sk|pk|rk|key)-[A-Za-z0-9_*.-]{6,}/g;
const USER_INFO = /(\w+:\/\/)[^/\s@]+@/g;

/** A text without credentials: the given secrets, anything that looks like a key, user and password of a URL. */
export function scrub(text: string, secrets: readonly (string | undefined)[]): string {
  let clean = text;
  for (const secret of secrets) if (secret !== undefined && secret.length >= 4) clean = clean.replaceAll(secret, "[key]");
  return clean.replace(KEY_LIKE, "[key]").replace(USER_INFO, "$1");
}

/** A text in which a server quotes our key, without it. */
export function scrubKey(text: string, key: string | undefined): string {
  return key !== undefined && key.length >= 4 && text.includes(key) ? text.replaceAll(key, "[key]") : text;
}
