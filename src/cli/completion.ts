import type { Command } from "commander";
import { printable } from "../pipeline/index.ts";
import { UsageError } from "./common.ts";
import { complete } from "./complete/candidates.ts";
import { scripts } from "./complete/scripts.ts";
import { quoted, typedWords } from "./complete/typed.ts";

export function completionCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("completion")
    .description("shell completion: source <(dag completion bash)")
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) => {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (script === undefined) throw new UsageError(`completion is there for bash, zsh and fish, not ${JSON.stringify(shell)}`);
      process.stdout.write(script);
      exit(0);
    });
  // What the scripts ask at every TAB: `dag complete -- <words>`, or the line itself where a shell (bash) has cut its words at = and @.
  program
    .command("complete", { hidden: true })
    .allowUnknownOption()
    .option("--line <text>", "the line up to the cursor")
    .option("--typed <text>", "the part at its end that will be replaced")
    .argument("[words...]")
    .action(async (words: string[], { line, typed = "" }: { line?: string; typed?: string }) => {
      process.stdout.write(line === undefined ? await answer(program, words) : await answerLine(program, line, typed));
      exit(0);
    });
}

async function answer(program: Command, words: readonly string[], written: (value: string) => string | undefined = (value) => value): Promise<string> {
  const { candidates, also } = await complete(program, words.length === 0 ? [""] : words);
  const lines = candidates.flatMap(({ value, description }) => {
    const text = written(value);
    // A name with a line break or an escape in it is no name to offer.
    return text === undefined || printable(text) !== text ? [] : [description === undefined || description === "" ? text : `${text}\t${printable(description)}`];
  });
  return `${[...lines, `:${also}`].join("\n")}\n`;
}

function answerLine(program: Command, line: string, typed: string): Promise<string> {
  const { words, quote } = typedWords(line);
  const word = words.at(-1) ?? "";
  const cut = word.length - replaced(word, typed).length;
  return answer(program, words.slice(1), (value) => quoted(value.slice(cut), quote));
}

/** The part of the word that the shell replaces. */
function replaced(word: string, typed: string): string {
  const { words } = typedWords(typed);
  const part = words.at(-1) ?? "";
  return word.endsWith(part) ? part : word;
}
