import { unchanged } from "./quick.ts";

// Nothing in artifacts or messages depends on where the machine stands.
process.env["TZ"] = "UTC";
const argv = process.argv.slice(2);
if (!(argv[0] === "run" && (await unchanged(argv)))) process.exitCode = await (await import("./program.ts")).main(argv);
