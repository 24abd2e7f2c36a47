import { unchanged } from "./quick.ts";

// Nothing in artifacts or messages depends on where the machine stands.
process.env["TZ"] = "UTC";
// A reader that has seen enough (`| head`) ends nothing: a build goes on, unheard.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.exitCode = 1;
    if (stream === process.stdout) process.stderr.write(`dag: cannot write to standard output: ${error.code === "ENOSPC" ? "the disk is full" : error.message}\n`);
  });

async function start(argv: readonly string[]): Promise<void> {
  if (argv[0] === "run" && (await unchanged(argv))) return;
  const { main } = await import("./program.ts");
  process.exitCode = await main(argv);
}

void start(process.argv.slice(2));
