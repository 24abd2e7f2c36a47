import type { BuildEvent } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { LiveLine, Standing } from "./live.ts";
import { waitingText } from "./words.ts";

/** For a build whose outcome another verb tells: failures, warnings and, on a terminal, where it stands. */
export function progressPrinter(stream: NodeJS.WriteStream, live: boolean, quiet: boolean): { event: (event: BuildEvent) => void; stop: () => void } {
  const standing = new Standing();
  const line = live && !quiet ? new LiveLine(stream, standing) : undefined;
  const say = (text: string): void => {
    line?.clear();
    stream.write(`${text}\n`);
  };
  return {
    event(event: BuildEvent) {
      standing.note(event);
      if (event.type === "cell" && event.outcome === "failed") say(`failed    ${printable(event.cell)}  ${printable(event.message ?? "", true)}`);
      else if (event.type === "warning" && !quiet) say(`warning: ${printable(event.message)}`);
      else if (event.type === "waiting") say(waitingText(event));
    },
    stop: () => line?.stop(),
  };
}
