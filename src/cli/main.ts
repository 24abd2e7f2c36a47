import { unchanged } from "./quick.ts";

// Nothing in artifacts or messages depends on where the machine stands.
process.env["TZ"] = "UTC";
// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

async function start(argv: readonly string[]): Promise<void> {
  if (argv[0] === "run" && (await unchanged(argv))) return;
  const { main } = await import("./program.ts");
  process.exitCode = await main(argv);
}

void start(process.argv.slice(2));
