import { readFileSync } from "node:fs";

/** Whole lines typed at a terminal: Enter or r, and q. A line at a time, so that the terminal stays as it is whatever ends the process. */
export function listenToKeys({ again, quit }: { again: () => void; quit: () => void }): () => void {
  const { stdin } = process;
  if (!stdin.isTTY || !inForeground()) return () => {};
  const onData = (text: string): void => {
    for (const line of text.split("\n").slice(0, -1)) {
      if (/^\s*(?:q|quit|exit)\s*$/i.test(line)) quit();
      else if (/^\s*r?\s*$/i.test(line)) again();
    }
  };
  stdin.setEncoding("utf8").on("data", onData);
  return () => {
    stdin.off("data", onData);
    stdin.pause();
  };
}

/** A job in the background that reads from its terminal is stopped by it. */
function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // pid (name) state ppid group session terminal foreground …
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return true; // no Linux: a shell that stops jobs says so
  }
}
