// A stage under the test's control: says that it has started, then does what the test tells it, and nothing else.
//   node gate.mjs PORT NAME [--stubborn] [OUTPUT [INPUT…]]
// Orders, one a line: {"output":text} · {"copy":true} (the inputs, joined, to the output) · {"say":text} · {"exit":code} ·
// {"spawn":true} (a grandchild, also a gate, named NAME/child; "detached": in a session of its own, holding our stdout)
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";

const [port, name, ...words] = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith("--"));
const [output, ...inputs] = words.filter((word) => !word.startsWith("--"));
if (flags.includes("--stubborn")) for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { socket.write(`${JSON.stringify({ signal })}\n`); });
const socket = connect(Number(port), "127.0.0.1", () => socket.write(`${JSON.stringify({ name, pid: process.pid, cwd: process.cwd() })}\n`));
let rest = "";
socket.setEncoding("utf8");
socket.on("error", () => process.exit(70));
socket.on("close", () => { if (!flags.includes("--stubborn")) process.exit(71); });
socket.on("data", (text) => {
  rest += text;
  const lines = rest.split("\n");
  rest = lines.pop();
  for (const line of lines) obey(JSON.parse(line));
});

function obey(order) {
  try {
    if (order.output !== undefined) writeFileSync(output, order.output);
    if (order.copy) writeFileSync(output, inputs.map((path) => readFileSync(path, "utf8")).join(""));
  } catch (error) {
    order = { ...order, failed: String(error) };
  }
  if (order.say !== undefined) process.stdout.write(order.say);
  if (order.spawn) spawn(process.execPath, [process.argv[1], port, `${name}/child`, ...flags], { stdio: order.detached ? "inherit" : "ignore", detached: Boolean(order.detached) });
  socket.write(`${JSON.stringify({ obeyed: order })}\n`);
  if (order.exit !== undefined) process.exit(order.exit);
}
