import type { Command } from "commander";
import { openProject, UsageError } from "./common.ts";

const SHELLS = ["bash", "zsh", "fish"];

export function completionCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("completion")
    .description("shell completion: source <(dag completion bash)")
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell: string) => {
      if (!SHELLS.includes(shell)) throw new UsageError(`completion is there for bash, zsh and fish, not ${JSON.stringify(shell)}`);
      const tab = await describe(program, []);
      tab.setup("dag", "dag", shell);
      exit(0);
    });
  // What the script asks at every TAB: `dag complete -- <words>`.
  program
    .command("complete", { hidden: true })
    .allowUnknownOption()
    .argument("[words...]")
    .action(async (words: string[]) => {
      const tab = await describe(program, await names());
      tab.parse(words);
      exit(0);
    });
}

/** Stages and cells of the project at hand; none where its pipeline has mistakes. */
async function names(): Promise<string[]> {
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    const project = await openProject();
    return project === undefined ? [] : [...project.graph.byStage.keys(), ...Array.from(project.graph.cells.keys(), String).filter((id) => id.includes("@"))];
  } finally {
    process.stderr.write = write;
  }
}

async function describe(program: Command, targets: readonly string[]) {
  const { default: tab } = await import("@bomb.sh/tab");
  for (const command of program.commands) {
    if (command.name() === "complete") continue;
    const described = tab.command(command.name(), command.description());
    for (const option of command.options) {
      const name = (option.long ?? option.short ?? "").replace(/^-+/, "");
      const values = name === "format" ? ["text", "mermaid", "dot", "svg", "json"] : name === "color" ? ["auto", "always", "never"] : [];
      if (option.required || option.optional) described.option(name, option.description, (complete) => values.forEach((value) => complete(value, "")));
      else described.option(name, option.description);
    }
    for (const argument of command.registeredArguments) {
      const values = argument.name() === "shell" ? SHELLS : /target|cell/.test(argument.name()) ? targets : [];
      described.argument(argument.name(), (complete) => values.forEach((value) => complete(value, "")), argument.variadic);
    }
  }
  return tab;
}
