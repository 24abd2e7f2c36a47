import type { BuildEnd, BuildEvent } from "../../build/index.ts";

/** Renders the events of a build. */
export interface Printer {
  event(event: BuildEvent): void;
  /** Called once, when nothing more comes. */
  end(end: BuildEnd): void;
}
