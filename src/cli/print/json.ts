import type { BuildEnd, BuildEvent } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { printJson, printMistakes } from "../common.ts";
import type { Printer } from "./printer.ts";

/** One JSON object per line on stdout; log lines and progress stay out of it, warnings go to stderr too. */
export function jsonPrinter(): Printer {
  return {
    event(event: BuildEvent) {
      switch (event.type) {
        case "cell": {
          const { type, ...rest } = event;
          printJson({ event: type, ...rest });
          break;
        }
        case "warning":
          printJson({ event: "warning", message: event.message });
          process.stderr.write(`warning: ${printable(event.message)}\n`);
          break;
        case "waiting":
          printJson({ event: "waiting", pid: event.pid, host: event.host, command: event.command, since_ms: event.sinceMs });
          break;
        case "log":
          printJson({ event: "log", cell: event.cell, ...(event.item === undefined ? {} : { item: event.item }), message: event.message });
          break;
        case "planned":
        case "started":
        case "items":
        case "calls":
        case "status":
          break;
        default:
          event satisfies never;
      }
    },
    end(end: BuildEnd) {
      if (end.kind === "missing") {
        printMistakes(end.mistakes);
        return;
      }
      const { kind, ran, restored, fresh, failed, skipped, removed, calls, cost, saved, ledger, ms, message } = end;
      printJson({ event: "done", ok: kind === "done", ran, restored, fresh, failed, skipped, removed, calls, cost, saved, ...(ledger.length === 0 ? {} : { ledger }), ms, ...(kind === "done" || kind === "failed" ? {} : { stopped: kind }), ...(message === undefined ? {} : { message }) });
    },
  };
}
