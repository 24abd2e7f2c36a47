import type { Random } from "daguerre";

const CHOICE = /\[([^[\]|]*(?:\|[^[\]|]*)+)\]/g;

/** Settles every `[a|b|c]` of a seed sentence by one draw each. */
export function vary(text: string, random: Random): string {
  return text.replace(CHOICE, (_, options: string) => random.pick(options.split("|")));
}
