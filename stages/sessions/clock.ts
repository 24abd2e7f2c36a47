import type { Random } from "daguerre";

/** First day of the window of the release, and the number of its days: 14 October to 13 November 2024. */
export const WINDOW = { start: "2024-10-14", days: 31 } as const;

const MINUTES_A_DAY = 1440;
const WAKES = 7 * 60;
const SLEEPS = 22 * 60;

/** Gives out moments of the window in waking hours, no two alike: segment ids count a person's sessions by time. */
export class Clock {
  readonly #taken = new Set<number>();

  any(random: Random): number {
    return this.on(random.int(0, WINDOW.days - 1), random);
  }

  on(day: number, random: Random): number {
    let minute = day * MINUTES_A_DAY + random.int(WAKES, SLEEPS - 1);
    // Within the day, so that an order of days holds.
    while (this.#taken.has(minute)) minute = minute % MINUTES_A_DAY >= SLEEPS - 1 ? day * MINUTES_A_DAY + WAKES : minute + 1;
    this.#taken.add(minute);
    return minute;
  }

  /** n distinct days in order. */
  days(n: number, random: Random): number[] {
    return random.sample(Array.from({ length: WINDOW.days }, (_, day) => day), n).sort((a, b) => a - b);
  }
}
