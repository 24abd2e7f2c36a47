import { resolve } from "node:path";
// Past the doors: a run with nothing to do loads these files and no more.
import { readFreshNote } from "../plan/fresh.ts";
import { summarise } from "../report/summary.ts";

declare const __BUILD__: string;

/** Names the question that a fresh note answers: this build of the tool, asked from here with these arguments. */
export const freshStamp = (argv: readonly string[]): string => `${__BUILD__} ${process.argv[1] ?? ""} ${JSON.stringify([process.cwd(), ...argv])}`;

/** Answers `dag run …` without planning where nothing that the last plan looked at has changed. False: the long way. */
export async function unchanged(argv: readonly string[]): Promise<boolean> {
  const at = argv.indexOf("-C");
  const note = readFreshNote(resolve(at < 0 ? "." : (argv[at + 1] ?? ".")), freshStamp(argv), process.env, ({ path, message }) => {
    if (!argv.includes("--quiet")) process.stderr.write(`warning: ${message.replace(path, "cache/state/fresh.json")}\n`);
  });
  if (note === undefined) return false;
  if (!argv.includes("--quiet")) process.stderr.write(freshText(note.cells));
  await showResults(note.results, process.stdout.isTTY && !process.env["NO_COLOR"] && !argv.includes("--color"));
  return true;
}

/** `more`: what was done all the same. */
export const freshText = (cells: number, more = ""): string => `nothing to do: ${cells === 1 ? "the cell is" : `all ${cells} cells are`} fresh${more}\n`;

/** Prints the tables that directory artifacts bring along. */
export async function showResults(directories: readonly string[], color: boolean): Promise<void> {
  for (const directory of directories) {
    const text = await summarise(directory, { width: process.stdout.columns || 80, color });
    if (text !== undefined) process.stdout.write(`${text.trimEnd()}\n`);
  }
}
