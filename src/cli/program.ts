import { Command, CommanderError } from "commander";
import { EXIT, explainError, withCommon } from "./common.ts";

declare const __VERSION__: string;

type Register = (program: Command, exit: (code: number) => void) => void;

/** Verb → its file, loaded only when it is asked for (or all, for help). */
const verbs: Record<string, () => Promise<Register>> = {
  run: async () => (await import("./run.ts")).runCommand,
  watch: async () => (await import("./watch.ts")).watchCommand,
  status: async () => (await import("./status.ts")).statusCommand,
  why: async () => (await import("./why.ts")).whyCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  trace: async () => (await import("./trace.ts")).traceCommand,
  graph: async () => (await import("./graph.ts")).graphCommand,
  verify: async () => (await import("./verify.ts")).verifyCommand,
  diff: async () => (await import("./diff.ts")).diffCommand,
  hash: async () => (await import("./hash.ts")).hashCommand,
  cite: async () => (await import("./cite.ts")).citeCommand,
  bundle: async () => (await import("./bundle.ts")).bundleCommand,
  replay: async () => (await import("./replay.ts")).replayCommand,
  report: async () => (await import("./report.ts")).reportCommand,
  init: async () => (await import("./init.ts")).initCommand,
  cache: async () => (await import("./cache.ts")).cacheCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  import: async () => (await import("./import.ts")).importCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  score: async () => (await import("./score.ts")).scoreCommand,
  offline: async () => (await import("./offline.ts")).offlineCommand,
  completion: async () => (await import("./completion.ts")).completionCommand,
};

/** Runs the command line; returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = withCommon(new Command("dag"))
    .description("make for synthetic people: builds persona datasets and benchmarks from one pipeline.yaml")
    .version(__VERSION__, "--version")
    .addHelpText("after", "\nExit codes: 0 done or fresh · 1 something failed · 2 wrong usage or pipeline · 3 out of date · 4 refused (frozen, budget) · 130/143 interrupted");
  const asked = verbOf(argv);
  const needed = asked === undefined || asked === "completion" ? Object.values(verbs) : [verbs[asked]];
  for (const load of needed) (await load?.())?.(program, (value) => void (code = value));
  for (const command of [program, ...program.commands.flatMap((verb) => [verb, ...verb.commands])]) command.exitOverride().showSuggestionAfterError().showHelpAfterError(`(dag ${nameOf(command, program)}--help shows the usage)`);
  try {
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return explainError(error);
  }
  return code;
}

/** `cache gc ` for a verb's own verb, nothing for the program itself. */
function nameOf(command: Command, program: Command): string {
  if (command === program) return "";
  return `${command.parent === null || command.parent === program ? "" : `${command.parent.name()} `}${command.name()} `;
}

/** The verb among the arguments, if it is a known one. */
function verbOf(argv: readonly string[]): string | undefined {
  const valued = new Set(["-C", "-f", "-p", "--preset", "--color"]);
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (valued.has(word)) i++;
    else if (!word.startsWith("-")) return Object.hasOwn(verbs, word) ? word : undefined;
  }
  return undefined;
}
