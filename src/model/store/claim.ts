import { parseOwner, standing } from "../../store/index.ts";

/** A holder that cannot be looked at and has given no sign of life for so long is dead: its claims pass over. */
export const CLAIM_MS = 30_000;
/** How often it gives one. */
export const RENEW_MS = 5_000;

/** Judges the holders of claims: one of this machine by its process, one of another machine or container by whether its sign of life still changes. */
export class Holders {
  private readonly watched = new Map<string, { sign: string; since: number }>();

  constructor(private readonly now: () => number) {}

  /** True where the holder, as its claim writes it, is dead. `sign` reads its sign of life: anything that changes while it lives. */
  dead(holder: string, sign: () => string): boolean {
    const owner = parseOwner(holder);
    if (owner === undefined) return true;
    const stands = standing(owner);
    if (stands !== "elsewhere") return stands === "dead";
    const shown = sign();
    const known = this.watched.get(holder);
    if (known?.sign !== shown) {
      this.watched.set(holder, { sign: shown, since: this.now() });
      return false;
    }
    return this.now() - known.since >= CLAIM_MS;
  }
}
