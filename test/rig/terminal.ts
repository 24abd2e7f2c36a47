import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "./project.ts";
import { dagBinary, repository, Running } from "./run.ts";

const python = ["/usr/bin/python3", "/usr/local/bin/python3", "python3"].find((path) => path === "python3" || existsSync(path)) ?? "python3";

/** Can this machine give a pseudo-terminal? Tests that need one skip themselves where not. */
export const hasTerminal = process.platform !== "win32" && spawnSync(python, ["-c", "import pty, os; os.close(pty.openpty()[0])"]).status === 0;

/** dag in a pseudo-terminal of a given size. `stdout` holds what was shown, escape sequences and all. */
export class Terminal extends Running {
  constructor(project: Project, args: readonly string[], { columns = 80, rows = 24, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {}) {
    super([], {
      cwd: project.root,
      env: { ...project.env, TERM: "xterm-256color", ...env },
      command: [python, join(repository, "test/rig/terminal.py"), String(columns), String(rows), process.execPath, dagBinary, ...args],
    });
  }

  /** Types into the terminal: "\u0003" is Ctrl-C. */
  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** What is left on the screen, line by line: carriage returns, cursor movement and erasing applied, colours dropped. */
  screen(): string[] {
    const lines: string[] = [""];
    let row = 0;
    let column = 0;
    // eslint-disable-next-line no-control-regex
    for (const [token, csi] of this.stdout.matchAll(/\u001b\[([0-9;?]*[A-Za-z])|\u001b.|[\s\S]/g)) {
      if (csi !== undefined) {
        const n = Number(/\d+/.exec(csi)?.[0] ?? 1);
        if (csi.endsWith("A")) row = Math.max(0, row - n);
        else if (csi.endsWith("B")) row += n;
        else if (csi.endsWith("G")) column = n - 1;
        else if (csi.endsWith("K")) lines[row] = csi.startsWith("2") ? "" : (lines[row] ?? "").slice(0, column);
        else if (csi.endsWith("J")) { lines[row] = (lines[row] ?? "").slice(0, column); lines.length = row + 1; }
      } else if (token === "\r") column = 0;
      else if (token === "\n") { row += 1; lines[row] ??= ""; }
      else if (!token.startsWith("\u001b")) {
        lines[row] = `${(lines[row] ?? "").slice(0, column).padEnd(column)}${token}${(lines[row] ?? "").slice(column + 1)}`;
        column += 1;
      }
      while (lines.length <= row) lines.push("");
    }
    return lines.map((line) => line.trimEnd());
  }
}
