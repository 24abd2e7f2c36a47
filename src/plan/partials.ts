/** A file that a prompt renders through `{% render "name" %}`. */
export interface Partial {
  path: string;
  text: string;
}

const tag = /\{%-?\s*(?:render|include|layout)\s+(?:"([^"]+)"|'([^']+)')/g;

/** Partials of a Liquid prompt, transitively, each once. A partial that cannot be read is left to the renderer's error. */
export function promptPartials(text: string, read: (name: string) => { path: string; text: string | undefined }): Partial[] {
  const found = new Map<string, Partial>();
  const walk = (source: string): void => {
    for (const [, double, single] of source.matchAll(tag)) {
      const { path, text: inner } = read(double ?? single ?? "");
      if (inner === undefined || found.has(path)) continue;
      found.set(path, { path, text: inner });
      walk(inner);
    }
  };
  walk(text);
  return [...found.values()];
}
