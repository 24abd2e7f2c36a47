import { unchanged } from "./quick.ts";

// Nothing in artifacts or messages depends on where the machine stands.
process.env["TZ"] = "UTC";
// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
const argv = process.argv.slice(2);
if (!(argv[0] === "run" && (await unchanged(argv)))) process.exitCode = await (await import("./program.ts")).main(argv);
