import { Command, CommanderError } from "commander";
import { EXIT, explainError, withCommon } from "./common.ts";
import { planCommand } from "./plan.ts";
import { runCommand } from "./run.ts";
import { statusCommand } from "./status.ts";

declare const __VERSION__: string;

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const exit = (value: number): void => void (code = value);
  const program = withCommon(new Command("dag"))
    .description("make for synthetic people: builds persona datasets and benchmarks from one pipeline.yaml")
    .version(__VERSION__)
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText("after", "\nExit codes: 0 done or fresh · 1 something failed · 2 wrong usage or pipeline · 3 out of date · 4 refused (frozen, budget) · 130/143 interrupted");
  for (const verb of [runCommand, planCommand, statusCommand]) verb(program, exit);
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError();
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return explainError(error);
  }
  return code;
}

process.exitCode = await main(process.argv.slice(2));
