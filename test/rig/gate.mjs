// A stage under the test's control: says that it has started, then does what the test tells it, and nothing else.
//   node gate.mjs PORT NAME [--stubborn] [--child]
// Orders, one a line: {"write":path,"text":…} · {"say":text} · {"exit":code} · {"spawn":true} (a grandchild, also a gate, named NAME/child)
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";

const [port, name, ...flags] = process.argv.slice(2);
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
  if (order.write !== undefined) writeFileSync(order.write, order.text);
  if (order.say !== undefined) process.stdout.write(order.say);
  if (order.spawn) spawn(process.execPath, [process.argv[1], port, `${name}/child`, ...flags], { stdio: "ignore", detached: Boolean(order.detached) });
  socket.write(`${JSON.stringify({ obeyed: order })}\n`);
  if (order.exit !== undefined) process.exit(order.exit);
}
