import { canonicalJson, sha256 } from "../store/index.ts";
import { mayHavePartials, partialNames, partialPath, promptEngine } from "./partials.ts";
import type { Content, Snapshot } from "./snapshot.ts";

/**
 * A prompt and the partials it can render, transitively; alone, its hash is the file's own. `rendered`: the tool renders it, so that a partial
 * that is not there, or not named literally, is noted as missing; a command may do with the text what it likes.
 */
export async function promptContent(snapshot: Snapshot, label: string, path: string, rendered: boolean): Promise<Content | undefined> {
  const own = snapshot.file(label, path);
  if (own === undefined) return undefined;
  const text = snapshot.read(path);
  if (!mayHavePartials(text)) return own;
  const engine = await promptEngine();
  const hashes: Record<string, string> = { [path]: own.hash };
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
      const content = rendered ? snapshot.file(label, partial) : { hash: snapshot.probe(partial) };
      if (content?.hash === undefined) continue;
      hashes[partial] = content.hash;
      visit(partial, snapshot.read(partial));
    }
  };
  visit(path, text);
  if (Object.keys(hashes).length === 1) return own;
  const bytes = canonicalJson(hashes);
  return { hash: sha256(bytes), bytes: () => bytes };
}
