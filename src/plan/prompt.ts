import { canonicalJson, isSha256, sha256 } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import { mayHavePartials, partialNames, partialPath, promptEngine } from "./partials.ts";
import { promptMistake } from "./prompt-mistake.ts";
import type { Content, Snapshot } from "./snapshot.ts";

/**
 * A prompt and the partials it can render, transitively; alone, its hash is the file's own. `rendered`: the tool renders it, so that a partial
 * that is not there, or not named literally, and a text that is no Liquid are noted as missing; a command may do with the text what it likes.
 * `good`: was it rendered before, in a cell that was built? Then it is not parsed again.
 */
export async function promptContent(snapshot: Snapshot, label: string, path: string, rendered: boolean, good: (hash: string) => boolean): Promise<Content | undefined> {
  const own = snapshot.file(label, path);
  if (own === undefined) return undefined;
  const text = snapshot.read(path);
  const partials = mayHavePartials(text);
  if (!partials && (!rendered || !/\{[{%]/.test(text) || good(own.hash))) return own;
  const engine = await promptEngine();
  const check = (at: string, source: string): void => {
    const mistake = rendered ? promptMistake(engine, source) : undefined;
    if (mistake !== undefined) snapshot.missing.push({ label, path: `${at}:${mistake.line}:${mistake.column}`, message: mistake.message });
  };
  check(path, text);
  if (!partials) return own;
  const hashes: Record<string, string> = { [path]: own.hash };
  const parts: Content[] = [own];
  const visit = (from: string, source: string): void => {
    const names = partialNames(engine, source);
    if (typeof names === "string") {
      if (rendered) snapshot.missing.push({ label, path: from, message: names });
      return;
    }
    for (const name of names) {
      const partial = partialPath(name);
      if (partial === undefined) {
        if (rendered) snapshot.missing.push({ label, path: from, message: `partial ${JSON.stringify(name)} lies outside prompts/` });
        continue;
      }
      if (Object.hasOwn(hashes, partial)) continue;
      const content = rendered ? snapshot.file(label, partial) : probed(snapshot, partial);
      if (content === undefined) continue;
      hashes[partial] = content.hash;
      parts.push(content);
      const inner = snapshot.read(partial);
      check(partial, inner);
      visit(partial, inner);
    }
  };
  visit(path, text);
  if (Object.keys(hashes).length === 1) return own;
  const bytes = canonicalJson(hashes);
  return { hash: sha256(bytes), bytes: () => bytes, parts };
}

function probed(snapshot: Snapshot, path: string): Content | undefined {
  const hash = snapshot.probe(path);
  return hash && { hash, bytes: () => snapshot.text(path, hash) };
}

/** Hashes of a prompt and the partials it renders, by file, as promptContent lists them; undefined for a prompt's own text. */
export function partialList(text: string): Map<string, Sha256> | undefined {
  return /^\{"[^"]+":"sha256:[0-9a-f]{64}"[,}]/.test(text) ? hashesIn(text) : undefined;
}

function hashesIn(text: string): Map<string, Sha256> | undefined {
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return entries.every((entry): entry is [string, Sha256] => isSha256(entry[1])) ? new Map(entries) : undefined;
  } catch {
    return undefined; // a prompt that begins like a list
  }
}
