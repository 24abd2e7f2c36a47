import { sha256, type Sha256 } from "./hash.ts";

/** One file of a directory: `path` is relative, with `/` between its parts. */
export interface ListedFile {
  path: string;
  hash: Sha256;
  bytes: number;
}

/** Order of the UTF-8 bytes of two strings (code-point order), which is not that of UTF-16 code units once surrogates occur. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above U+FFFF, so it sorts after every other unit.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
  }
  return a.length - b.length;
}

/**
 * The listing `sha256sum` (GNU coreutils 9) prints for these files, sorted by byte order of the path. A path holding a backslash, newline or
 * carriage return is escaped as it does: a backslash before the line, and `\\`, `\n`, `\r` in the path.
 */
export function formatListing(files: readonly Pick<ListedFile, "path" | "hash">[]): string {
  let text = "";
  for (const { path, hash } of [...files].sort((a, b) => compareBytes(a.path, b.path))) {
    const escaped = /[\\\n\r]/.test(path) ? path.replace(/[\\\n\r]/g, (c) => (c === "\\" ? "\\\\" : c === "\n" ? "\\n" : "\\r")) : path;
    text += `${escaped === path ? "" : "\\"}${hash.slice(7)}  ${escaped}\n`;
  }
  return text;
}

/** The hash of a directory with these files: that of its listing. */
export function hashListing(files: readonly Pick<ListedFile, "path" | "hash">[]): Sha256 {
  return sha256(formatListing(files));
}

/** One hash for the artifacts of several cells: that of the lines `<hex>  <cell>`, sorted by byte order of the cell. */
export function hashOfBuild(cells: readonly { cell: string; hash: Sha256 }[]): Sha256 {
  return sha256([...cells].sort((a, b) => compareBytes(a.cell, b.cell)).map(({ cell, hash }) => `${hash.slice(7)}  ${cell}\n`).join(""));
}

/** Reads a listing back; undefined unless the text is exactly what formatListing writes, with paths that stay inside the directory. */
export function parseListing(text: string): { path: string; hash: Sha256 }[] | undefined {
  const files: { path: string; hash: Sha256 }[] = [];
  if (text !== "" && !text.endsWith("\n")) return undefined;
  for (const line of text === "" ? [] : text.slice(0, -1).split("\n")) {
    const match = /^(\\?)([0-9a-f]{64}) {2}(.+)$/s.exec(line);
    if (!match) return undefined;
    const written = match[3] as string;
    const path = match[1] === "" ? written : written.replace(/\\([\\nr])/g, (_, c: string) => (c === "n" ? "\n" : c === "r" ? "\r" : "\\"));
    if (!isInside(path)) return undefined;
    files.push({ path, hash: `sha256:${match[2]}` });
  }
  return formatListing(files) === text ? files : undefined;
}

/** True for a relative path with `/` between its parts that cannot leave its directory. */
export function isInside(path: string): boolean {
  if (path.includes("\0") || (process.platform === "win32" && /[:\\]/.test(path))) return false;
  // No part may be empty, `.` or `..`.
  return !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}
