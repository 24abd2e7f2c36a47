const SLOT = /\{([Aa] )?([A-Za-z_]+)\}/g;

/** The value with its English article, by the first letter ("an electrician", "a useful map", "an hour"). */
export function withArticle(words: string): string {
  if (/^(a|an|the) /i.test(words)) return words;
  const vowel = /^(?:[aeio]|u(?!ni|se|su|ti|kr|kulele)|hour|honest|heir|8|11\b|18\b)/i.test(words);
  return `${vowel ? "an" : "a"} ${words}`;
}

/**
 * Fills a template of seeds/taxonomy.json: `{value}`, `{a value}` with an article, any other `{slot}`. A slot with a capital first letter
 * ("{Who}") is the slot in small letters, capitalised. Throws where a slot has no value.
 */
export function fill(template: string, slots: Readonly<Record<string, string>>): string {
  return template.replace(SLOT, (_, article: string | undefined, slot: string) => {
    const small = slot.charAt(0).toLowerCase() + slot.slice(1);
    const words = slots[slot] ?? slots[small];
    if (words === undefined) throw new Error(`no value for {${slot}} in: ${template}`);
    const said = article === undefined ? words : withArticle(words);
    return slot === small && article !== "A " ? said : said.charAt(0).toUpperCase() + said.slice(1);
  });
}
