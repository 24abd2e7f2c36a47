import type { Sha256 } from "../store/index.ts";

/** Why a cell is not fresh. Recorded where the decision is made; printers only choose words. */
export type Reason =
  | { kind: "never-built" }
  | { kind: "changed"; label: string; old: Sha256; new: Sha256 }
  | { kind: "added"; label: string; new: Sha256 }
  | { kind: "removed"; label: string; old: Sha256 }
  | { kind: "output-missing"; path: string }
  /** The stage writes elsewhere than it did. */
  | { kind: "output-moved"; from: string; to: string }
  | { kind: "output-edited"; path: string; recorded: Sha256; found: Sha256 }
  /** So many cells of a need will be rebuilt first; `cell` is the first of them. */
  | { kind: "upstream"; cell: string; label: string; count: number }
  | { kind: "not-recorded" }
  | { kind: "forced" }
  | { kind: "failed"; message: string };

const short = (hash: Sha256): string => hash.slice(7, 15);

/** One line, plain text: `prompts.conversation changed 1a2b3c4d → 5e6f7a8b`. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case "never-built":
      return "never built";
    case "changed":
      return `${reason.label} changed ${short(reason.old)} → ${short(reason.new)}`;
    case "added":
      return `${reason.label} added`;
    case "removed":
      return `${reason.label} removed`;
    case "output-missing":
      return `output missing: ${reason.path}`;
    case "output-moved":
      return `output moved ${reason.from} → ${reason.to}`;
    case "output-edited":
      return `output edited: ${reason.path} is ${short(reason.found)}, recorded ${short(reason.recorded)}`;
    case "upstream":
      return `${reason.label}: ${reason.count > 1 ? `${reason.count} cells` : reason.cell} will be rebuilt`;
    case "not-recorded":
      return "not in the lock";
    case "forced":
      return "forced";
    case "failed":
      return `failed last time: ${reason.message}`;
    default:
      return unreachable(reason);
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
