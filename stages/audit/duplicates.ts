import type { Dossier, Finding } from "./material.ts";

/** Sessions that say the same as another, and things bought twice. */
export function* checkDuplicates({ noise, sessions }: Dossier): Generator<Finding> {
  const lines = new Map<string, string>();
  const titles = new Map<string, string>();
  for (const { id, line, titles: bought } of sessions) {
    const first = lines.get(line);
    if (first !== undefined) yield { check: "duplicate-session", noise, subject: id, detail: `says the same as ${first}` };
    lines.set(line, id);
    for (const title of bought) {
      const key = title.trim().toLowerCase();
      const before = titles.get(key);
      if (before !== undefined) yield { check: "repeated-purchase", noise, subject: id, detail: `${JSON.stringify(title)} was bought in ${before}` };
      titles.set(key, id);
    }
  }
}
