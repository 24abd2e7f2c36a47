import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../rig/run.ts";

/** A fenced block: ```` ```sh walk exit=3 ```` has language "sh", the words after it, and the text inside. */
export interface Block {
  language: string;
  words: string[];
  text: string;
  /** The line of its fence, from 1. */
  line: number;
}

export const page = readFileSync(join(repository, "README.md"), "utf8");

/** The page's fenced blocks, in order. */
export function blocksOf(markdown: string): Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) {
      if (open !== undefined) open.text += `${line}\n`;
    } else if (open === undefined) {
      const [language = "", ...words] = (fence[1] ?? "").trim().split(/\s+/);
      open = { language, words, text: "", line: index + 1 };
    } else {
      found.push(open);
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`README.md:${String(open.line)}: a block without an end`);
  return found;
}

/** Inline code of the prose, without the fenced blocks. */
export function inlineCode(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
}

/** Every `dag …` command line of blocks and prose, as words; comments and what follows a pipe are left out. */
export function commandsOf(markdown: string): string[][] {
  const shell = blocksOf(markdown).filter(({ language }) => language === "sh").flatMap(({ text }) => text.replaceAll(/<<'END'[^]*?^END$/gm, "").split("\n"));
  return [...shell, ...inlineCode(markdown)]
    .map((line) => line.replace(/\s#.*$/, "").trim())
    .filter((line) => /^(npx )?dag( |$)/.test(line))
    .map((line) => (line.split(/ [|>&]/)[0] ?? "").replace(/^npx /, "").split(/\s+/).slice(1));
}
