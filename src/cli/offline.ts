import type { Command } from "commander";
import { serve } from "../offline/index.ts";
import type { Misbehaviour } from "../offline/index.ts";
import { common, printJson, UsageError, withCommon } from "./common.ts";

/** `--misbehave` names → fields, with the largest value that makes sense. */
const FAULTS: Record<string, [keyof Misbehaviour, number]> = {
  latency: ["latency", 3_600_000],
  limited: ["limited", 1],
  "retry-after": ["retryAfter", 86_400],
  broken: ["broken", 1],
  reset: ["reset", 1],
  truncated: ["truncated", 1],
  refused: ["refused", 1],
  invalid: ["invalid", 1],
  stream: ["stream", 3_600_000],
  seed: ["seed", Number.MAX_SAFE_INTEGER],
};

export function offlineCommand(program: Command, exit: (code: number) => void): void {
  const offline = withCommon(program.command("offline")).description("the simulator behind provider: offline");
  withCommon(offline.command("serve"))
    .description("serve it on loopback for any OpenAI client: chat, structured output, embeddings, images, files, batches; ends with Ctrl-C")
    .option("--port <n>", "port; 0 takes a free one", "11435")
    .option("--misbehave <faults>", `comma-separated name=value: latency and stream in ms, retry-after in s, shares from 0 to 1 of ${Object.keys(FAULTS).filter((name) => FAULTS[name]?.[1] === 1).join(", ")}, seed`)
    .action(async (options: { port: string; misbehave?: string }) => {
      const port = Number(options.port);
      if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port takes a number from 0 to 65535, not ${JSON.stringify(options.port)}`);
      const server = await serve({ port, misbehave: faultsOf(options.misbehave) }).catch((error: unknown) => {
        throw new UsageError(`cannot serve on port ${port}: ${(error as Error).message}; --port 0 takes a free one`, 1);
      });
      if (common.json) printJson({ event: "serving", url: server.url });
      else process.stdout.write(`serving ${server.url} (a simulator, not a language model)\nuse it: base_url: ${server.url}, any key, any model name; Ctrl-C ends it\n`);
      const code = await new Promise<number>((resolve) => {
        process.once("SIGINT", () => resolve(130));
        process.once("SIGTERM", () => resolve(143));
      });
      const requests = server.requests();
      await server.close();
      if (!common.quiet) process.stderr.write(`answered ${requests} requests\n`);
      exit(code);
    });
}

function faultsOf(text: string | undefined): Misbehaviour {
  const faults: Misbehaviour = {};
  for (const part of text === undefined ? [] : text.split(",")) {
    const [name = "", value = ""] = part.split("=");
    const known = Object.hasOwn(FAULTS, name.trim()) ? FAULTS[name.trim()] : undefined;
    const number = Number(value);
    if (known === undefined) throw new UsageError(`--misbehave knows ${Object.keys(FAULTS).join(", ")}, not ${JSON.stringify(name)}`);
    if (value.trim() === "" || !(number >= 0 && number <= known[1])) throw new UsageError(`--misbehave ${name}: a number from 0 to ${known[1]}, not ${JSON.stringify(value)}`);
    faults[known[0]] = number;
  }
  return faults;
}
