import { SchemaViolation } from "./validate.ts";
import type { Named, Validator } from "./validate.ts";

/** Violations told of one artifact. */
const MOST = 5;

/** Gathers what breaks the schema in an artifact that is there as a whole, so that one run tells more than the first. */
export class Misfits {
  private readonly told: string[] = [];
  private checked = true;

  constructor(private readonly validate: Validator | undefined) {}

  /** Checks values; throws where enough have been found, and what is no violation. */
  async check(values: readonly Named[]): Promise<void> {
    for (let rest = values; rest.length > 0; ) {
      try {
        await this.validate?.all(rest);
        return;
      } catch (error) {
        if (!(error instanceof SchemaViolation)) throw error;
        this.told.push(error.message);
        this.checked = error.index !== undefined && this.told.length < MOST;
        if (!this.checked) this.done();
        rest = rest.slice((error.index ?? 0) + 1);
      }
    }
  }

  /** True where something was found: then nothing more needs to be written. */
  get any(): boolean {
    return this.told.length > 0;
  }

  /** Throws one SchemaViolation for all that were found. */
  done(): void {
    if (!this.any) return;
    throw new SchemaViolation([...this.told, ...(this.checked ? [] : ["what comes after was not checked"])].join("\n    "));
  }
}
