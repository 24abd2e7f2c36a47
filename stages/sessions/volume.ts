import type { Random } from "daguerre";

/** The three kinds of private documents, in reference order. */
export type SessionType = "conversation" | "user_ai_interaction" | "purchase_history";

/** Shares of the kinds among personal and among noise sessions: Table 1 of PersonaBench at noise 0, and what it adds at higher noise. */
export const SHARES: Readonly<Record<"personal" | "noise", Readonly<Record<SessionType, number>>>> = {
  personal: { conversation: 0.782, user_ai_interaction: 0.188, purchase_history: 0.03 },
  noise: { conversation: 0.711, user_ai_interaction: 0.199, purchase_history: 0.09 },
};

/** Sessions of a person with `personal` personal ones at noise ratio r: floor(P / (1 - r)), in doubles as the release has it. */
export function totalSessions(personal: number, noise: number): number {
  if (!(noise >= 0 && noise < 1)) throw new RangeError(`noise ${String(noise)} is not in [0, 1)`);
  return Math.floor(personal / (1 - noise));
}

/** Deals kinds so that every prefix keeps the shares: the kind furthest behind its share among those allowed. */
export class Dealer {
  readonly #shares: Readonly<Record<SessionType, number>>;
  readonly #credit: Record<SessionType, number>;

  constructor(shares: Readonly<Record<SessionType, number>>, random: Random) {
    this.#shares = shares;
    // A random phase: otherwise every person would round the same way.
    this.#credit = { conversation: random.next() - 0.5, user_ai_interaction: random.next() - 0.5, purchase_history: random.next() - 0.5 };
  }

  next(allowed: readonly SessionType[]): SessionType {
    for (const [type, share] of entries(this.#shares)) this.#credit[type] += share;
    const [first, ...rest] = allowed;
    if (first === undefined) throw new RangeError("no kind of session is allowed");
    const chosen = rest.reduce((best, type) => (this.#credit[type] > this.#credit[best] ? type : best), first);
    this.#credit[chosen] -= 1;
    return chosen;
  }
}

function entries(shares: Readonly<Record<SessionType, number>>): [SessionType, number][] {
  return Object.entries(shares) as [SessionType, number][];
}

/** floor(x + u): a whole number whose expectation is x. */
export function around(x: number, random: Random): number {
  return Math.floor(x + random.next());
}
