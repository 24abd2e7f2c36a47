/** A command line up to the cursor, as plain words: quotes and backslashes taken away, nothing expanded. */
export interface Typed {
  /** The last one is the word at the cursor, perhaps empty. */
  words: string[];
  /** The quote that is still open at the cursor. */
  quote: "" | "'" | '"';
}

export function typedWords(line: string): Typed {
  const words: string[] = [];
  let word = "";
  let begun = false;
  let quote: Typed["quote"] = "";
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] ?? "";
    if (quote !== "" ? letter === quote : letter === "'" || letter === '"') {
      quote = quote === "" ? (letter as "'" | '"') : "";
      begun = true;
    } else if (letter === "\\" && quote !== "'") {
      const next = line[++i] ?? "";
      word += quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next;
    } else if (quote === "" && /\s/.test(letter)) {
      if (begun || word !== "") words.push(word);
      word = "";
      begun = false;
    } else word += letter;
  }
  return { words: [...words, word], quote };
}

/** A word as it must stand on a line of bash, inside the quote that is open; undefined where it cannot. */
export function quoted(word: string, quote: Typed["quote"]): string | undefined {
  if (quote === "'") return word.includes("'") ? undefined : word;
  // Within double quotes an interactive bash still takes `!` for its history.
  if (quote === '"') return word.includes("!") ? undefined : word.replace(/["\\$`]/g, "\\$&");
  return word.replace(/[^A-Za-z0-9_@%+=:,./~-]/gu, "\\$&").replace(/^~/, "\\~");
}
