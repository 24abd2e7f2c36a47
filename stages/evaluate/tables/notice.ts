import type { Metrics } from "../metrics.ts";

/** What stands on every table and figure of a report whose answers were simulated; empty where real models answered. */
export function simulationNotice({ simulated }: Pick<Metrics, "simulated">): string {
  return simulated.length === 0 ? "" : `SIMULATED: ${simulated.join(", ")} ${simulated.length === 1 ? "is the offline provider, not a language model" : "are the offline provider, not language models"}.`;
}
